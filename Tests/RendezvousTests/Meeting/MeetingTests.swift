// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import Rendezvous

struct MeetingTests {
    static let code = try? Code(parsing: "7-crossover-clockwork")
    static let otherCode = try? Code(parsing: "7-crossover-zulu")

    static func chosen(_ code: Code?) throws -> MeetingWay { .chosenCode(try #require(code)) }
    static func typed(_ code: Code?) throws -> MeetingWay { .code(try #require(code)) }

    /// A meeting by a code, and then its end.
    static func meet(cutAt: Int? = nil, forgetAt: Duration? = nil, seed: UInt64 = 1) throws -> MeetingWorld {
        let world = MeetingWorld()
        world.cutAt = cutAt
        world.join(try Self.chosen(Self.code), seed: seed)
        let typed = try Self.typed(Self.code)
        world.after(.milliseconds(5)) { $0.join(typed, seed: seed + 1) }
        if let forgetAt {
            world.after(forgetAt) { world in
                world.server.forget()
                for participant in world.participants { world.cut(participant) }
            }
        }
        world.run()
        return world
    }

    @Test func `two sides that know a code get each other's description and candidates`() throws {
        let world = MeetingWorld()
        let maker = world.join(.newCode(words: 2), seed: 1, stretches: true)
        world.run(for: .seconds(5))
        let code = try #require(maker.code)
        #expect(code.words.count == 2)
        #expect(code.unlikelyWords == [])
        #expect(maker.events.last == .waiting)
        let typed = try Code(parsing: " \(code.description.uppercased()) ")
        let joiner = world.join(.code(typed), seed: 2, stretches: true)
        world.run()
        #expect(maker.hasMet(joiner))
        #expect(joiner.hasMet(maker))
        #expect(world.server.isEmpty)
        #expect(world.server.moods == ["happy", "happy"])
        #expect(world.server.errors == [])
    }

    @Test func `what happens is told in its order`() throws {
        let world = try Self.meet()
        let maker = world.participants[0]
        let names = maker.events.map { String("\($0)".prefix { $0 != "(" }) }
        #expect(
            names == [
                "code", "welcome", "waiting", "otherSideIsHere", "checking", "verified", "description", "candidate",
                "candidate", "endOfCandidates", "closed",
            ]
        )
    }

    @Test func `the nameplate is released as soon as both sides are there`() throws {
        let world = MeetingWorld()
        world.join(.newCode(words: 2), seed: 1).finishes = false
        world.run(for: .seconds(5))
        #expect(world.server.usedNameplates == ["1"])
        let code = try #require(world.participants[0].code)
        world.join(.code(code), seed: 2).finishes = false
        world.run(for: .seconds(5))
        #expect(world.server.usedNameplates == [])
        #expect(world.participants.allSatisfy { $0.isVerified })
        #expect(world.participants.allSatisfy { !$0.isClosed })
    }

    @Test func `a code takes four round trips to the server from its typing to the description`() throws {
        let world = MeetingWorld()
        world.join(try Self.chosen(Self.code), seed: 1)
        world.run(for: .seconds(5))
        let start = world.now
        let joiner = world.join(try Self.typed(Self.code), seed: 2)
        var arrival: Instant?
        for _ in 0..<200 where arrival == nil {
            world.run(for: .milliseconds(1))
            world.after(.milliseconds(1)) { _ in }
            if !joiner.received.isEmpty { arrival = world.now }
        }
        // Open, greeting with it; claim; open with the share; confirmations; descriptions.
        let trips = try #require(arrival).nanoseconds(since: start) / 20_000_000
        #expect(trips <= 6)
    }

    @Test func `wrong words end the meeting on both sides, and nothing sealed has left`() throws {
        for seed: UInt64 in 0..<4 {
            let world = MeetingWorld()
            world.join(try Self.chosen(Self.code), seed: 10 + seed)
            world.run(for: .seconds(1))
            world.join(try Self.typed(Self.otherCode), seed: 20 + seed)
            world.run()
            for participant in world.participants {
                #expect(participant.failure == .wrongCode)
                #expect(!participant.isVerified)
                #expect(participant.isClosed)
            }
            #expect(world.server.added.allSatisfy { ["pake", "confirm"].contains($0.phase) })
            #expect(world.server.moods == ["scary", "scary"])
            #expect(world.server.isEmpty)
        }
    }

    @Test func `a third side is told that two are there`() throws {
        let world = MeetingWorld()
        for seed: UInt64 in 1...2 {
            world.join(seed == 1 ? try Self.chosen(Self.code) : try Self.typed(Self.code), seed: seed).finishes = false
        }
        // The nameplate is free again once both have released it: the third comes before.
        let third = world.join(try Self.typed(Self.code), seed: 3)
        world.run(for: .seconds(60))
        #expect(third.failure == .crowded)
        #expect(third.isClosed)
        #expect(world.participants[..<2].allSatisfy { $0.isVerified })
    }

    @Test func `two sides meet by a secret`() throws {
        var random = RandomSource.seeded(9)
        let secret = RendezvousSecret(random: &random)
        let world = MeetingWorld()
        let first = world.join(.secret(secret, isFirst: true), seed: 1)
        world.run(for: .seconds(100))
        let second = world.join(.secret(secret, isFirst: false), seed: 2)
        world.run()
        #expect(first.hasMet(second))
        #expect(second.hasMet(first))
        #expect(world.server.isEmpty)
    }

    @Test func `what a killed program left under a secret is no hindrance`() throws {
        var random = RandomSource.seeded(9)
        let secret = RendezvousSecret(random: &random)
        let world = MeetingWorld()
        let killed = world.join(.secret(secret, isFirst: true), seed: 1)
        world.run(for: .seconds(1))
        world.kill(killed)
        let second = world.join(.secret(secret, isFirst: false), seed: 2)
        world.run(for: .seconds(100))
        #expect(second.failure == nil)
        let again = world.join(.secret(secret, isFirst: true), seed: 3)
        world.run()
        #expect(again.hasMet(second))
        #expect(second.hasMet(again))
    }

    @Test func `different secrets never meet`() throws {
        var random = RandomSource.seeded(9)
        let world = MeetingWorld()
        for isFirst in [true, false] {
            world.join(.secret(RendezvousSecret(random: &random), isFirst: isFirst), seed: isFirst ? 1 : 2)
        }
        world.run(for: .seconds(60))
        #expect(world.participants.allSatisfy { $0.events.last == .waiting })
    }

    @Test func `a cut at any frame does not prevent the meeting`() throws {
        let frames = try Self.meet().frames
        #expect(frames > 30)
        for cutAt in 1...frames {
            let world = try Self.meet(cutAt: cutAt, seed: UInt64(cutAt))
            let (maker, joiner) = (world.participants[0], world.participants[1])
            #expect(maker.hasMet(joiner) && joiner.hasMet(maker), "cut at frame \(cutAt)")
        }
    }

    @Test func `a server that forgets everything does not prevent the meeting`() throws {
        for milliseconds in stride(from: 0, through: 200, by: 5) {
            let world = try Self.meet(forgetAt: .milliseconds(milliseconds))
            let (maker, joiner) = (world.participants[0], world.participants[1])
            #expect(maker.hasMet(joiner) && joiner.hasMet(maker), "after \(milliseconds) ms")
        }
    }

    @Test func `a stamp is searched for where a server asks for it`() throws {
        let world = MeetingWorld()
        world.server.welcome.permissions = [.hashcash(bits: 8, resource: "mailbox")]
        world.join(try Self.chosen(Self.code), seed: 1)
        world.join(try Self.typed(Self.code), seed: 2)
        world.run()
        #expect(world.participants[0].hasMet(world.participants[1]))
        #expect(Hashcash.day(1_760_000_000) == "251009")
        #expect(Hashcash.day(951_782_400) == "000229")
    }

    @Test func `a server that does not serve is believed`() throws {
        let world = MeetingWorld()
        world.server.welcome.error = "go\u{1B}[2J away"
        let side = world.join(.newCode(words: 2), seed: 1)
        world.run()
        #expect(side.failure == .refused(SafeText("go\u{1B}[2J away")))
        #expect(side.failure?.description.contains("\u{1B}") == false)
        #expect(side.isClosed)
        let hard = MeetingWorld()
        hard.server.welcome.permissions = [.hashcash(bits: 60, resource: "r")]
        #expect(hard.join(.newCode(words: 2), seed: 1).failure == nil)
        hard.run()
        #expect(hard.participants[0].failure == .permissionRequired)
    }

    @Test func `a side that gives up leaves nothing behind`() throws {
        let world = MeetingWorld()
        let side = world.join(.newCode(words: 2), seed: 1)
        world.run(for: .seconds(5))
        side.meeting.abandon(at: world.now)
        world.drain(side)
        world.run()
        #expect(side.isClosed)
        #expect(side.failure == nil)
        #expect(world.server.isEmpty)
        #expect(world.server.moods == ["lonely"])
    }

    @Test func `the other side's silence ends the meeting`() throws {
        let world = MeetingWorld()
        let maker = world.join(try Self.chosen(Self.code), seed: 1)
        let joiner = world.join(try Self.typed(Self.code), seed: 2)
        world.run(for: .milliseconds(75))
        world.kill(joiner)
        world.run()
        #expect(maker.failure == .otherSideSilent || maker.failure == nil)
        #expect(maker.isClosed)
    }
}
