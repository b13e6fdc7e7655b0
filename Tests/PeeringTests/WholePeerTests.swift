// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DataChannels
import ICE
import Peering
import SimulatedNetwork
import Testing
import Wire

@Suite struct WholePeerTests {
    @Test func `two peers that exchange descriptions open a channel and exchange messages`() throws {
        let world = PeerWorld(seed: 1)
        let ann = try world.addSide("ann", at: "10.0.0.1")
        let bob = try world.addSide("bob", at: "10.0.0.2")
        #expect(try world.meet(ann, bob))
        let channel = try ann.connection.openChannel(DataChannelParameters(label: "chat"), at: world.now)
        #expect(world.run { !bob.opened.isEmpty && !ann.opened.isEmpty })
        let text = Array("héllo".utf8)
        try ann.connection.send(text, as: .text, on: channel, at: world.now)
        #expect(world.run { bob.received.map(\.bytes) == [text] })
        ann.connection.close(at: world.now)
        #expect(world.run { ann.closeReason == .local && bob.closeReason == .remote })
        #expect(world.spinning.isEmpty)
    }

    @Test func `link-local addresses have a scope on their own host, and none in datagrams`() throws {
        let world = PeerWorld(seed: 2)
        let ann = try world.addSide("ann", at: "fe80::1%2", usesServers: false)
        let bob = try world.addSide("bob", at: "fe80::2%7", usesServers: false)
        #expect(try world.meet(ann, bob, limit: .seconds(5)))
        #expect(ann.path?.remote.kind == .host && bob.path?.remote.kind == .host)
    }
}
