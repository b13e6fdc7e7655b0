// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ICE
import Peering
import SDP
import SimulatedNetwork
import Testing
import Wire

/// Restarts towards a peer that derives no credentials, as a browser: an offer and its answer bring them (RFC 8839 §4.4).
@Suite struct SignaledRestartTests {
    /// Two sides that met by offer and answer, the offerer first.
    private func pair(seed: UInt64) throws -> (world: PeerWorld, ann: PeerSide, bob: PeerSide) {
        let world = PeerWorld(seed: seed, link: Link(delay: .milliseconds(20)))
        let ann = try world.addSide("ann", at: "10.0.0.1") { $0.reconnectTime = .seconds(600) }
        let bob = try world.addSide("bob", at: "10.0.0.2") { $0.reconnectTime = .seconds(600) }
        world.gather()
        let offer = ann.connection.makeOffer(endOfCandidates: true)
        let answer = try bob.connection.setRemoteOffer(offer, endOfCandidates: true, at: world.now)
        try ann.connection.setRemoteAnswer(answer, at: world.now)
        #expect(world.run(limit: .seconds(10)) { ann.isEstablished && bob.isEstablished })
        return (world, ann, bob)
    }

    private func restart(_ ann: PeerSide, _ bob: PeerSide, in world: PeerWorld) throws {
        let restart = ann.connection.makeRestartOffer()
        let offer = try #require(restart)
        let answer = try bob.connection.setRemoteOffer(offer, endOfCandidates: true, at: world.now)
        world.settle()
        world.run(for: .milliseconds(500))
        try ann.connection.setRemoteAnswer(answer, at: world.now)
        world.settle()
    }

    @Test(arguments: [0, 10, 60])
    func `a restart by offer and answer brings the session back after seconds or minutes`(seconds: Int) throws {
        let (world, ann, bob) = try self.pair(seed: 51)
        world.internet.cut(ip("10.0.0.1"), ip("10.0.0.2"))
        world.run(for: .seconds(seconds))
        world.internet.mend(ip("10.0.0.1"), ip("10.0.0.2"))
        try self.restart(ann, bob, in: world)
        world.run(for: .seconds(5))
        try ImpostorTests.expectTalk(ann, bob, in: world)
        world.run(for: .seconds(120))
        #expect(ann.closeReason == nil && bob.closeReason == nil)
        #expect(ann.secured.count == 1 && bob.secured.count == 1)
        #expect(world.spinning.isEmpty)
    }

    @Test func `either side may ask for it, and again`() throws {
        let (world, ann, bob) = try self.pair(seed: 52)
        try self.restart(bob, ann, in: world)
        try self.restart(ann, bob, in: world)
        world.run(for: .seconds(5))
        try ImpostorTests.expectTalk(ann, bob, in: world)
    }

    @Test func `a restart can bring new addresses`() throws {
        let (world, ann, bob) = try self.pair(seed: 53)
        world.move(ann, from: ann.addresses[0], to: address("10.9.0.1:6000"))
        world.run(for: .seconds(45))
        try self.restart(ann, bob, in: world)
        world.run(for: .seconds(5))
        try ImpostorTests.expectTalk(bob, ann, in: world)
        #expect(bob.path?.remote.address == address("10.9.0.1:6000"))
    }

    @Test func `the same offer again, or one of somebody else, restarts nothing`() throws {
        let (world, ann, bob) = try self.pair(seed: 54)
        let cat = try world.addSide("cat", at: "10.0.0.3")
        let before = bob.connection.localDescription.credentials
        let again = ann.connection.makeOffer(endOfCandidates: true)
        _ = try bob.connection.setRemoteOffer(again, endOfCandidates: true, at: world.now)
        let others = cat.connection.makeOffer(endOfCandidates: true)
        #expect(throws: PeeringError.alreadyPaired) {
            _ = try bob.connection.setRemoteOffer(others, endOfCandidates: true, at: world.now)
        }
        #expect(bob.connection.localDescription.credentials == before)
        try ImpostorTests.expectTalk(ann, bob, in: world)
    }
}
