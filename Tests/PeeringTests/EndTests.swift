// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DataChannels
import Peering
import SimulatedNetwork
import Testing
import Wire

/// How a session ends, and what it does with an owner who is slow.
@Suite struct EndTests {
    private func pair(
        seed: UInt64 = 41,
        link: Link = Link(),
        configureBob: (inout PeerConnection.Configuration) -> Void = { _ in }
    ) throws -> (world: PeerWorld, ann: PeerSide, bob: PeerSide) {
        let world = PeerWorld(seed: seed, link: link)
        let ann = try world.addSide("ann", at: "10.0.0.1", usesServers: false)
        let bob = try world.addSide("bob", at: "10.0.0.2", usesServers: false, configure: configureBob)
        #expect(try world.meet(ann, bob))
        return (world, ann, bob)
    }

    private func open(_ world: PeerWorld, _ ann: PeerSide, _ bob: PeerSide) throws -> (DataChannelID, DataChannelID) {
        let channel = try ann.connection.openChannel(DataChannelParameters(label: "data"), at: world.now)
        #expect(world.run { ann.opened.contains(channel) && bob.channel(labelled: "data") != nil })
        return (channel, try #require(bob.channel(labelled: "data")))
    }

    @Test func `a close is heard at once, after all that was delivered before it`() throws {
        let (world, ann, bob) = try self.pair()
        let (here, there) = try self.open(world, ann, bob)
        try ann.connection.send([7], as: .binary, on: here, at: world.now)
        #expect(world.run { ann.connection.bufferedAmount(of: here) == 0 })
        ann.connection.close(at: world.now)
        ann.connection.close(at: world.now)
        #expect(world.run(limit: .seconds(1)) { bob.closeReason != nil })
        #expect(ann.closeReason == .local && bob.closeReason == .remote)
        #expect(bob.bytes(on: there) == [[7]] && bob.closedChannels == [there])
        world.run(for: .seconds(60))
        #expect(ann.eventsAfterEnd == 0 && bob.eventsAfterEnd == 0)
        #expect(ann.connection.nextTimeout == nil && bob.connection.nextTimeout == nil)
    }

    @Test func `both may close at the same time`() throws {
        let (world, ann, bob) = try self.pair()
        ann.connection.close(at: world.now)
        bob.connection.close(at: world.now)
        world.run(for: .seconds(1))
        #expect(ann.closeReason == .local && bob.closeReason == .local)
    }

    @Test(arguments: [false, true])
    func `a peer that closes before there is a session is simply gone`(hasDescription: Bool) throws {
        let world = PeerWorld(seed: 42)
        let ann = try world.addSide("ann", at: "10.0.0.1", usesServers: false)
        let bob = try world.addSide("bob", at: "10.0.0.2", usesServers: false)
        if hasDescription { try world.introduce(bob, to: ann) }
        ann.connection.close(at: world.now)
        world.run(for: .seconds(1))
        #expect(ann.closeReason == .local && bob.closeReason == nil)
        #expect(ann.connection.nextTimeout == nil)
    }

    @Test func `a program that dies without a word is missed after thirty seconds`() throws {
        let (world, ann, bob) = try self.pair()
        world.run(for: .seconds(6))
        ann.voice = .mute
        #expect(world.run(limit: .seconds(31)) { bob.closeReason != nil })
        #expect(bob.closeReason == .lost && bob.quiet == [true])
    }

    @Test func `a channel that is closed takes its last messages along, the session goes on`() throws {
        let (world, ann, bob) = try self.pair(link: Link(loss: 0.1))
        let (here, there) = try self.open(world, ann, bob)
        let messages = (0..<50).map { [UInt8](repeating: UInt8($0), count: 3_000) }
        for message in messages {
            try ann.connection.send(message, as: .binary, on: here, at: world.now)
        }
        ann.connection.closeChannel(here, at: world.now)
        #expect(world.run { bob.closedChannels == [there] && ann.closedChannels == [here] })
        #expect(bob.bytes(on: there) == messages)
        try ImpostorTests.expectTalk(ann, bob, in: world)
    }

    @Test func `an owner who takes nothing stops the sender, and loses nothing`() throws {
        let (world, ann, bob) = try self.pair(link: Link(delay: .milliseconds(5)))
        let (here, there) = try self.open(world, ann, bob)
        let message = world.random.bytes(100_000)
        bob.takesEvents = false
        for _ in 0..<400 {
            try ann.connection.send(message, as: .binary, on: here, at: world.now)
        }
        world.run(for: .seconds(60))
        let waiting = ann.connection.bufferedAmount(of: here)
        #expect(waiting > 400 * message.count - (20 << 20))
        #expect(waiting < 400 * message.count)
        let sent = world.internet.sent
        world.run(for: .seconds(20))
        #expect(world.internet.sent - sent < 200)
        #expect(ann.closeReason == nil && bob.closeReason == nil)
        bob.takesEvents = true
        #expect(world.run(limit: .seconds(120)) { bob.bytes(on: there).count == 400 })
        #expect(bob.bytes(on: there).allSatisfy { $0 == message })
        #expect(ann.connection.bufferedAmount(of: here) == 0 && ann.roomAgain.contains(here))
    }

    @Test func `each side keeps to the other's largest message`() throws {
        let (world, ann, bob) = try self.pair { $0.maxMessageSize = 10_000 }
        let (here, there) = try self.open(world, ann, bob)
        #expect(ann.connection.remoteMaxMessageSize == 10_000 && bob.connection.remoteMaxMessageSize == 262_144)
        #expect(throws: DataChannelError.messageTooLarge(count: 10_001, limit: 10_000)) {
            try ann.connection.send([UInt8](repeating: 1, count: 10_001), as: .binary, on: here, at: world.now)
        }
        try ann.connection.send([UInt8](repeating: 1, count: 10_000), as: .binary, on: here, at: world.now)
        try bob.connection.send([UInt8](repeating: 2, count: 262_144), as: .binary, on: there, at: world.now)
        #expect(world.run { bob.received.count == 1 && ann.received.count == 1 })
        #expect(bob.received[0].bytes.count == 10_000 && ann.received[0].bytes.count == 262_144)
    }
}
