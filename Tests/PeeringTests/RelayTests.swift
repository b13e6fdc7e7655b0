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

@Suite struct RelayTests {
    /// Two peers whose NATs let no direct path be.
    private func apart(
        seed: UInt64,
        configure: (inout PeerConnection.Configuration) -> Void = { _ in }
    ) throws -> (world: PeerWorld, ann: PeerSide, bob: PeerSide) {
        let world = PeerWorld(seed: seed)
        let first = world.addNAT(at: "203.0.113.1", .symmetric)
        let second = world.addNAT(at: "203.0.113.2", .symmetric)
        let ann = try world.addSide("ann", at: "192.168.1.2", behind: first, configure: configure)
        let bob = try world.addSide("bob", at: "192.168.2.2", behind: second, configure: configure)
        return (world, ann, bob)
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64], [true, false])
    func `a relay connects peers where no direct path does`(seed: UInt64, hasOneEach: Bool) throws {
        let (world, ann, bob) = try self.apart(seed: seed)
        let relay = world.addRelay(at: "198.51.100.9:3478")
        world.give(relay, to: ann)
        if hasOneEach { world.give(world.addRelay(at: "198.51.100.10:3478"), to: bob) }
        #expect(try world.meet(ann, bob, limit: .seconds(10)))
        #expect(ann.path?.isDirect == false && bob.path?.isDirect == false)
        #expect(ann.path?.description.hasPrefix("relayed udp ") == true)
        try ImpostorTests.expectTalk(ann, bob, in: world)
        let channel = try #require(ann.opened.last)
        let payload = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
        try ann.connection.send(payload, as: .binary, on: channel, at: world.now)
        #expect(world.run(limit: .seconds(30)) { bob.received.last?.bytes == payload })
        world.run(for: .seconds(1500))
        try ImpostorTests.expectTalk(ann, bob, in: world)
        #expect(world.relays.allSatisfy { $0.violations == [] })
        #expect(world.relays.contains { $0.channelDatagrams > 100 })
        #expect(world.spinning.isEmpty && ann.gatherings == 1 && bob.gatherings == 1)
        ann.connection.close(at: world.now)
        world.settle()
        world.run(for: .seconds(2))
        #expect(bob.closeReason == .remote && relay.allocations == 0)
    }

    @Test func `a direct path is preferred`() throws {
        let world = PeerWorld(seed: 5)
        let ann = try world.addSide("ann", at: "192.168.1.2", behind: world.addNAT(at: "203.0.113.1"))
        let bob = try world.addSide("bob", at: "192.168.2.2", behind: world.addNAT(at: "203.0.113.2"))
        let relay = world.addRelay(at: "198.51.100.9:3478")
        world.give(relay, to: ann)
        world.give(relay, to: bob)
        #expect(try world.meet(ann, bob))
        world.run(for: .seconds(5))
        #expect(ann.path?.isDirect == true && bob.path?.isDirect == true)
        #expect(relay.violations == [])
    }

    @Test func `a relay that refuses is told and holds nobody up`() throws {
        let world = PeerWorld(seed: 8)
        let ann = try world.addSide("ann", at: "203.0.113.1")
        let bob = try world.addSide("bob", at: "203.0.113.2")
        let relay = world.addRelay(at: "198.51.100.9:3478")
        world.give(relay, to: ann, password: "guess")
        world.gather()
        #expect(ann.failedRelays == [relay.address])
        let hasGathered = ann.connection.hasGathered
        #expect(hasGathered)
        #expect(try world.meet(ann, bob, limit: .seconds(5)))
    }

    @Test func `a relay that refuses is told once, however many addresses ask it`() throws {
        let world = PeerWorld(seed: 10)
        let ann = try world.addSide("ann", at: "203.0.113.1", "203.0.113.3")
        let relay = world.addRelay(at: "198.51.100.9:3478")
        world.give(relay, to: ann, password: "guess")
        world.gather()
        #expect(ann.failedRelays == [relay.address])
    }

    @Test func `who takes the failures of relays hears of them no more`() throws {
        let world = PeerWorld(seed: 11)
        let ann = try world.addSide("ann", at: "203.0.113.1") { $0.policy = .relay }
        let relay = world.addRelay(at: "198.51.100.9:3478")
        ann.takesEvents = false
        world.give(relay, to: ann, password: "guess")
        world.gather()
        let failures = ann.connection.takeRelayFailures()
        #expect(failures.map(\.server) == [relay.address.description])
        #expect(failures.first?.reason.contains("password") == true)
        ann.takesEvents = true
        world.settle()
        #expect(ann.failedRelays == [] && ann.candidates == [])
        #expect(ann.connection.localDescription.candidates == [])
    }

    @Test func `a server that sends us on is followed`() throws {
        let (world, ann, bob) = try self.apart(seed: 9)
        let first = world.addRelay(at: "198.51.100.9:3478")
        let second = world.addRelay(at: "198.51.100.10:3478")
        first.earlyRefusal = { _ in (.tryAlternate, [.alternateServer(second.address)]) }
        world.give(first, to: ann)
        #expect(try world.meet(ann, bob))
        #expect(first.allocations == 0 && second.allocations == 1)
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `a relay that is restarted gives a new candidate, and the session goes on`(seed: UInt64) throws {
        let world = PeerWorld(seed: seed)
        let ann = try world.addSide("ann", at: "192.168.1.2", behind: world.addNAT(at: "203.0.113.1")) {
            $0.policy = .relay
        }
        let bob = try world.addSide("bob", at: "203.0.113.2")
        let relay = world.addRelay(at: "198.51.100.9:3478")
        world.give(relay, to: ann)
        #expect(try world.meet(ann, bob))
        world.run(for: .seconds(20))
        relay.restart()
        world.run(for: .seconds(60))
        #expect(Set(ann.candidates.map(\.address)).count == 2 && ann.isStale)
        #expect(ann.closeReason == nil && bob.closeReason == nil)
        try ImpostorTests.expectTalk(ann, bob, in: world)
        #expect(world.spinning.isEmpty)
    }
}
