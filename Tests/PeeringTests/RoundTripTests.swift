// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DataChannels
import ICE
import Peering
import SimulatedNetwork
import Testing
import Wire

/// How many round trips it takes until a channel is open, exactly: nothing but the way takes time here.
@Suite struct RoundTripTests {
    private static let link = Link(delay: .milliseconds(25))
    private static let roundTrip = Duration.milliseconds(50)

    /// Ann, who is DTLS client or server, and Bob, who has the other role.
    private func sides(in world: PeerWorld, annIsClient: Bool) throws -> (ann: PeerSide, bob: PeerSide) {
        let bob = try world.addSide("bob", at: "203.0.113.2", usesServers: false)
        let ann = try world.addSide(
            "ann",
            at: "203.0.113.1",
            usesServers: false,
            certificate: try Impostor.certificate(
                greater: annIsClient,
                than: bob.connection.localDescription.fingerprint
            )
        )
        return (ann, bob)
    }

    /// Lets time pass until both sides have an open channel; the round trips since `start`.
    private func connect(_ first: PeerSide, _ second: PeerSide, in world: PeerWorld, since start: Instant) -> Double {
        #expect(world.run(limit: .seconds(10)) { !first.opened.isEmpty && !second.opened.isEmpty })
        return (world.now - start) / Self.roundTrip
    }

    @Test(arguments: [true, false])
    func `descriptions that arrive at once make a channel in four round trips`(annOpens: Bool) throws {
        let world = PeerWorld(seed: 1, link: Self.link)
        let (ann, bob) = try self.sides(in: world, annIsClient: false)
        let (opener, other) = annOpens ? (ann, bob) : (bob, ann)
        let channel = try opener.connection.openChannel(DataChannelParameters(label: "talk"), at: world.now)
        try opener.connection.send([1], as: .binary, on: channel, at: world.now)
        try world.introduce(ann, bob)
        #expect(self.connect(ann, bob, in: world, since: .zero) == (annOpens ? 4 : 4.5))
        // What was said before the channel was open has come with it.
        #expect(other.received.map(\.bytes) == [[1]])
    }

    /// One round trip of ICE, two of DTLS, a half for the server's INIT ahead of the client's; the cookie brings the channel.
    @Test(arguments: [(true, 4.0), (false, 3.0)])
    func `what the earlier side has begun is not begun anew by the later one`(laterIsClient: Bool, trips: Double) throws
    {
        let world = PeerWorld(seed: 2, link: Self.link)
        let (ann, bob) = try self.sides(in: world, annIsClient: laterIsClient)
        let server = laterIsClient ? bob : ann
        _ = try server.connection.openChannel(DataChannelParameters(label: "talk"), at: world.now)
        try world.introduce(ann, to: bob)
        world.run(for: Self.roundTrip)
        let start = world.now
        try world.introduce(bob, to: ann)
        #expect(self.connect(ann, bob, in: world, since: start) == trips)
    }

    @Test func `a better address that does not answer delays nothing`() throws {
        let world = PeerWorld(seed: 3, link: Self.link)
        let (ann, bob) = try self.sides(in: world, annIsClient: false)
        _ = try ann.connection.openChannel(DataChannelParameters(label: "talk"), at: world.now)
        let dead = SocketAddress(ip("203.0.113.9"), port: 5000)
        for side in [ann, bob] {
            var description = (side === ann ? bob : ann).connection.localDescription
            guard var candidate = description.candidates.first else { continue }
            candidate.address = dead
            candidate.foundation = "dead"
            candidate.priority += 1
            description.candidates.insert(candidate, at: 0)
            try side.connection.setRemote(description, at: world.now)
        }
        world.settle()
        // The pacing of checks (RFC 8445 §14.2) has the address that answers wait for one turn: 50 ms.
        #expect(self.connect(ann, bob, in: world, since: .zero) == 5)
        #expect(ann.path != nil && bob.path != nil)
    }

    @Test func `a better address that answers after the handshake is moved to`() throws {
        let world = PeerWorld(seed: 4, link: Link(delay: .milliseconds(1)))
        world.internet.setLink(Link(delay: .milliseconds(75)), of: ip("2001:db8::1"))
        let ann = try world.addSide("ann", at: "2001:db8::1", "203.0.113.1", usesServers: false)
        let bob = try world.addSide("bob", at: "2001:db8::2", "203.0.113.2", usesServers: false)
        try world.introduce(ann, bob)
        #expect(world.run(limit: .milliseconds(140)) { ann.isEstablished && bob.isEstablished })
        #expect(ann.path?.remote.address == bob.addresses[1])
        world.run(for: .seconds(2))
        #expect(ann.path?.remote.address == bob.addresses[0] && bob.path?.remote.address == ann.addresses[0])
    }
}
