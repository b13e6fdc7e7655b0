// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Wire

/// What a STUN server saw of a base.
struct ServerMapping: Hashable, Sendable {
    /// The server.
    let server: SocketAddress
    /// The address that it saw.
    let mapped: SocketAddress
}

/// How far the gathering of server-reflexive candidates has come.
package enum GatheringState: String, Hashable, Sendable, CaseIterable {
    /// No server was asked.
    case idle
    /// An answer is awaited.
    case gathering
    /// Each server has answered or failed.
    case complete
}

/// Binding transactions between each base and each STUN server of its family (RFC 8445 §5.1.1.2).
struct Gatherer: Sendable {
    /// A transaction in progress.
    private struct Query: Sendable {
        let transaction: TransactionID
        let bytes: [UInt8]
        var retransmission: Retransmission
    }

    /// One base and one server.
    private struct Binding: Sendable {
        let base: SocketAddress
        let server: SocketAddress
        var isQueued = true
        var query: Query?
        /// Whether it has answered or failed once.
        var isSettled = false
        var mapped: SocketAddress?
        /// When the last answer came, or the last transaction failed.
        var settledAt: Instant?
    }

    private var bindings: [Binding] = []
    private var servers: [SocketAddress] = []
    private var bases: [SocketAddress] = []
    private let keepalive: Duration
    private let timeout: Duration

    /// Creates a gatherer without servers.
    init(timing: ICEAgent.Timing) {
        self.keepalive = timing.serverKeepalive
        self.timeout = timing.initialTimeout
    }

    /// How far it has come.
    var state: GatheringState {
        guard !self.servers.isEmpty, !self.bases.isEmpty else { return .idle }
        return self.bindings.allSatisfy(\.isSettled) ? .complete : .gathering
    }

    /// Whether a new transaction waits for its turn.
    var hasQueued: Bool { self.bindings.contains { $0.isQueued } }

    /// What the servers see of a base, as far as they answered.
    func mappings(of base: SocketAddress) -> [ServerMapping] {
        self.bindings.compactMap { binding in
            guard binding.base == base, let mapped = binding.mapped else { return nil }
            return ServerMapping(server: binding.server, mapped: mapped)
        }
    }

    /// Adds a server, to be asked from each base.
    mutating func add(server: SocketAddress) {
        guard !self.servers.contains(server), self.servers.count < ICELimits.servers else { return }
        self.servers.append(server)
        for base in self.bases {
            self.bind(base, server)
        }
    }

    /// Adds a base, from which each server is asked.
    mutating func add(base: SocketAddress) {
        self.bases.append(base)
        for server in self.servers {
            self.bind(base, server)
        }
    }

    /// Forgets a base.
    mutating func remove(base: SocketAddress) {
        self.bases.removeAll { $0 == base }
        self.bindings.removeAll { $0.base == base }
    }

    private mutating func bind(_ base: SocketAddress, _ server: SocketAddress) {
        guard server.port != 0, server.ip.isIPv4 == base.ip.isIPv4, server.ip.isLoopback == base.ip.isLoopback,
            server.ip.isLinkLocal == base.ip.isLinkLocal
        else { return }
        self.bindings.append(Binding(base: base, server: server))
    }
}

// MARK: - Transactions

extension Gatherer {
    /// Starts the next transaction that waits for its turn.
    mutating func startNext(at now: Instant, random: inout RandomSource) -> ICETransmit? {
        guard let index = self.bindings.firstIndex(where: \.isQueued) else { return nil }
        let transaction = TransactionID(random: &random)
        let bytes = BindingMessages.serverRequest(transaction)
        self.bindings[index].isQueued = false
        self.bindings[index].query = Query(
            transaction: transaction,
            bytes: bytes,
            retransmission: Retransmission(at: now, timeout: self.timeout)
        )
        return self.transmit(bytes, index)
    }

    /// Takes a response; nil when it belongs to no transaction, else the base whose mappings may have changed.
    ///
    /// When one server sees a new mapping, the others are asked again: theirs is old too.
    mutating func receive(
        _ transaction: TransactionID,
        mapped: SocketAddress?,
        from server: SocketAddress,
        on base: SocketAddress,
        at now: Instant
    ) -> SocketAddress? {
        guard
            let index = self.bindings.firstIndex(where: {
                $0.query?.transaction == transaction && $0.server == server && $0.base == base
            })
        else { return nil }
        let old = self.bindings[index].mapped
        self.settle(index, at: now)
        guard let mapped else { return base }
        self.bindings[index].mapped = mapped
        if let old, old != mapped {
            for other in self.bindings.indices
            where other != index && self.bindings[other].base == base && self.bindings[other].mapped != nil {
                self.bindings[other].isQueued = self.bindings[other].query == nil
            }
        }
        return base
    }

    /// Sends again what is due and gives up what was never answered.
    mutating func advance(at now: Instant) -> [ICETransmit] {
        var transmits: [ICETransmit] = []
        for index in self.bindings.indices {
            guard var query = self.bindings[index].query else { continue }
            switch query.retransmission.advance(at: now) {
            case .wait:
                continue
            case .send:
                self.bindings[index].query = query
                transmits.append(self.transmit(query.bytes, index))
            case .giveUp:
                self.settle(index, at: now)
            }
        }
        return transmits
    }

    /// Queues a request for each base whose binding is about to be forgotten by a NAT.
    mutating func keepAlive(at now: Instant) {
        for (index, due) in self.keepalives where due <= now {
            self.bindings[index].isQueued = true
        }
    }

    /// The network says that a server cannot be reached from a base: it is still asked, but nobody needs to wait for it.
    mutating func noteUnreachable(_ server: SocketAddress, on base: SocketAddress) {
        for index in self.bindings.indices
        where self.bindings[index].base == base && self.bindings[index].server == server {
            self.bindings[index].isSettled = true
        }
    }

    /// When `advance` has something to do, or `keepAlive` where that is wanted.
    func deadline(keepingAlive: Bool) -> Instant? {
        var deadline: Instant?
        for binding in self.bindings {
            deadline = earliest(deadline, binding.query?.retransmission.deadline)
        }
        guard keepingAlive else { return deadline }
        for (_, due) in self.keepalives {
            deadline = earliest(deadline, due)
        }
        return deadline
    }

    /// For each base without a transaction, the binding to ask next and when: the one that answered and rested longest.
    private var keepalives: [(index: Int, due: Instant)] {
        var chosen: [SocketAddress: (index: Int, due: Instant)] = [:]
        var order: [SocketAddress] = []
        var isBusy: Set<SocketAddress> = []
        for (index, binding) in self.bindings.enumerated() {
            if binding.isQueued || binding.query != nil {
                isBusy.insert(binding.base)
            }
            guard binding.mapped != nil, let settledAt = binding.settledAt else { continue }
            let due = settledAt + self.keepalive
            if let other = chosen[binding.base] {
                // The base was refreshed when the last of its servers answered; that server is asked last.
                let next = settledAt < (self.bindings[other.index].settledAt ?? .zero) ? index : other.index
                chosen[binding.base] = (next, max(due, other.due))
            } else {
                order.append(binding.base)
                chosen[binding.base] = (index, due)
            }
        }
        return order.filter { !isBusy.contains($0) }.compactMap { chosen[$0] }
    }

    private mutating func settle(_ index: Int, at now: Instant) {
        self.bindings[index].query = nil
        self.bindings[index].isSettled = true
        self.bindings[index].settledAt = now
    }

    private func transmit(_ bytes: [UInt8], _ index: Int) -> ICETransmit {
        ICETransmit(source: self.bindings[index].base, destination: self.bindings[index].server, bytes: bytes)
    }
}
