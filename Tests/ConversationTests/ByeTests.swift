// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import Testing

@Suite struct ByeTests {
    @Test func `bye waits for every ack, and ends both sides`() throws {
        var pair = ConversationPair()
        _ = try pair.alice.send(text: "last words", time: 0)
        pair.alice.finish()
        let messages = pair.alice.drainMessages()
        #expect(messages.count == 2 && !messages.contains { $0.contains("bye") })
        for message in messages { try pair.bob.receive(message) }
        try pair.run()
        let (aliceEvents, bobEvents, texts) = (pair.aliceEvents, pair.bobEvents, pair.bobTexts)
        #expect(aliceEvents.suffix(2) == [.peerFinished, .ended])
        #expect(bobEvents.suffix(2) == [.peerFinished, .ended])
        #expect(texts == ["last words"])
        let isEnded = (pair.alice.isEnded, pair.bob.isEnded)
        #expect(isEnded.0 && isEnded.1)
    }

    @Test func `after finishing nothing more is accepted, here or because the peer finished`() throws {
        var pair = ConversationPair()
        pair.alice.finish()
        #expect(throws: ConversationCore.Refusal.finished) { _ = try pair.alice.send(text: "x", time: 0) }
        try pair.run()
        #expect(throws: ConversationCore.Refusal.finished) { _ = try pair.bob.send(text: "x", time: 0) }
    }

    @Test func `the other end of a pipe may go on until it is done`() throws {
        var pair = ConversationPair(onPeerBye: .keepSending)
        pair.bob.finish()
        try pair.run()
        _ = try pair.alice.send(text: "still here", time: 0)
        try pair.run()
        let (texts, early) = (pair.bobTexts, pair.bob.isEnded)
        #expect(texts == ["still here"] && !early)
        pair.alice.finish()
        try pair.run()
        let isEnded = (pair.alice.isEnded, pair.bob.isEnded)
        #expect(isEnded.0 && isEnded.1)
    }

    @Test func `a bye that got lost is said again`() throws {
        var pair = ConversationPair()
        try pair.run()
        pair.alice.finish()
        let bye = pair.alice.drainMessages()
        #expect(bye == [#"{"type":"bye"}"#])
        pair.close()
        pair.open()
        try pair.run()
        let isEnded = (pair.alice.isEnded, pair.bob.isEnded)
        #expect(isEnded.0 && isEnded.1)
    }

    @Test func `a second bye changes nothing`() throws {
        var pair = ConversationPair()
        pair.alice.finish()
        try pair.run()
        try pair.bob.receive(#"{"type":"bye"}"#)
        let events = pair.bob.drainEvents()
        #expect(events.isEmpty)
    }
}
