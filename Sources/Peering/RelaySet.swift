// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import TURN
import Wire

/// What became of a relay.
enum RelayEvent {
    /// There is an address on a server.
    case gained(RelayedAddress)
    /// An address on a server is gone.
    case lost(SocketAddress)
    /// A server gives no address, and why.
    case failed(SocketAddress, String)
}

/// An address on a server, as ICE wants to know of it.
struct RelayedAddress {
    let address: SocketAddress
    let server: SocketAddress
    /// Where the server sees us.
    let mapped: SocketAddress?
    /// The rank among relayed addresses: that of each server is different.
    ///
    /// Addresses of both families of one server have the same, since pairs are ranked by the lower candidate (RFC 8445
    /// §6.1.2.3): over two relays of the better family the path would be preferred to one over a single relay.
    let localPreference: UInt16
}

/// The allocations of a peer: what goes out from a relayed address is wrapped, and what comes from a server unwrapped.
final class RelaySet {
    /// Allocations on one server, from different local addresses: more would only be more of the same.
    private static let allocationsPerServer = 2
    /// Servers, each once for each way to reach it; further ones are ignored.
    private static let maximumServers = 16

    private var bases: [(address: SocketAddress, localPreference: UInt16)] = []
    private var logins: [RelayServerLogin] = []
    private var relays: [Relay] = []
    /// What is to be asked from where, each in its turn.
    private var waiting: [(login: RelayServerLogin, base: SocketAddress)] = []
    private let streams: StreamTable
    private var random: RandomSource
    private var gained: UInt16 = 0
    /// Relayed addresses that went with a local one, and are still to be told.
    private var gone: [SocketAddress] = []
    /// Relays that lack a family, which is to be asked for from another port.
    private var incomplete: [(relay: Relay, family: AddressFamily)] = []
    private var isClosed = false

    init(streams: StreamTable, random: RandomSource) {
        self.streams = streams
        self.random = random
    }

    /// Whether every server has given an address or failed.
    var hasGathered: Bool {
        self.waiting.isEmpty && self.incomplete.isEmpty && self.relays.allSatisfy(\.isSettled)
    }

    /// Whether `startNext` has something to do.
    var hasWaiting: Bool { !self.waiting.isEmpty }

    /// Whether a server that is reached over a stream has neither given an address nor failed.
    var awaitsStreams: Bool {
        self.waiting.contains { $0.login.transport.isStream }
            || self.relays.contains { !$0.isSettled && $0.transport.isStream }
    }

    /// Adds a local address.
    func addBase(_ address: SocketAddress, localPreference: UInt16) {
        self.bases.append((address, localPreference))
        self.bases.sort { $0.localPreference > $1.localPreference }
        for login in self.logins {
            self.enqueue(login)
        }
    }

    /// Removes a local address: what was reached from there is asked for from another one.
    func removeBase(_ address: SocketAddress) {
        self.bases.removeAll { $0.address == address }
        for relay in self.relays where relay.base == address {
            self.gone += relay.relayed
            relay.hangUp()
        }
        self.relays.removeAll { $0.base == address }
        self.waiting.removeAll { $0.base == address }
        self.incomplete.removeAll { $0.relay.base == address }
        guard !self.isClosed else { return }
        for login in self.logins {
            self.enqueue(login)
        }
    }

    /// Adds a server.
    func addServer(_ login: RelayServerLogin) {
        guard !self.isClosed, self.logins.count < Self.maximumServers,
            !self.logins.contains(where: { $0.address == login.address && $0.transport.name == login.transport.name })
        else { return }
        self.logins.append(login)
        self.enqueue(login)
    }

    /// Lets a server be asked from each address that it goes with, up to a limit.
    private func enqueue(_ login: RelayServerLogin) {
        let server = login.address
        var count = self.relays.count { $0.serves(login) } + self.waiting.count { $0.login == login }
        for (base, _) in self.bases where count < Self.allocationsPerServer {
            guard server.ip.isIPv4 == base.ip.isIPv4, server.ip.isLoopback == base.ip.isLoopback,
                server.ip.isLinkLocal == base.ip.isLinkLocal, !self.isBusy(login, from: base)
            else { continue }
            count += 1
            self.waiting.append((login, base))
        }
    }

    /// Asks the next server that waits for its turn.
    func startNext(at now: Instant) {
        guard !self.isClosed, !self.waiting.isEmpty else { return }
        let (login, base) = self.waiting.removeFirst()
        let relay = Relay(login, base: base, streams: self.streams, random: self.random.fork(), at: now)
        relay.tendStream()
        self.relays.append(relay)
    }

    /// Whether a server is asked from a local address already; over datagrams, also one to which another sent us.
    private func isBusy(_ login: RelayServerLogin, from base: SocketAddress) -> Bool {
        self.waiting.contains { $0.login == login && $0.base == base }
            || self.relays.contains { relay in
                guard relay.base == base else { return false }
                return relay.serves(login) || (!login.transport.isStream && self.isReached(relay, at: login.address))
            }
    }

    private func isReached(_ relay: Relay, at server: SocketAddress) -> Bool {
        relay.server == server && !relay.transport.isStream
    }
}

// MARK: - The second family

extension RelaySet {
    /// Asks for the family of addresses that a server ignored, in an allocation of its own, which needs a 5-tuple of its own.
    private func supplement(_ relay: Relay, _ grant: AllocationGrant, at now: Instant) {
        guard !self.isClosed, let family = relay.lacking(in: grant),
            !self.relays.contains(where: { $0.isSupplement && $0.login == relay.currentLogin }),
            !self.incomplete.contains(where: { $0.relay.currentLogin == relay.currentLogin })
        else { return }
        if relay.transport.isStream {
            self.supply(family, beside: relay, base: relay.base, at: now)
        } else {
            self.incomplete.append((relay, family))
        }
    }

    /// Has a socket bound to a local address (port 0), for a server that gives addresses of one family alone and is to be asked
    /// for the other; false when none is wanted.
    func supplySocket(at now: Instant, bind: (SocketAddress) -> SocketAddress?) -> Bool {
        guard !self.incomplete.isEmpty else { return false }
        let (relay, family) = self.incomplete.removeFirst()
        if let local = bind(SocketAddress(relay.base.ip, port: 0)), !self.isClosed {
            self.supply(family, beside: relay, base: local, at: now)
        }
        return true
    }

    private func supply(_ family: AddressFamily, beside relay: Relay, base: SocketAddress, at now: Instant) {
        let supplement = Relay(
            relay.currentLogin,
            supplying: family,
            base: base,
            streams: self.streams,
            random: self.random.fork(),
            at: now
        )
        supplement.localPreference = relay.localPreference
        supplement.tendStream()
        self.relays.append(supplement)
    }
}

// MARK: - Datagrams

extension RelaySet {
    /// Whether an address is one of this host, from which datagrams go out as they are.
    func hasBase(_ address: SocketAddress) -> Bool {
        self.bases.contains { $0.address == address }
    }

    /// Takes a datagram if it comes from a server and is for an allocation; data of peers goes to `deliver`, with the peer and
    /// the relayed address.
    ///
    /// - Returns: whether it was taken.
    func handle(
        _ datagram: Span<UInt8>,
        from source: SocketAddress,
        on local: SocketAddress,
        at now: Instant,
        deliver: (_ payload: Span<UInt8>, _ peer: SocketAddress, _ relayed: SocketAddress) -> Void
    ) -> Bool {
        guard let relay = self.relays.first(where: { self.isReached($0, at: source) && $0.base == local }) else {
            return false
        }
        return self.handle(datagram, of: relay, at: now, deliver: deliver)
    }

    /// Takes bytes of a stream from a server; as the method above.
    ///
    /// - Returns: whether the stream is one of these.
    func handle(
        _ bytes: Span<UInt8>,
        of stream: ByteStreamID,
        at now: Instant,
        deliver: (_ payload: Span<UInt8>, _ peer: SocketAddress, _ relayed: SocketAddress) -> Void
    ) -> Bool {
        guard let relay = self.relays.first(where: { $0.owns(stream) }) else { return false }
        return self.handle(bytes, of: relay, at: now, deliver: deliver)
    }

    private func handle(
        _ bytes: Span<UInt8>,
        of relay: Relay,
        at now: Instant,
        deliver: (_ payload: Span<UInt8>, _ peer: SocketAddress, _ relayed: SocketAddress) -> Void
    ) -> Bool {
        defer { relay.tendStream() }
        return relay.allocation.handle(bytes, at: now) { peer, payload in
            guard let relayed = relay.relayed.first(where: { $0.ip.isIPv4 == peer.ip.isIPv4 }) else { return }
            deliver(payload, peer, relayed)
        }
    }

    /// Takes note of what became of a stream; whether it is one of these.
    func handle(_ event: StreamEvent, of stream: ByteStreamID, at now: Instant) -> Bool {
        guard let relay = self.relays.first(where: { $0.owns(stream) }) else { return false }
        relay.handle(event, at: now)
        return true
    }

    /// Hands what goes out from a relayed address to its allocation; it comes out of `pollTransmit`, wrapped.
    ///
    /// What goes out from an address that was lost is dropped. Data gets a channel; checks, of which many lead nowhere, do not.
    func send(_ datagrams: Span<UInt8>, _ transmit: Transmit, at now: Instant) {
        guard let relay = self.relays.first(where: { $0.relayed.contains(transmit.source) }) else { return }
        if PacketKind(datagrams) != .stun {
            relay.allocation.bindChannel(to: transmit.destination, at: now)
        }
        relay.allocation.send(datagrams, segmentSize: transmit.segmentSize, to: transmit.destination, at: now)
    }

    /// Whether what is sent from a relayed address had better wait: the stream to its server does not take it as fast.
    func isCongested(_ relayed: SocketAddress) -> Bool {
        self.relays.contains { $0.transport.isStream && $0.relayed.contains(relayed) && $0.allocation.isCongested }
    }

    /// Fills an empty buffer with what goes to a server next in a datagram; nil when there is nothing.
    func pollTransmit(into buffer: DatagramBuffer) -> Transmit? {
        for relay in self.relays where !relay.transport.isStream {
            guard let size = relay.allocation.pollTransmit(into: buffer) else { continue }
            return Transmit(from: relay.base, to: relay.server, segmentSize: size)
        }
        return nil
    }

    /// Fills an empty buffer with what goes to a server next on a stream; false when there is nothing.
    func pollBytes(of stream: ByteStreamID, into buffer: DatagramBuffer) -> Bool {
        guard let relay = self.relays.first(where: { $0.owns(stream) }) else { return false }
        return relay.allocation.pollTransmit(into: buffer) != nil
    }

    /// Lets all allocations go; false when that was done before.
    func close(at now: Instant) -> Bool {
        guard !self.isClosed else { return false }
        self.isClosed = true
        self.waiting = []
        for relay in self.relays {
            relay.allocation.close(at: now)
        }
        return true
    }
}

// MARK: - Time and events

extension RelaySet {
    /// Runs every timer that has expired.
    func handleTimeout(at now: Instant) {
        for relay in self.relays {
            relay.allocation.handleTimeout(at: now)
            relay.tendStream()
        }
    }

    /// When `handleTimeout` has something to do; nil: never.
    var nextTimeout: Instant? {
        self.relays.reduce(nil) { earliest($0, $1.allocation.nextTimeout) }
    }

    /// What became of the relays since the last time.
    func takeEvents(at now: Instant) -> [RelayEvent] {
        var events: [RelayEvent] = self.gone.map { .lost($0) }
        self.gone = []
        for relay in self.relays {
            while let event = relay.allocation.pollEvent() {
                events += self.take(event, of: relay, at: now)
            }
            relay.tendStream()
        }
        return events
    }

    private func take(_ event: AllocationEvent, of relay: Relay, at now: Instant) -> [RelayEvent] {
        switch event {
        case .allocated(let grant):
            relay.isSettled = true
            relay.relayed = grant.relayed
            if !relay.isSupplement { relay.localPreference = self.nextPreference(relay.transport) }
            self.supplement(relay, grant, at: now)
            return grant.relayed.map { address in
                .gained(
                    RelayedAddress(
                        address: address,
                        server: relay.server,
                        mapped: grant.mapped,
                        localPreference: relay.localPreference
                    )
                )
            }
        case .lost, .closed:
            return self.forgetAddresses(of: relay)
        case .failed(let failure):
            relay.isSettled = true
            let lost = self.forgetAddresses(of: relay)
            guard !relay.isSupplement, !self.isServedElsewhere(relay) else { return lost }
            return lost + [.failed(relay.server, Self.sentence(failure, relay))]
        case .redirected(let other, let domain):
            relay.follow(to: other, domain: domain, random: self.random.fork(), at: now)
            return []
        case .refusedPeer:
            return []
        }
    }

    /// Whether a server gives an address, or may give one, that is asked from another local address.
    private func isServedElsewhere(_ relay: Relay) -> Bool {
        self.waiting.contains { relay.serves($0.login) }
            || self.relays.contains { other in
                other !== relay && other.server == relay.server && other.transport == relay.transport
                    && (!other.isSettled || !other.relayed.isEmpty)
            }
    }

    /// Servers are often asked in several ways, of which one may fail.
    private static func sentence(_ failure: AllocationFailure, _ relay: Relay) -> String {
        relay.transport.isStream ? "over \(relay.transport.name), \(failure)" : failure.description
    }

    /// Relayed addresses on a server that is reached by datagrams come first, then those over TCP, then those over TLS.
    private func nextPreference(_ transport: RelayTransport) -> UInt16 {
        let best: UInt16 =
            switch transport {
            case .udp: 0xFFFF
            case .tcp: 0xBFFF
            case .tls: 0x7FFF
            }
        self.gained = (self.gained + 1) & 0x3FFF
        return best - self.gained
    }

    private func forgetAddresses(of relay: Relay) -> [RelayEvent] {
        let gone = relay.relayed
        relay.relayed = []
        return gone.map { .lost($0) }
    }
}
