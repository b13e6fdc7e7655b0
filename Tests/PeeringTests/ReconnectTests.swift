// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import DataChannels
import ICE
import Peering
import SimulatedNetwork
import Testing
import Wire

/// Two peers that lose each other, and find each other again without anybody's help.
@Suite struct ReconnectTests {
    private static let limit = Duration.seconds(600)

    private struct Talk {
        let world: PeerWorld
        let ann: PeerSide
        let bob: PeerSide
        let here: DataChannelID
        let there: DataChannelID

        /// Sends a numbered message from ann to bob.
        func say(_ number: UInt8) throws {
            try self.ann.connection.send([number], as: .binary, on: self.here, at: self.world.now)
        }

        var heard: [[UInt8]] { self.bob.bytes(on: self.there) }
    }

    /// Two hosts that have met, each with these addresses and an open channel.
    private func talk(
        seed: UInt64,
        ann first: [String] = ["10.0.0.1"],
        bob second: [String] = ["10.0.0.2"],
        reconnecting: Duration = limit,
        link: Link = Link(delay: .milliseconds(10))
    ) throws -> Talk {
        let world = PeerWorld(seed: seed, link: link)
        let ann = try world.addSide("ann", atAll: first) { $0.reconnectTime = reconnecting }
        let bob = try world.addSide("bob", atAll: second) { $0.reconnectTime = reconnecting }
        #expect(try world.meet(ann, bob))
        let here = try ann.connection.openChannel(DataChannelParameters(label: "data"), at: world.now)
        #expect(world.run { ann.opened.contains(here) && bob.channel(labelled: "data") != nil })
        world.run(for: .seconds(7))
        return Talk(world: world, ann: ann, bob: bob, here: here, there: try #require(bob.channel(labelled: "data")))
    }

    @Test(arguments: [31, 60, 300] as [Int], [1, 2, 3] as [UInt64])
    func `after a time without any network everything goes on, and nothing is lost`(seconds: Int, seed: UInt64) throws {
        let talk = try self.talk(seed: seed)
        let (world, ann, bob) = (talk.world, talk.ann, talk.bob)
        try talk.say(0)
        world.internet.cut(ip("10.0.0.1"), ip("10.0.0.2"))
        for number in 1...UInt8(seconds / 2) {
            world.run(for: .seconds(2))
            try talk.say(number)
        }
        #expect(ann.closeReason == nil && bob.closeReason == nil)
        #expect(ann.lostPaths == 1 && bob.lostPaths == 1)
        world.internet.mend(ip("10.0.0.1"), ip("10.0.0.2"))
        let all = (0...UInt8(seconds / 2)).map { [$0] }
        #expect(world.run(limit: .seconds(10)) { talk.heard == all })
        world.run(for: .seconds(120))
        #expect(talk.heard == all)
        #expect(ann.quiet == [true, false] && bob.quiet == [true, false])
        try ImpostorTests.expectTalk(bob, ann, in: world)
        #expect(world.spinning.isEmpty)
    }

    @Test(arguments: [40, 120])
    func `the search ends when its time is over`(seconds: Int) throws {
        let talk = try self.talk(seed: 4, reconnecting: .seconds(seconds))
        talk.world.internet.cut(ip("10.0.0.1"), ip("10.0.0.2"))
        talk.world.run(for: .seconds(seconds - 1))
        #expect(talk.ann.closeReason == nil && talk.bob.closeReason == nil)
        talk.world.run(for: .seconds(12))
        #expect(talk.ann.closeReason == .lost && talk.bob.closeReason == .lost)
        #expect(talk.ann.connection.nextTimeout == nil && talk.ann.eventsAfterEnd == 0)
    }

    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64], [false, true])
    func `a host that moves to another address goes on from there`(seed: UInt64, isAnn: Bool) throws {
        let talk = try self.talk(seed: seed)
        let (world, moving) = (talk.world, isAnn ? talk.ann : talk.bob)
        try talk.say(0)
        let old = moving.addresses[0]
        world.move(moving, from: old, to: address("10.9.0.1:6000"))
        try talk.say(1)
        #expect(world.run(limit: .seconds(5)) { talk.heard == [[0], [1]] })
        #expect(moving.path?.local.address.ip == ip("10.9.0.1"))
        #expect(talk.ann.lostPaths == 0 && talk.bob.lostPaths == 0)
        try ImpostorTests.expectTalk(talk.bob, talk.ann, in: world)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a host without an address for minutes goes on from the next one that it gets`(seed: UInt64) throws {
        let talk = try self.talk(seed: seed)
        let world = talk.world
        let old = talk.ann.addresses[0]
        world.take(old, from: talk.ann)
        for number in 0..<20 as Range<UInt8> {
            try talk.say(number)
            world.run(for: .seconds(5))
        }
        world.give(address("10.9.0.1:6000"), to: talk.ann)
        #expect(world.run(limit: .seconds(12)) { talk.heard.count == 20 })
        #expect(talk.heard == (0..<20).map { [$0] })
    }

    /// The nominated path goes silent in the middle of a transfer; another one works.
    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64], [false, true])
    func `while data is in flight a dead path is left within two seconds`(seed: UInt64, isBobSending: Bool) throws {
        let talk = try self.talk(seed: seed, ann: ["10.0.0.1", "10.1.0.1"], bob: ["10.0.0.2"])
        let world = talk.world
        let (sender, channel) = isBobSending ? (talk.bob, talk.there) : (talk.ann, talk.here)
        let receiver = isBobSending ? talk.ann : talk.bob
        for _ in 0..<40 {
            try sender.connection.send([UInt8](repeating: 7, count: 60_000), as: .binary, on: channel, at: world.now)
        }
        let used = try #require(talk.ann.path?.local.address.ip)
        #expect(world.run { receiver.received.count >= 3 })
        let count = receiver.received.count
        world.internet.cut(used, ip("10.0.0.2"))
        #expect(world.run(limit: .milliseconds(2_500)) { receiver.received.count > count + 1 })
        #expect(world.run(limit: .seconds(60)) { receiver.received.count == 40 })
        #expect(talk.ann.path?.local.address.ip != used)
        #expect(talk.ann.quiet.isEmpty && talk.bob.quiet.isEmpty)
    }

    @Test func `an idle path that dies is left within ten seconds`() throws {
        for seed in 1...10 as ClosedRange<UInt64> {
            let talk = try self.talk(seed: seed, ann: ["10.0.0.1", "10.1.0.1"], bob: ["10.0.0.2"])
            let used = try #require(talk.ann.path?.local.address.ip)
            talk.world.internet.cut(used, ip("10.0.0.2"))
            let isLeft = talk.world.run(limit: .seconds(10)) {
                talk.ann.path?.local.address.ip != used && talk.bob.path?.remote.address.ip != used
            }
            #expect(isLeft, "seed \(seed)")
            try ImpostorTests.expectTalk(talk.bob, talk.ann, in: talk.world)
        }
    }

    @Test func `a path that was left is used again when it is the best and has been well for some time`() throws {
        let talk = try self.talk(seed: 9, ann: ["10.0.0.1", "10.1.0.1"], bob: ["10.0.0.2"])
        let used = try #require(talk.ann.path?.local.address.ip)
        talk.world.internet.cut(used, ip("10.0.0.2"))
        talk.world.run(for: .seconds(20))
        #expect(talk.ann.path?.local.address.ip != used)
        talk.world.internet.mend(used, ip("10.0.0.2"))
        #expect(talk.world.run(limit: .seconds(60)) { talk.ann.path?.local.address.ip == used })
        let changes = talk.ann.paths.count
        talk.world.run(for: .seconds(600))
        #expect(talk.ann.paths.count == changes)
    }

    @Test(arguments: [false, true])
    func `whoever knows the first descriptions has no part in a restart`(isClient: Bool) throws {
        let talk = try self.talk(seed: 11)
        let (world, ann) = (talk.world, talk.ann)
        world.internet.cut(ip("10.0.0.1"), ip("10.0.0.2"))
        world.run(for: .seconds(45))
        let impostor = try Impostor.add(to: world, at: "10.0.0.66", playing: talk.bob, towards: ann, isClient: isClient)
        world.run(for: .seconds(45))
        #expect(!impostor.isEstablished && impostor.paths.isEmpty)
        #expect(ann.impostors.isEmpty)
        world.internet.mend(ip("10.0.0.1"), ip("10.0.0.2"))
        world.run(for: .seconds(10))
        try ImpostorTests.expectTalk(ann, talk.bob, in: world)
    }
}
