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
    /// The rank among relayed addresses: each is different.
    let localPreference: UInt16
}

/// The allocations of a peer: what goes out from a relayed address is wrapped, and what comes from a server unwrapped.
final class RelaySet {
    /// One allocation, and the local address from which its server is reached.
    private final class Relay {
        let base: SocketAddress
        var allocation: Allocation
        /// Beside the allocation, so that they can be read while it is at work.
        var relayed: [SocketAddress] = []
        let server: SocketAddress
        var isSettled = false

        init(_ configuration: Allocation.Configuration, base: SocketAddress, random: RandomSource, at now: Instant) {
            self.base = base
            self.server = configuration.server
            self.allocation = Allocation(configuration: configuration, random: random, at: now)
        }
    }

    /// Allocations on one server, from different local addresses: more would only be more of the same.
    private static let allocationsPerServer = 2
    /// Servers; further ones are ignored.
    private static let maximumServers = 8

    private var bases: [(address: SocketAddress, localPreference: UInt16)] = []
    private var logins: [RelayServerLogin] = []
    private var relays: [Relay] = []
    /// What is to be asked from where, each in its turn.
    private var waiting: [(configuration: Allocation.Configuration, base: SocketAddress)] = []
    private var random: RandomSource
    private var gained: UInt16 = 0
    /// Relayed addresses that went with a local one, and are still to be told.
    private var gone: [SocketAddress] = []
    private var isClosed = false

    init(random: RandomSource) {
        self.random = random
    }

    /// Whether every server has given an address or failed.
    var hasGathered: Bool { self.waiting.isEmpty && self.relays.allSatisfy(\.isSettled) }

    /// Whether `startNext` has something to do.
    var hasWaiting: Bool { !self.waiting.isEmpty }

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
        }
        self.relays.removeAll { $0.base == address }
        self.waiting.removeAll { $0.base == address }
        guard !self.isClosed else { return }
        for login in self.logins {
            self.enqueue(login)
        }
    }

    /// Adds a server.
    func addServer(_ login: RelayServerLogin) {
        guard !self.isClosed, self.logins.count < Self.maximumServers,
            !self.logins.contains(where: { $0.address == login.address })
        else { return }
        self.logins.append(login)
        self.enqueue(login)
    }

    /// Lets a server be asked from each address that it goes with, up to a limit.
    private func enqueue(_ login: RelayServerLogin) {
        let server = login.address
        var count = self.relays.count { $0.allocation.configuration.origin == server }
        count += self.waiting.count { $0.configuration.origin == server }
        for (base, _) in self.bases where count < Self.allocationsPerServer {
            guard server.ip.isIPv4 == base.ip.isIPv4, server.ip.isLoopback == base.ip.isLoopback,
                server.ip.isLinkLocal == base.ip.isLinkLocal,
                !self.relays.contains(where: {
                    $0.base == base && ($0.server == server || $0.allocation.configuration.origin == server)
                }), !self.waiting.contains(where: { $0.configuration.origin == server && $0.base == base })
            else { continue }
            count += 1
            let configuration = Allocation.Configuration(
                server: server,
                username: login.username,
                password: login.password
            )
            self.waiting.append((configuration, base))
        }
    }

    /// Asks the next server that waits for its turn.
    func startNext(at now: Instant) {
        guard !self.isClosed, !self.waiting.isEmpty else { return }
        let (configuration, base) = self.waiting.removeFirst()
        self.relays.append(Relay(configuration, base: base, random: self.random.fork(), at: now))
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
        guard let relay = self.relays.first(where: { $0.server == source && $0.base == local }) else { return false }
        return relay.allocation.handle(datagram, at: now) { peer, payload in
            guard let relayed = relay.relayed.first(where: { $0.ip.isIPv4 == peer.ip.isIPv4 }) else { return }
            deliver(payload, peer, relayed)
        }
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

    /// Fills an empty buffer with what goes to a server next; nil when there is nothing.
    func pollTransmit(into buffer: DatagramBuffer) -> Transmit? {
        for relay in self.relays {
            guard let size = relay.allocation.pollTransmit(into: buffer) else { continue }
            return Transmit(from: relay.base, to: relay.server, segmentSize: size)
        }
        return nil
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
        }
        return events
    }

    private func take(_ event: AllocationEvent, of relay: Relay, at now: Instant) -> [RelayEvent] {
        switch event {
        case .allocated(let grant):
            relay.isSettled = true
            relay.relayed = grant.relayed
            return grant.relayed.map { address in
                self.gained &+= 1
                return .gained(
                    RelayedAddress(
                        address: address,
                        server: relay.server,
                        mapped: grant.mapped,
                        localPreference: .max &- self.gained
                    )
                )
            }
        case .lost, .closed:
            return self.forgetAddresses(of: relay)
        case .failed(let failure):
            relay.isSettled = true
            let lost = self.forgetAddresses(of: relay)
            return self.isServedElsewhere(relay) ? lost : lost + [.failed(relay.server, failure.description)]
        case .redirected(let other, _):
            // The allocation checked that it leads somewhere.
            guard let next = relay.allocation.configuration.redirected(to: other) else { return [] }
            self.relays.removeAll { $0 === relay }
            self.waiting.append((next, relay.base))
            return []
        case .refusedPeer:
            return []
        }
    }

    /// Whether a server gives an address, or may give one, that is asked from another local address.
    private func isServedElsewhere(_ relay: Relay) -> Bool {
        let origin = relay.allocation.configuration.origin
        return self.waiting.contains { $0.configuration.origin == origin }
            || self.relays.contains { other in
                other !== relay && other.server == relay.server && (!other.isSettled || !other.relayed.isEmpty)
            }
    }

    private func forgetAddresses(of relay: Relay) -> [RelayEvent] {
        let gone = relay.relayed
        relay.relayed = []
        return gone.map { .lost($0) }
    }
}
