// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import SimulatedNetwork
import Testing
import Wire

/// A host behind a NAT, or in the open, and servers: the world in which the behaviour of NATs is discovered in virtual time.
struct DiscoveryWorld {
    static let host = IPAddress.v4(0xC0A8_0002)
    static let outside = IPAddress.v4(0xCB00_7102)
    static let sockets = BehaviorDiscovery.Sockets(
        mapping: SocketAddress(Self.host, port: 5_001),
        filtering: SocketAddress(Self.host, port: 5_002),
        neighbour: SocketAddress(Self.host, port: 5_003)
    )

    var internet: SimulatedInternet
    var now = Instant(nanoseconds: 1_000_000_000)
    let servers: [BehaviorServer]
    private let seed: UInt64

    /// A world with these servers; without a behaviour there is no NAT.
    init(_ behaviour: NATBehaviour?, servers: [BehaviorServer] = [Self.server(1)], seed: UInt64 = 1, loss: Double = 0) {
        self.internet = SimulatedInternet(seed: seed, link: Link(loss: loss))
        self.servers = servers
        self.seed = seed
        if let behaviour {
            let box = self.internet.addNAT(at: Self.outside, behaviour)
            self.internet.place(Self.host, behind: box)
        }
    }

    /// A server with addresses of its own.
    static func server(_ number: UInt32) -> BehaviorServer {
        BehaviorServer(
            primary: SocketAddress(.v4(0xC000_0200 + 2 * number), port: 3_478),
            alternate: SocketAddress(.v4(0xC000_0201 + 2 * number), port: 3_479)
        )
    }

    /// A server that tells addresses, and can do nothing else.
    static func plainServer(_ number: UInt32) -> BehaviorServer {
        var server = Self.server(number)
        server.understood = []
        return server
    }

    /// Lets a discovery run to its end.
    mutating func discover() -> BehaviorFindings {
        var discovery = BehaviorDiscovery(
            servers: self.servers.map(\.primary),
            sockets: Self.sockets,
            random: .seeded(self.seed),
            at: self.now
        )
        let start = self.now
        while !discovery.isFinished {
            let buffer = DatagramBuffer()
            while let transmit = discovery.pollTransmit(into: buffer, at: self.now) {
                self.internet.send(buffer.bytes, from: transmit.source, to: transmit.destination, at: self.now)
                buffer.removeAll()
            }
            self.pass(until: discovery.nextTimeout)
            while let datagram = self.receive() {
                discovery.handle(datagram.bytes.span, from: datagram.source, on: datagram.destination, at: self.now)
            }
            if let due = discovery.nextTimeout, due <= self.now { discovery.handleTimeout(at: self.now) }
        }
        #expect(self.now - start <= .seconds(9.5))
        return discovery.findings
    }

    /// Lets the time that a mapping lives be measured, until an instant at most.
    mutating func measureLifetime(until end: Instant = .distantFuture) -> LifetimeDiscovery.Findings {
        let resting = LifetimeDiscovery.waits.indices.map { SocketAddress(Self.host, port: 6_000 + UInt16($0)) }
        var discovery = LifetimeDiscovery(
            server: self.servers[0].primary,
            asking: Self.sockets.mapping,
            resting: resting,
            random: .seeded(self.seed),
            at: self.now
        )
        let start = self.now
        while !discovery.isFinished, self.now < end {
            let buffer = DatagramBuffer()
            while let transmit = discovery.pollTransmit(into: buffer, at: self.now) {
                self.internet.send(buffer.bytes, from: transmit.source, to: transmit.destination, at: self.now)
                buffer.removeAll()
            }
            self.pass(until: earliest(discovery.nextTimeout, end))
            while let datagram = self.receive() {
                discovery.handle(datagram.bytes.span, from: datagram.source, on: datagram.destination, at: self.now)
            }
            if let due = discovery.nextTimeout, due <= self.now { discovery.handleTimeout(at: self.now) }
        }
        #expect(self.now - start <= LifetimeDiscovery.limit)
        return discovery.findings
    }

    /// Moves on to whatever happens next.
    private mutating func pass(until deadline: Instant?) {
        guard let next = earliest(self.internet.nextArrival, deadline) else { return }
        self.now = max(self.now, next)
    }

    /// The next datagram for the host; those for servers are answered.
    private mutating func receive() -> SimulatedDatagram? {
        while let datagram = self.internet.receive(at: self.now) {
            guard let server = self.servers.first(where: { $0.listens(at: datagram.destination) }) else {
                return datagram
            }
            guard let answer = server.take(datagram.bytes, from: datagram.source, to: datagram.destination) else {
                continue
            }
            self.internet.send(answer.bytes, from: answer.source, to: answer.destination, at: self.now)
        }
        return nil
    }
}
