// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import Reactor
import Testing

@testable import Sessions

@Suite(.timeLimit(.minutes(2)))
struct SessionChatTests {
    @Test
    func `Two people who chat know each other's names and finish with a bye`() async throws {
        let pair = try await SessionPair()
        let names = [
            await pair.left.first { if case .peer(let hello) = $0 { hello?.name } else { nil } },
            await pair.right.first { if case .peer(let hello) = $0 { hello?.name } else { nil } },
        ]
        #expect(names == ["Right", "Left"])
        try await pair.left.session.say("hello")
        #expect(await pair.right.chat() == "hello")
        try await pair.right.session.say("and hello to you")
        #expect(await pair.left.chat() == "and hello to you")
        #expect(await pair.finish() == [.finished, .finished])
    }

    @Test
    func `Empty, long and largest texts arrive as they are, and are delivered`() async throws {
        let pair = try await SessionPair()
        let texts = [
            "", String(repeating: "ab\n\u{1}\"\\é🙂", count: 200 * 1_024 / 13), "",
            String(repeating: "x", count: ConversationLimits.textCount),
        ]
        for text in texts {
            let id = try await pair.left.session.say(text)
            let received = await pair.right.chat()
            #expect(received == text, "\(text.utf8.count) bytes")
            let delivered = await pair.left.first { if case .delivered(let id) = $0 { id } else { nil } }
            #expect(delivered == id)
        }
        await #expect(throws: SessionError.textTooLong(ConversationLimits.textCount + 1)) {
            try await pair.left.session.say(String(repeating: "x", count: ConversationLimits.textCount + 1))
        }
        #expect(await pair.finish() == [.finished, .finished])
    }

    @Test
    func `A text said before the connection waits for it`() async throws {
        let left = try await SessionSide("Left", .symmetric)
        let right = try await SessionSide("Right", .symmetric)
        let session = left.session
        let saying = Task { try await session.say("early") }
        try await left.peer.setRemote(right.peer.localDescription())
        try await right.peer.setRemote(left.peer.localDescription())
        #expect(await right.chat() == "early")
        _ = try await saying.value
        await session.finish()
        #expect([await left.end(), await right.end()] == [.finished, .finished])
    }

    @Test
    func `One who finishes first still gets what the other had said`() async throws {
        let pair = try await SessionPair()
        let count = 300
        let session = pair.right.session
        let saying = Task {
            for number in 0..<count {
                try await session.say("\(number)")
            }
            await session.finish()
        }
        var received: [String] = []
        while received.count < count, let text = await pair.left.chat() {
            received.append(text)
        }
        try await saying.value
        #expect(received == (0..<count).map { "\($0)" })
        #expect([await pair.left.end(), await pair.right.end()] == [.finished, .finished])
    }

    @Test
    func `After the bye of one end of a pipe the other goes on until it has finished`() async throws {
        let pair = try await SessionPair(leftEndsWithBye: false, rightEndsWithBye: false)
        let left = pair.left.session
        let finishing = Task { await left.finish() }
        try await pair.right.session.say("one")
        #expect(await pair.left.chat() == "one")
        try await pair.right.session.say("two")
        #expect(await pair.left.chat() == "two")
        await pair.right.session.finish()
        await finishing.value
        #expect([await pair.left.end(), await pair.right.end()] == [.finished, .finished])
        await #expect(throws: SessionError.ended(.finished)) { try await left.say("too late") }
    }

    @Test
    func `A reader who does not read holds up the other side, and gets everything in the end`() async throws {
        let pair = try await SessionPair()
        let text = String(repeating: "z", count: 65_536)
        let session = pair.left.session
        let count = 600
        let saying = Task {
            for _ in 0..<count { try await session.say(text) }
            await session.finish()
        }
        var received = 0
        while received < count, await pair.right.chat() == text { received += 1 }
        try await saying.value
        #expect(received == count)
        #expect([await pair.left.end(), await pair.right.end()] == [.finished, .finished])
    }

    @Test
    func `An interrupted side tells the other`() async throws {
        let pair = try await SessionPair()
        try await pair.left.session.say("hello")
        #expect(await pair.right.chat() == "hello")
        await pair.left.session.interrupt()
        #expect(await pair.left.end() == .interrupted)
        #expect(await pair.right.end() == .finished)
    }

    @Test
    func `A session is interrupted before anybody comes`() async throws {
        let side = try await SessionSide("Alone", .symmetric)
        await side.session.interrupt()
        #expect(await side.end() == .interrupted)
        #expect(SessionEnd.interrupted.exitStatus == 130)
    }

    @Test
    func `A session that ends before anybody came had no path`() async throws {
        let side = try await SessionSide("Alone", .symmetric)
        await side.peer.shutDown()
        let end = await side.end()
        #expect(end == .noPath)
        #expect(end.exitStatus == 3)
    }

    @Test
    func `A connection that is closed without a bye is a peer lost`() async throws {
        let pair = try await SessionPair()
        try await pair.left.session.say("hello")
        #expect(await pair.right.chat() == "hello")
        await pair.left.peer.close()
        let end = await pair.right.end()
        #expect(end == .closedByPeer)
        #expect(end.exitStatus == 6)
        await #expect(throws: SessionError.ended(.closedByPeer)) { try await pair.right.session.say("?") }
    }

    @Test
    func `By offer and answer two icetalks recognise each other`() async throws {
        let pair = try await SessionPair.overSDP()
        try await pair.left.session.say("from the offerer")
        #expect(await pair.right.chat() == "from the offerer")
        try await pair.right.session.say("from the answerer")
        #expect(await pair.left.chat() == "from the answerer")
        let hello = pair.left.told.contains { if case .peer(let hello) = $0 { hello?.name == "Right" } else { false } }
        #expect(hello)
        #expect(await pair.finish() == [.finished, .finished])
    }
}
