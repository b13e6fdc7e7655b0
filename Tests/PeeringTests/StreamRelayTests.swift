// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DataChannels
import ICE
import Peering
import STUN
import SimulatedNetwork
import TURN
import Testing
import Wire

/// TURN over TCP and TLS.
@Suite struct StreamRelayTests {
    private static let ways = [RelayTransport.tcp, .tls(.name("relay.example"))]

    /// Two peers of whom one may use nothing but a relay, reached over a stream.
    private func pair(
        seed: UInt64,
        over transport: RelayTransport = .tcp
    ) throws -> (world: PeerWorld, relay: RelayServer, ann: PeerSide, bob: PeerSide) {
        let world = PeerWorld(seed: seed)
        let ann = try world.addSide("ann", at: "203.0.113.1") { $0.policy = .relay }
        let bob = try world.addSide("bob", at: "203.0.113.2")
        let relay = world.addRelay(at: "198.51.100.9:3478", isStream: true)
        world.give(relay, to: ann, over: transport)
        return (world, relay, ann, bob)
    }

    @Test(arguments: [1, 2, 3] as [UInt64], ways)
    func `a relay is reached over a stream, and no datagram leaves`(seed: UInt64, way: RelayTransport) throws {
        let world = PeerWorld(seed: seed)
        let relay = world.addRelay(at: "198.51.100.9:3478", isStream: true)
        let sides = try ["203.0.113.1", "203.0.113.2"].map { try world.addSide($0, at: $0) { $0.policy = .relay } }
        for side in sides { world.give(relay, to: side, over: way) }
        #expect(try world.meet(sides[0], sides[1], limit: .seconds(10)))
        try ImpostorTests.expectTalk(sides[0], sides[1], in: world)
        let channel = try #require(sides[0].opened.last)
        let payload = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
        try sides[0].connection.send(payload, as: .binary, on: channel, at: world.now)
        #expect(world.run(limit: .seconds(30)) { sides[1].received.last?.bytes == payload })
        world.run(for: .seconds(1500))
        try ImpostorTests.expectTalk(sides[0], sides[1], in: world)
        #expect(sides.allSatisfy(\.destinations.isEmpty) && relay.violations == [] && relay.channelDatagrams > 100)
        #expect(world.switchboard.streams.dialled == [relay.address, relay.address])
        #expect(world.switchboard.secured == (way == .tcp ? [] : [.name("relay.example"), .name("relay.example")]))
        #expect(world.spinning.isEmpty && sides.allSatisfy { $0.gatherings == 1 })
        sides[0].connection.close(at: world.now)
        world.settle()
        world.run(for: .seconds(2))
        #expect(sides[1].closeReason == .remote && relay.allocations <= 1)
    }

    @Test func `a slow stream is not filled faster than it flows, and nothing is lost`() throws {
        let (world, relay, ann, bob) = try self.pair(seed: 4)
        #expect(try world.meet(ann, bob))
        try ImpostorTests.expectTalk(ann, bob, in: world)
        world.switchboard.streams.rate = 2_000_000
        let channel = try #require(ann.opened.last)
        let payload = (0..<250_000).map { UInt8(truncatingIfNeeded: $0) }
        let start = world.now
        for _ in 0..<4 { try ann.connection.send(payload, as: .binary, on: channel, at: world.now) }
        #expect(
            world.run(limit: .seconds(30)) { bob.bytes(on: bob.opened.last).suffix(4).allSatisfy { $0 == payload } }
        )
        let seconds = world.now.nanoseconds(since: start) / 1_000_000_000
        // A megabyte at 2 Mbit/s takes 4 s; what was sent twice would take longer.
        #expect(seconds < 6)
        #expect(world.switchboard.streams.longestQueue <= AllocationLimits.congestionMark + 64 << 10)
        #expect(relay.violations == [])
    }

    @Test(arguments: ways)
    func `a stream that ends takes the relay with it, and another is had`(way: RelayTransport) throws {
        let (world, relay, ann, bob) = try self.pair(seed: 5, over: way)
        #expect(try world.meet(ann, bob))
        world.run(for: .seconds(10))
        world.switchboard.cut(relay, at: world.now)
        relay.restart()
        world.run(for: .seconds(1))
        #expect(ann.isStale)
        world.run(for: .seconds(40))
        #expect(Set(ann.candidates.map(\.address)).count == 2)
        #expect(ann.closeReason == nil && bob.closeReason == nil && ann.relayFailures == [])
        try ImpostorTests.expectTalk(ann, bob, in: world)
        #expect(world.switchboard.streams.dialled.count == 2)
    }

    @Test func `while a server is away it is asked less and less often`() throws {
        let (world, relay, ann, _) = try self.pair(seed: 6)
        world.gather()
        world.switchboard.streams.failures[relay.address] = .refused
        world.switchboard.cut(relay, at: world.now)
        relay.restart()
        world.run(for: .seconds(25))
        #expect((2...5).contains(world.switchboard.streams.dialled.count))
        world.switchboard.streams.failures = [:]
        world.run(for: .seconds(35))
        #expect(Set(ann.candidates.map(\.address)).count == 2)
        #expect(world.spinning.isEmpty)
    }

    @Test(arguments: [
        (StreamFailure.refused, "over TCP, it refuses connections"), (.timedOut, "over TCP, it does not answer"),
        (.certificate("has expired"), "over TCP, its certificate has expired"),
    ])
    func `each way to fail has its sentence, and holds nobody up`(failure: StreamFailure, sentence: String) throws {
        let world = PeerWorld(seed: 7)
        let ann = try world.addSide("ann", at: "203.0.113.1")
        let bob = try world.addSide("bob", at: "203.0.113.2")
        let relay = world.addRelay(at: "198.51.100.9:3478", isStream: true)
        world.switchboard.streams.failures[relay.address] = failure
        world.give(relay, to: ann, over: .tcp)
        world.run(for: .seconds(11))
        #expect(ann.relayFailures == [sentence])
        #expect(try world.meet(ann, bob, limit: .seconds(5)))
    }

    @Test func `wrong credentials are told as over datagrams`() throws {
        let world = PeerWorld(seed: 8)
        let ann = try world.addSide("ann", at: "203.0.113.1")
        let relay = world.addRelay(at: "198.51.100.9:3478", isStream: true)
        world.give(relay, to: ann, over: .tcp, password: "guess")
        world.gather()
        #expect(ann.relayFailures == ["over TCP, the user name or the password is wrong"])
    }

    @Test(arguments: ["other.example", nil])
    func `a server that sends us on is followed over streams, and its certificate has a name`(domain: String?) throws {
        let (world, first, ann, bob) = try self.pair(seed: 9, over: .tls(.name("relay.example")))
        let second = world.addRelay(at: "198.51.100.10:5349", isStream: true)
        first.earlyRefusal = { _ in
            (.tryAlternate, [.alternateServer(second.address)] + (domain.map { [.alternateDomain($0)] } ?? []))
        }
        #expect(try world.meet(ann, bob))
        #expect(first.allocations == 0 && second.allocations == 1)
        #expect(world.switchboard.streams.dialled == [first.address, second.address])
        #expect(world.switchboard.secured == [.name("relay.example"), .name(domain ?? "relay.example")])
    }

    @Test func `servers that send us in circles are told, and no more is dialled`() throws {
        let (world, first, ann, _) = try self.pair(seed: 10)
        let second = world.addRelay(at: "198.51.100.10:3478", isStream: true)
        // By their addresses: servers that knew each other would never be freed.
        let (here, there) = (first.address, second.address)
        first.earlyRefusal = { _ in (.tryAlternate, [.alternateServer(there)]) }
        second.earlyRefusal = { _ in (.tryAlternate, [.alternateServer(here)]) }
        world.run(for: .seconds(5))
        #expect(ann.relayFailures == ["over TCP, it sends us to another server that is no use"])
        #expect(world.switchboard.streams.dialled == [first.address, second.address])
    }

    @Test func `a relay over datagrams comes before one over TCP, and this before one over TLS`() throws {
        let world = PeerWorld(seed: 11)
        let ann = try world.addSide("ann", at: "203.0.113.1") { $0.policy = .relay }
        let ways = [RelayTransport.tls(.name("a.example")), .tcp, .udp]
        for (number, way) in ways.enumerated() {
            world.give(world.addRelay(at: "198.51.100.\(10 + number):3478", isStream: way.isStream), to: ann, over: way)
        }
        world.run(for: .seconds(2))
        let best = ann.candidates.sorted { $0.priority > $1.priority }.map(\.address.ip)
        #expect(best == [ip("198.51.100.12"), ip("198.51.100.11"), ip("198.51.100.10")])
    }
}
