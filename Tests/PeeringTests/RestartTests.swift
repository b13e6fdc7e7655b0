// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import ICE
import Peering
import SimulatedNetwork
import Testing
import Wire

/// A handshake that was begun on the path of the peer, and not, or no longer, by the peer.
@Suite struct RestartTests {
    /// A server, a client, and how often a stranger begins a handshake in the client's name.
    @Test(arguments: [1, 5, 20])
    func `a ClientHello in the name of the client only delays the client's own`(times: Int) throws {
        let world = PeerWorld(seed: 71, link: Link(delay: .milliseconds(40)))
        let ann = try world.addSide("ann", at: "10.0.0.1", usesServers: false)
        let certificate = try Impostor.certificate(
            greater: true,
            than: ann.connection.localDescription.fingerprint
        )
        let bob = try world.addSide("bob", at: "10.0.0.2", usesServers: false, certificate: certificate)
        try world.introduce(ann, bob)
        for _ in 0..<times {
            world.run(for: .milliseconds(50))
            let hello = FloodTests.clientHello(random: world.random.bytes(32))
            world.inject(hello, from: bob.addresses[0], to: ann.addresses[0])
        }
        let start = world.now
        #expect(world.run(limit: .seconds(15)) { ann.isEstablished && bob.isEstablished })
        #expect(world.now - start < .seconds(8))
        try ImpostorTests.expectTalk(ann, bob, in: world)
        #expect(ann.impostors.isEmpty && ann.secured.count == 1 && bob.secured.count == 1)
    }

    @Test func `a peer whose handshake breaks off in the middle may begin anew from the same address`() throws {
        let world = PeerWorld(seed: 72, link: Link(delay: .milliseconds(40)))
        let ann = try world.addSide("ann", at: "10.0.0.1", usesServers: false)
        let bob = try world.addSide(
            "bob",
            at: "10.0.0.2",
            usesServers: false,
            certificate: try Impostor.certificate(greater: true, than: ann.connection.localDescription.fingerprint)
        )
        try world.introduce(ann, bob)
        // As soon as the server has answered, what it hears is a client that has forgotten all.
        #expect(world.run(limit: .seconds(5)) { ann.connection.rememberedStrangers == 1 })
        world.internet.cut(bob.addresses[0].ip, ann.addresses[0].ip)
        world.run(for: .seconds(25))
        world.internet.mend(bob.addresses[0].ip, ann.addresses[0].ip)
        #expect(world.run(limit: .seconds(60)) { ann.isEstablished && bob.isEstablished })
        try ImpostorTests.expectTalk(ann, bob, in: world)
    }
}
