// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DataChannels
import ICE
import Peering
import SimulatedNetwork
import Testing
import Wire

/// Paths that die while a session lives.
@Suite struct PathTests {
    /// Two peers, each with two networks.
    private func twoPaths(seed: UInt64) throws -> (world: PeerWorld, ann: PeerSide, bob: PeerSide) {
        let world = PeerWorld(seed: seed)
        let ann = try world.addSide("ann", at: "10.0.1.1", "10.0.2.1", usesServers: false)
        let bob = try world.addSide("bob", at: "10.0.1.2", "10.0.2.2", usesServers: false)
        for (left, right) in [("10.0.1.1", "10.0.2.2"), ("10.0.2.1", "10.0.1.2")] {
            world.internet.cut(ip(left), ip(right))
        }
        try world.introduce(ann, bob)
        #expect(world.run(limit: .seconds(10)) { ann.isEstablished && bob.isEstablished })
        world.run(for: .seconds(3))
        return (world, ann, bob)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func `when the path in use dies the session goes on over the other`(seed: UInt64) throws {
        let (world, ann, bob) = try self.twoPaths(seed: seed)
        let used = try #require(ann.path)
        world.internet.cut(used.local.address.ip, used.remote.address.ip)
        let channel = try ann.connection.openChannel(DataChannelParameters(label: "after"), at: world.now)
        #expect(
            world.run(limit: .seconds(20)) { ann.opened.contains(channel) && bob.channel(labelled: "after") != nil }
        )
        world.run(for: .seconds(120))
        #expect(ann.closeReason == nil && bob.closeReason == nil)
        #expect(ann.path?.remote.address != used.remote.address && bob.path?.remote.address != used.local.address)
        try ImpostorTests.expectTalk(ann, bob, in: world)
        #expect(world.spinning.isEmpty)
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `a session without data also moves to the path that lives`(seed: UInt64) throws {
        let (world, ann, bob) = try self.twoPaths(seed: seed)
        let used = try #require(ann.path)
        world.internet.cut(used.local.address.ip, used.remote.address.ip)
        world.run(for: .seconds(120))
        #expect(ann.closeReason == nil && bob.closeReason == nil)
        try ImpostorTests.expectTalk(ann, bob, in: world)
    }

    @Test func `a NAT that maps elsewhere in the middle is followed`() throws {
        let world = PeerWorld(seed: 12)
        let nat = world.addNAT(at: "203.0.113.1")
        let ann = try world.addSide("ann", at: "192.168.1.2", behind: nat)
        let bob = try world.addSide("bob", at: "203.0.113.2")
        #expect(try world.meet(ann, bob))
        world.run(for: .seconds(10))
        world.internet.restartNAT(nat)
        world.run(for: .seconds(60))
        #expect(ann.closeReason == nil && bob.closeReason == nil)
        try ImpostorTests.expectTalk(ann, bob, in: world)
    }

    @Test(arguments: [5, 10, 20])
    func `a gap of some seconds is survived and told`(seconds: Int) throws {
        let world = PeerWorld(seed: 13)
        let ann = try world.addSide("ann", at: "10.0.0.1")
        let bob = try world.addSide("bob", at: "10.0.0.2")
        #expect(try world.meet(ann, bob))
        world.run(for: .seconds(7))
        world.internet.cut(ip("10.0.0.1"), ip("10.0.0.2"))
        world.run(for: .seconds(seconds))
        world.internet.mend(ip("10.0.0.1"), ip("10.0.0.2"))
        try ImpostorTests.expectTalk(ann, bob, in: world)
        world.run(for: .seconds(60))
        #expect(ann.closeReason == nil && bob.closeReason == nil)
        #expect(ann.quiet.last != true && bob.quiet.last != true)
        if seconds == 20 { #expect(ann.quiet == [true, false] && bob.quiet == [true, false]) }
    }

    @Test func `thirty seconds without a sign of life are the end`() throws {
        let world = PeerWorld(seed: 14)
        let ann = try world.addSide("ann", at: "10.0.0.1")
        let bob = try world.addSide("bob", at: "10.0.0.2")
        #expect(try world.meet(ann, bob))
        world.run(for: .seconds(7))
        world.internet.cut(ip("10.0.0.1"), ip("10.0.0.2"))
        #expect(world.run(limit: .seconds(31)) { ann.closeReason == .lost && bob.closeReason == .lost })
        #expect(ann.connection.nextTimeout == nil && bob.connection.nextTimeout == nil)
        #expect(ann.eventsAfterEnd == 0 && bob.eventsAfterEnd == 0)
    }
}
