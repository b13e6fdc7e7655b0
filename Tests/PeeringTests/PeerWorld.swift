// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CVirtualTime
import DTLS
import ICE
import Peering
import STUN
import SimulatedNetwork
import Wire

/// Peers on one simulated Internet with two STUN servers, in virtual time; a seed decides everything.
///
/// A world must be used on the thread that made it, since OpenSSL's clock and randomness are the thread's; nor may two
/// worlds be used in turns.
final class PeerWorld {
    /// A STUN server for each family.
    static let servers = [address("198.51.100.1:3478"), address("[2001:db8:ff::1]:3478")]

    private(set) var now = Instant.zero
    var internet: SimulatedInternet
    let switchboard = StreamSwitch()
    var random: RandomSource
    private(set) var sides: [PeerSide] = []
    /// TURN servers; `login(to:)` is good for each.
    private(set) var relays: [RelayServer] = []
    /// Where datagrams of peers went.
    private(set) var destinations: Set<SocketAddress> = []
    /// Peers whose next timeout was not later than the call that should have dealt with it.
    private(set) var spinning: Set<String> = []
    /// The most datagrams that one peer sent at one instant.
    private(set) var largestBurst = 0
    /// What else arrives with each datagram of a peer, as if the peer had sent it.
    var companions: ([UInt8]) -> [[UInt8]] = { _ in [] }
    private let buffer = DatagramBuffer()

    init(seed: UInt64, link: Link = Link()) {
        self.internet = SimulatedInternet(seed: seed, link: link)
        self.random = .seeded(seed &+ 1)
        icetalk_virtual_time_begin(seed)
        icetalk_virtual_time_set(0)
    }

    deinit { icetalk_virtual_time_end() }

    /// Adds a peer, behind a NAT where one is given, with a port on each of its addresses; a name hides them.
    func addSide(
        _ name: String,
        at addresses: String...,
        named hidingName: String? = nil,
        behind nat: Int? = nil,
        usesServers: Bool = true,
        certificate: DTLSCertificate? = nil,
        configure: (inout PeerConnection.Configuration) -> Void = { _ in }
    ) throws -> PeerSide {
        try self.addSide(
            name,
            atAll: addresses,
            named: hidingName,
            behind: nat,
            usesServers: usesServers,
            certificate: certificate,
            configure: configure
        )
    }

    /// The same for a list of addresses.
    func addSide(
        _ name: String,
        atAll addresses: [String],
        named hidingName: String? = nil,
        behind nat: Int? = nil,
        usesServers: Bool = true,
        certificate: DTLSCertificate? = nil,
        configure: (inout PeerConnection.Configuration) -> Void = { _ in }
    ) throws -> PeerSide {
        var configuration = PeerConnection.Configuration(certificate: try certificate ?? DTLSCertificate())
        configure(&configuration)
        let side = PeerSide(
            name: name,
            addresses: addresses.map { SocketAddress(ip($0), port: 5000) },
            usesServers: usesServers,
            connection: PeerConnection(configuration: configuration, random: self.random.fork(), at: self.now)
        )
        self.sides.append(side)
        for (rank, address) in side.addresses.enumerated() {
            if let nat { self.internet.place(address.ip, behind: nat) }
            let preference = 65_535 - UInt16(rank)
            side.connection.addLocalAddress(address, name: hidingName, localPreference: preference, at: self.now)
        }
        for server in Self.servers where usesServers {
            side.connection.addSTUNServer(server, at: self.now)
        }
        self.settle()
        return side
    }

    /// Lets a side listen for, and make, connections on each of its addresses, beside UDP.
    func addTCP(to side: PeerSide) {
        for (rank, address) in side.addresses.enumerated() {
            let listening = SocketAddress(address.ip, port: 6000)
            side.connection.addTCPAddress(listening, localPreference: 65_535 - UInt16(rank), at: self.now)
            self.switchboard.listen(listening, side)
        }
        self.settle()
    }

    /// Gives a side an address.
    func give(_ address: SocketAddress, to side: PeerSide) {
        side.addresses.append(address)
        side.connection.addLocalAddress(address, localPreference: 65_000, at: self.now)
        self.settle()
    }

    /// Takes an address from a side.
    func take(_ address: SocketAddress, from side: PeerSide) {
        side.addresses.removeAll { $0 == address }
        side.connection.removeLocalAddress(address, at: self.now)
        self.settle()
    }

    /// Has a side lose an address, and get another one in the same moment.
    func move(_ side: PeerSide, from old: SocketAddress, to new: SocketAddress) {
        self.take(old, from: side)
        self.give(new, to: side)
    }

    /// Adds a TURN server that relays from its own address.
    func addRelay(at address: String, isStream: Bool = false) -> RelayServer {
        let server = PeeringTests.address(address)
        let relay = RelayServer(at: server, relaying: [server.ip], username: "ann", password: "secret")
        relay.isStream = isStream
        self.relays.append(relay)
        return relay
    }

    /// Lets a side use a TURN server.
    func give(
        _ relay: RelayServer,
        to side: PeerSide,
        over transport: RelayTransport = .udp,
        password: String = "secret"
    ) {
        let login = RelayServerLogin(
            address: relay.address,
            transport: transport,
            username: "ann",
            password: password
        )
        side.connection.addTURNServer(login, at: self.now)
        self.settle()
    }

    /// Puts a NAT at a public address.
    func addNAT(at address: String, _ behaviour: NATBehaviour = .portRestricted) -> Int {
        self.internet.addNAT(at: ip(address), behaviour)
    }

    // MARK: Meeting

    /// Lets every side ask the STUN servers.
    func gather() {
        _ = self.run { self.sides.allSatisfy { $0.connection.hasGathered || !$0.usesServers } }
    }

    /// Gives one side the description of another.
    func introduce(_ other: PeerSide, to side: PeerSide) throws {
        try side.connection.setRemote(other.connection.localDescription, at: self.now)
        self.settle()
    }

    /// Gives each side the other's description.
    func introduce(_ first: PeerSide, _ second: PeerSide) throws {
        try self.introduce(second, to: first)
        try self.introduce(first, to: second)
    }

    /// Lets two sides find each other and waits until data channels can be used.
    func meet(_ first: PeerSide, _ second: PeerSide, limit: Duration = .seconds(60)) throws -> Bool {
        self.gather()
        try self.introduce(first, second)
        return self.run(limit: limit) { first.isEstablished && second.isEstablished }
    }

    /// Puts a datagram on the network, as whoever is at `source` might send it.
    func inject(_ bytes: [UInt8], from source: SocketAddress, to destination: SocketAddress) {
        self.internet.send(bytes, from: source, to: destination, at: self.now)
    }

    // MARK: Time

    /// Lets virtual time pass until the condition holds; false when it did not within `limit`.
    func run(limit: Duration = .seconds(60), until condition: () -> Bool) -> Bool {
        let deadline = self.now + limit
        self.settle()
        while !condition() {
            guard let next = self.nextInstant, next <= deadline else {
                self.advance(to: deadline)
                return condition()
            }
            self.step(to: next)
        }
        return true
    }

    /// Lets virtual time pass.
    func run(for duration: Duration) {
        _ = self.run(limit: duration) { false }
    }

    private var nextInstant: Instant? {
        let arrival = earliest(self.internet.nextArrival, self.switchboard.streams.nextArrival)
        return self.sides.reduce(arrival) { earliest($0, $1.connection.nextTimeout) }
    }

    private func advance(to instant: Instant) {
        self.now = max(self.now, instant)
        icetalk_virtual_time_set(self.now.nanoseconds)
    }

    private func step(to instant: Instant) {
        self.advance(to: instant)
        while let datagram = self.internet.receive(at: self.now) {
            self.deliver(datagram)
        }
        let served = self.switchboard.step(self.relays, at: self.now) { answer in
            self.internet.send(answer.bytes, from: answer.source, to: answer.destination, at: self.now)
        }
        for side in served { self.settle(side) }
        for side in self.sides {
            guard let timeout = side.connection.nextTimeout, timeout <= self.now else { continue }
            side.connection.handleTimeout(at: self.now)
            self.settle(side)
            if let next = side.connection.nextTimeout, next <= self.now { self.spinning.insert(side.name) }
        }
    }

    private func deliver(_ datagram: SimulatedDatagram) {
        for relay in self.relays {
            let answers: [RelayServer.Outgoing]
            if relay.address == datagram.destination {
                answers = relay.take(datagram.bytes, from: datagram.source, at: self.now)
            } else if relay.relays(datagram.destination) {
                answers = relay.relay(datagram.bytes, from: datagram.source, to: datagram.destination, at: self.now)
            } else {
                continue
            }
            for answer in answers where !self.switchboard.deliver(answer, at: self.now) {
                self.internet.send(answer.bytes, from: answer.source, to: answer.destination, at: self.now)
            }
            return
        }
        if Self.servers.contains(datagram.destination) {
            if let answer = BindingServer().answer(datagram.bytes.span, from: datagram.source) {
                self.inject(answer, from: datagram.destination, to: datagram.source)
            }
            return
        }
        for side in self.sides {
            guard let local = side.addresses.first(where: { $0.onTheWire == datagram.destination }) else { continue }
            side.connection.handle(datagram.bytes.span, from: datagram.source, on: local, at: self.now)
            self.settle(side)
            return
        }
    }

    /// Sends what the peers have to send and takes their events.
    func settle() {
        for side in self.sides {
            self.settle(side)
        }
    }

    private func settle(_ side: PeerSide) {
        var burst = 0
        var hasSent = false
        repeat {
            burst += self.drainTransmits(of: side)
            hasSent = self.switchboard.serve(side, at: self.now)
        } while self.drainEvents(of: side) || hasSent
        self.largestBurst = max(self.largestBurst, burst)
    }

    private func drainTransmits(of side: PeerSide) -> Int {
        var count = 0
        while let transmit = side.connection.pollTransmit(into: self.buffer, at: self.now) {
            var start = 0
            while start < self.buffer.count {
                let end = min(start + transmit.segmentSize, self.buffer.count)
                self.send(Array(self.buffer.bytes[start..<end]), transmit, from: side)
                start = end
                count += 1
            }
        }
        return count
    }

    /// Whether there was any: taking a message may widen the receive window, which is told.
    private func drainEvents(of side: PeerSide) -> Bool {
        var hadAny = false
        while side.takesEvents, let event = side.connection.pollEvent(at: self.now) {
            side.take(event, at: self.now)
            hadAny = true
        }
        return hadAny
    }

    private func send(_ bytes: [UInt8], _ transmit: Transmit, from side: PeerSide) {
        switch side.voice {
        case .full: break
        case .checksOnly: guard PacketKind(bytes.span) == .stun else { return }
        case .mute: return
        }
        self.destinations.insert(transmit.destination)
        for datagram in [bytes] + self.companions(bytes) {
            let (source, destination) = (transmit.source.onTheWire, transmit.destination.onTheWire)
            self.internet.send(datagram, from: source, to: destination, at: self.now)
        }
    }
}

extension SocketAddress {
    /// The address as datagrams bear it: a scope is known to its host alone.
    fileprivate var onTheWire: SocketAddress { SocketAddress(self.ip.withoutScope, port: self.port) }
}

/// The address that a text means; tests write no others.
func address(_ text: String) -> SocketAddress {
    SocketAddress(text) ?? SocketAddress(.v4(0), port: 0)
}

/// The IP address that a text means; tests write no others.
func ip(_ text: String) -> IPAddress {
    IPAddress(text) ?? .v4(0)
}
