// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import Rendezvous

/// A mailbox server that does what it likes: never a meeting with somebody else, always a clear outcome.
struct HostileMailboxTests {
    typealias Intercept = (MeetingWorld, MailboxResponse, Int) -> [MailboxResponse]

    /// How two sides find each other.
    enum Way: CaseIterable {
        case code
        case secret
    }

    /// A meeting in a server that delivers what `intercept` makes of its responses.
    static func meet(_ way: Way = .code, seed: UInt64 = 1, _ intercept: @escaping Intercept) throws -> MeetingWorld {
        let world = MeetingWorld()
        world.intercept = { [unowned world] response, index in intercept(world, response, index) }
        var random = RandomSource.seeded(seed &+ 1_000)
        let secret = RendezvousSecret(random: &random)
        let ways: [MeetingWay] =
            switch way {
            case .code: [try MeetingTests.chosen(MeetingTests.code), try MeetingTests.typed(MeetingTests.code)]
            case .secret: [.secret(secret, isFirst: true), .secret(secret, isFirst: false)]
            }
        for (index, way) in ways.enumerated() {
            world.join(way, seed: seed * 2 + UInt64(index))
        }
        world.run(for: .seconds(1_000))
        let (a, b) = (world.participants[0], world.participants[1])
        #expect(a.isSafe(from: b, underSecret: way == .secret), "\(a.events)")
        #expect(b.isSafe(from: a, underSecret: way == .secret), "\(b.events)")
        return world
    }

    static func hasMet(_ world: MeetingWorld) -> Bool {
        world.participants[0].hasMet(world.participants[1]) && world.participants[1].hasMet(world.participants[0])
    }

    @Test(arguments: Way.allCases)
    func `messages that are repeated are told once`(_ way: Way) throws {
        let world = try Self.meet(way) { world, response, index in
            if case .message = response { world.deliver(response, to: index, after: .milliseconds(40)) }
            return [response, response]
        }
        #expect(Self.hasMet(world))
    }

    @Test(arguments: Way.allCases)
    func `messages that come in any order are told in theirs`(_ way: Way) throws {
        for seed: UInt64 in 0..<30 {
            var random = RandomSource.seeded(seed)
            let world = try Self.meet(way, seed: seed) { world, response, index in
                guard case .message = response else { return [response] }
                world.deliver(response, to: index, after: .milliseconds(Int.random(in: 10...60, using: &random)))
                return []
            }
            #expect(Self.hasMet(world), "seed \(seed)")
        }
    }

    @Test(arguments: Way.allCases)
    func `a side's own messages are not the other side's`(_ way: Way) throws {
        for name in ["someone", nil] {
            _ = try Self.meet(way) { world, response, index in
                guard case .message(var message) = response else { return [response] }
                let other = world.participants[1 - index].meeting.client.side
                guard message.side == world.participants[index].meeting.client.side else { return [] }
                message.side = name ?? other
                return [response, .message(message)]
            }
        }
    }

    @Test(arguments: Way.allCases)
    func `a message that is withheld prevents the meeting at most`(_ way: Way) throws {
        for lost in 1...40 {
            var count = 0
            let world = try Self.meet(way, seed: UInt64(lost)) { _, response, _ in
                count += 1
                return count == lost ? [] : [response]
            }
            let failures: [MeetingFailure?] = [nil, .otherSideSilent]
            #expect(world.participants.allSatisfy { failures.contains($0.failure) }, "response \(lost)")
        }
    }

    @Test(arguments: Way.allCases)
    func `a message that is changed is not believed`(_ way: Way) throws {
        for changed in 0..<12 {
            for position in [0, 1, 2, 20, 60, 400] {
                var count = 0
                _ = try Self.meet(way, seed: UInt64(changed)) { _, response, _ in
                    guard case .message(var message) = response else { return [response] }
                    count += 1
                    guard count - 1 == changed, message.body.indices.contains(position) else { return [response] }
                    message.body[position] ^= 1
                    return [.message(message)]
                }
            }
        }
    }

    @Test func `a share that is swapped ends the meeting on both sides`() throws {
        let world = try Self.meet { world, response, index in
            guard case .message(var message) = response, message.phase == "pake" else { return [response] }
            // What a server knows that guesses other words.
            message.body = [1, 1, 4] + (message.body.count > 4 ? Array(message.body[3...]) : [])
            message.side += "x"
            return [.message(message)]
        }
        #expect(world.participants.allSatisfy { $0.failure != nil && !$0.isVerified })
    }

    @Test func `messages of one direction or meeting are none of another`() throws {
        let first = try Self.meet { _, response, _ in [response] }
        let old = first.server.added
        // The same code once more, and the server answers with what was said the first time.
        let world = try Self.meet(seed: 7) { world, response, index in
            guard case .message(let message) = response, let number = Int(message.phase) else { return [response] }
            let replay = old.filter { Int($0.phase) == number }.map { earlier in
                MailboxResponse.message(MailboxMessage(side: message.side, phase: message.phase, body: earlier.body))
            }
            return replay + [response]
        }
        #expect(Self.hasMet(world))
    }

    @Test(arguments: Way.allCases)
    func `a flood ends the meeting at most`(_ way: Way) throws {
        var random = RandomSource.seeded(1)
        let world = try Self.meet(way) { world, response, index in
            guard case .message(let message) = response else { return [response] }
            return (0..<600).map { number in
                let sides = [message.side, "x\(number)"]
                let phases = ["pake", "confirm", "\(number)", "hello-\(number)", "99999999999999999999"]
                return .message(
                    MailboxMessage(
                        side: sides[Int.random(in: 0...1, using: &random)],
                        phase: phases[Int.random(in: 0..<phases.count, using: &random)],
                        body: random.bytes(40)
                    )
                )
            } + [response]
        }
        #expect(world.participants.allSatisfy { $0.meeting.early.count <= MeetingLimits.heldMessages })
    }

    @Test func `greetings under a secret are answered so many times`() throws {
        var random = RandomSource.seeded(1)
        let world = try Self.meet(.secret) { _, response, _ in
            guard case .message(let message) = response, message.phase.hasPrefix("hello") else { return [response] }
            return (0..<400).map { number in
                .message(
                    MailboxMessage(side: message.side, phase: "hello-\(number)", body: [1, 1] + random.bytes(16))
                )
            }
        }
        for participant in world.participants {
            #expect(participant.meeting.client.messages.count <= MeetingLimits.greetings + 1)
        }
    }

    @Test func `a server that hangs up from some frame on is given up`() throws {
        for frame in stride(from: 1, through: 60, by: 3) {
            let world = MeetingWorld()
            world.cutAt = frame
            world.cutsForever = true
            world.join(try MeetingTests.chosen(MeetingTests.code), seed: 1)
            world.join(try MeetingTests.typed(MeetingTests.code), seed: 2)
            world.run()
            for participant in world.participants {
                let failures: [MeetingFailure?] = [nil, .serverUnreachable, .otherSideSilent]
                #expect(participant.isClosed && failures.contains(participant.failure), "frame \(frame)")
            }
        }
    }

    @Test(arguments: Way.allCases)
    func `whatever a server does, nobody meets anybody else`(_ way: Way) throws {
        for seed: UInt64 in 0..<60 {
            var random = RandomSource.seeded(seed)
            let malice = Int.random(in: 2...30, using: &random)
            _ = try Self.meet(way, seed: seed) { world, response, index in
                guard Int.random(in: 0..<malice, using: &random) == 0 else { return [response] }
                return Self.evil(response, world, index, &random)
            }
        }
    }

    private static func evil(
        _ response: MailboxResponse,
        _ world: MeetingWorld,
        _ index: Int,
        _ random: inout RandomSource
    ) -> [MailboxResponse] {
        let delay = Duration.milliseconds(Int.random(in: 1...5_000, using: &random))
        let added = world.server.added
        switch Int.random(in: 0..<10, using: &random) {
        case 0: return []
        case 1:
            world.deliver(response, to: index, after: delay)
            return []
        case 2:
            return [
                .error(["crowded", "reclaimed", "no"][Int.random(in: 0..<3, using: &random)], orig: nil), response,
            ]
        case 3: return [.closed, .released, response]
        case 4: return [.claimed(mailbox: "other"), .allocated(nameplate: "77"), response]
        case 5: return [.welcome(MailboxWelcome()), .pong(JSONText(1)), response]
        case 6:
            world.after(delay) { world in
                if index < world.participants.count { world.cut(world.participants[index]) }
            }
            return [response]
        default:
            guard var message = added.randomElement(using: &random) else { return [response] }
            let other = added.randomElement(using: &random) ?? message
            switch Int.random(in: 0..<4, using: &random) {
            case 0: message.side = other.side
            case 1: message.phase = other.phase
            case 2: message.body = other.body
            default: message.body = random.bytes(message.body.count)
            }
            return [.message(message), response]
        }
    }
}
