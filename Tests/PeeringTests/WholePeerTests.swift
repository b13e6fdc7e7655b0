// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DataChannels
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

    @Test func `the end is told last, after what came before it and the closing of channels`() throws {
        let world = PeerWorld(seed: 2)
        let ann = try world.addSide("ann", at: .v4(0x0A00_0001))
        let bob = try world.addSide("bob", at: .v4(0x0A00_0002))
        #expect(try world.meet(ann, bob))
        let channel = try ann.connection.openChannel(DataChannelParameters(label: "chat"), at: world.now)
        #expect(world.run { !bob.opened.isEmpty && !ann.opened.isEmpty })
        try ann.connection.send([1, 2, 3], as: .binary, on: channel, at: world.now)
        #expect(world.run { bob.received.map(\.bytes) == [[1, 2, 3]] })
        ann.connection.close(at: world.now)
        #expect(world.run { ann.closeReason == .local && bob.closeReason == .remote })
        _ = world.run(limit: .seconds(1)) { false }
        #expect(bob.closedChannels == 1)
        for side in [ann, bob] {
            guard case .closed = side.events.last else {
                Issue.record("\(side.name) was told something after the end")
                continue
            }
        }
    }
}
