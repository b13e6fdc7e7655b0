// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CVirtualTime
import DTLS
import Wire

/// Two connections with a network between them, in virtual time.
final class Pair {
    /// A side, as an index into what exists twice.
    enum Side: Int {
        case client
        case server

        var other: Side { self == .client ? .server : .client }
    }

    /// What the network does to a datagram.
    struct Network {
        var loss = 0.0
        var duplication = 0.0
        /// The one-way delay, to which up to `jitter` is added, in milliseconds.
        var delay: UInt64 = 10
        var jitter: UInt64 = 0
    }

    /// A datagram on its way, or one that was.
    struct Flight: Equatable {
        let sender: Side
        let arrival: Instant
        var bytes: [UInt8]
    }

    var client: DTLSConnection
    var server: DTLSConnection
    var now = Instant.zero
    var network: Network
    /// Every datagram that was sent, in order, also the lost ones.
    var trace: [Flight] = []
    /// Decides the fate of a datagram before the network does; nil: lost.
    var tamper: (Flight, Int) -> [Flight] = { flight, _ in [flight] }
    var received: [[[UInt8]]] = [[], []]
    var events: [[DTLSConnection.Event]] = [[], []]

    let clientCertificate: DTLSCertificate
    let serverCertificate: DTLSCertificate

    private var wire: [Flight] = []
    private var random: RandomSource

    init(seed: UInt64 = 1, mtu: Int = 1_200, network: Network = Network()) throws {
        self.clientCertificate = try DTLSCertificate()
        self.serverCertificate = try DTLSCertificate()
        self.client = try DTLSConnection(certificate: self.clientCertificate, role: .client, mtu: mtu)
        self.server = try DTLSConnection(certificate: self.serverCertificate, role: .server, mtu: mtu)
        self.network = network
        self.random = .seeded(seed)
    }

    var isEstablished: Bool { self.client.state == .established && self.server.state == .established }

    var clientTimeout: Instant? { self.client.nextTimeout }

    func start() {
        self.client.start(at: self.now)
        self.server.start(at: self.now)
        self.drain(.client)
        self.drain(.server)
    }

    /// Starts both and runs until both are established, or 60 seconds have passed.
    func connect() {
        self.start()
        self.run(for: .seconds(60)) { self.isEstablished }
    }

    func verify() -> Bool {
        self.client.verifyPeer(self.serverCertificate.fingerprint)
            && self.server.verifyPeer(self.clientCertificate.fingerprint)
    }

    /// Moves time to whatever comes next until the goal is reached or the duration has passed.
    func run(for duration: Duration, until goal: () -> Bool = { false }) {
        let end = self.now + duration
        while !goal() {
            let next = earliest(
                self.wire.map(\.arrival).min(),
                earliest(self.client.nextTimeout, self.server.nextTimeout)
            )
            guard let next, next <= end else {
                self.advance(to: end)
                return
            }
            self.advance(to: max(next, self.now))
            self.deliverArrived()
            self.expire()
        }
    }

    func advance(to instant: Instant) {
        self.now = instant
        icetalk_virtual_time_set(instant.nanoseconds)
    }

    /// Hands bytes to one side as if its peer had sent them.
    func inject(_ bytes: [UInt8], to side: Side) {
        var plaintexts: [[UInt8]] = []
        switch side {
        case .client: try? self.client.handle(bytes.span, at: self.now) { plaintexts.append([UInt8](copying: $0)) }
        case .server: try? self.server.handle(bytes.span, at: self.now) { plaintexts.append([UInt8](copying: $0)) }
        }
        self.received[side.rawValue] += plaintexts
        self.drain(side)
    }

    /// Seals bytes on one side into a datagram of its own.
    func seal(_ bytes: [UInt8], on side: Side) throws -> [UInt8] {
        let buffer = DatagramBuffer()
        switch side {
        case .client: _ = try self.client.seal(bytes.span, into: buffer)
        case .server: _ = try self.server.seal(bytes.span, into: buffer)
        }
        return buffer.bytes
    }

    func expire() {
        self.client.handleTimeout(at: self.now)
        self.drain(.client)
        self.server.handleTimeout(at: self.now)
        self.drain(.server)
    }

    /// Collects events and puts datagrams on the wire.
    func drain(_ side: Side) {
        switch side {
        case .client:
            while let event = self.client.pollEvent() { self.events[0].append(event) }
            while let bytes = self.client.pollHandshakeDatagram() { self.send(bytes, from: .client) }
        case .server:
            while let event = self.server.pollEvent() { self.events[1].append(event) }
            while let bytes = self.server.pollHandshakeDatagram() { self.send(bytes, from: .server) }
        }
    }

    private func send(_ bytes: [UInt8], from side: Side) {
        let flight = Flight(sender: side, arrival: self.now + .milliseconds(self.network.delay), bytes: bytes)
        let index = self.trace.count
        self.trace.append(flight)
        for flight in self.tamper(flight, index) {
            let copies = self.chance(self.network.duplication) ? 2 : 1
            for _ in 0..<copies where !self.chance(self.network.loss) {
                let jitter = self.network.jitter == 0 ? 0 : UInt64.random(in: 0...self.network.jitter, using: &random)
                self.wire.append(
                    Flight(sender: side, arrival: flight.arrival + .milliseconds(jitter), bytes: flight.bytes)
                )
            }
        }
    }

    private func deliverArrived() {
        let arrived = self.wire.filter { $0.arrival <= self.now }
        self.wire.removeAll { $0.arrival <= self.now }
        for flight in arrived {
            self.inject(flight.bytes, to: flight.sender.other)
        }
    }

    private func chance(_ probability: Double) -> Bool {
        probability > 0 && Double.random(in: 0..<1, using: &self.random) < probability
    }
}
