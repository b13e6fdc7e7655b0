// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DataChannels
import ICE
import Peering
import SDP
import SimulatedNetwork
import Testing
import Wire

/// ICE over TCP (RFC 6544), as whole peers.
@Suite struct TCPPathTests {
    private func pair(
        seed: UInt64,
        isUDPBlocked: Bool = true
    ) throws -> (world: PeerWorld, ann: PeerSide, bob: PeerSide) {
        let world = PeerWorld(seed: seed)
        let ann = try world.addSide("ann", at: "203.0.113.1", usesServers: false)
        let bob = try world.addSide("bob", at: "203.0.113.2", usesServers: false)
        if isUDPBlocked { world.internet.cut(ip("203.0.113.1"), ip("203.0.113.2")) }
        for side in [ann, bob] { world.addTCP(to: side) }
        return (world, ann, bob)
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `where UDP is blocked peers meet over TCP`(seed: UInt64) throws {
        let (world, ann, bob) = try self.pair(seed: seed)
        #expect(try world.meet(ann, bob, limit: .seconds(5)))
        #expect(ann.path?.description.hasPrefix("direct tcp ") == true)
        #expect(bob.path?.description.hasPrefix("direct tcp ") == true)
        try ImpostorTests.expectTalk(ann, bob, in: world)
        let channel = try #require(ann.opened.last)
        let payload = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
        try ann.connection.send(payload, as: .binary, on: channel, at: world.now)
        #expect(world.run(limit: .seconds(30)) { bob.received.last?.bytes == payload })
        world.run(for: .seconds(120))
        try ImpostorTests.expectTalk(ann, bob, in: world)
        #expect(world.spinning.isEmpty && ann.closeReason == nil)
        ann.connection.close(at: world.now)
        world.settle()
        world.run(for: .seconds(2))
        #expect(bob.closeReason == .remote)
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `where UDP works it is used, and TCP is not`(seed: UInt64) throws {
        let (world, ann, bob) = try self.pair(seed: seed, isUDPBlocked: false)
        #expect(try world.meet(ann, bob, limit: .seconds(5)))
        world.run(for: .seconds(20))
        for side in [ann, bob] { #expect(side.path?.description.hasPrefix("direct udp ") == true) }
    }

    @Test(arguments: [true, false])
    func `it is enough that one side can be connected to`(isAnn: Bool) throws {
        let (world, ann, bob) = try self.pair(seed: 7)
        let deaf = address(isAnn ? "203.0.113.1:6000" : "203.0.113.2:6000")
        world.switchboard.streams.failures[deaf] = .timedOut
        #expect(try world.meet(ann, bob, limit: .seconds(5)))
        try ImpostorTests.expectTalk(ann, bob, in: world)
        // Who connects has a port of its own, at the address of the host.
        let (caller, host) = isAnn ? (ann, "203.0.113.1") : (bob, "203.0.113.2")
        #expect(caller.path?.local.kind == .host && caller.path?.local.address.ip == ip(host))
        #expect(caller.path?.local.address.port != CandidateTransport.activePort)
    }

    @Test func `candidates are told as RFC 6544 has them, below all of UDP`() throws {
        let (_, ann, _) = try self.pair(seed: 8)
        let tcp = ann.candidates.filter(\.transport.isTCP)
        #expect(tcp.map(\.transport) == [.tcp(.active), .tcp(.passive)])
        #expect(tcp.map(\.address.port) == [9, 6000])
        #expect(tcp.map { $0.priority >> 24 } == [90, 90])
        #expect(tcp.map { $0.priority >> 21 & 7 } == [6, 4])
        #expect(tcp[0].attribute.description.hasSuffix(" 9 typ host tcptype active"))
        #expect(tcp[1].attribute.description.contains(" tcp "))
        #expect(tcp.map { Candidate($0.attribute) } == tcp)
    }

    @Test func `a connection that breaks is made anew, and nothing is lost`() throws {
        let (world, ann, bob) = try self.pair(seed: 9)
        #expect(try world.meet(ann, bob, limit: .seconds(5)))
        world.run(for: .seconds(5))
        world.switchboard.breakAll(at: world.now)
        world.run(for: .seconds(25))
        #expect(ann.closeReason == nil && bob.closeReason == nil)
        try ImpostorTests.expectTalk(ann, bob, in: world)
    }

    @Test func `strangers who say nothing authentic are few, and let go`() throws {
        let (world, ann, bob) = try self.pair(seed: 10)
        for number in 0..<20 as Range<UInt16> {
            let source = SocketAddress(ip(number < 10 ? "198.51.100.77" : "198.51.100.78"), port: 1000 + number)
            let end = world.switchboard.connect(from: source, to: address("203.0.113.1:6000"), at: world.now)
            world.switchboard.streams.send([0, 3, 1, 2, 3, 0xFF, 0xFF, 9], from: end, at: world.now)
        }
        world.run(for: .seconds(1))
        #expect(world.switchboard.count(of: ann) == 8)
        world.run(for: .seconds(5))
        #expect(world.switchboard.count(of: ann) == 0)
        #expect(try world.meet(ann, bob, limit: .seconds(5)))
    }

    @Test func `with relays alone no connection is made to the other side, nor taken`() throws {
        let world = PeerWorld(seed: 11)
        let ann = try world.addSide("ann", at: "203.0.113.1") { $0.policy = .relay }
        let bob = try world.addSide("bob", at: "203.0.113.2")
        for side in [ann, bob] { world.addTCP(to: side) }
        #expect(try !world.meet(ann, bob, limit: .seconds(30)))
        #expect(ann.candidates == [] && world.switchboard.streams.dialled == [])
    }
}
