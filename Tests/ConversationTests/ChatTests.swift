// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import FileTransfer
import Testing
import Wire

@Suite struct ChatTests {
    @Test func `both say hello first, then chat flows and is acknowledged`() throws {
        var pair = ConversationPair()
        let ids = try [pair.alice.send(text: "hi", time: 5), pair.alice.send(text: "", time: 6)]
        #expect(pair.alice.undelivered == 2)
        try pair.run()
        let (aliceEvents, bobEvents) = (pair.aliceEvents, pair.bobEvents)
        #expect(
            aliceEvents == [.peerHello(PeerHello(name: "Bob", version: "1", capabilities: ["transfer"]))]
                + ids.map { .delivered($0) }
        )
        #expect(
            bobEvents == [
                .peerHello(PeerHello(name: "Alice", version: "1", capabilities: ["transfer"])),
                .chat(ReceivedChat(id: ids[0], time: 5, text: "hi")),
                .chat(ReceivedChat(id: ids[1], time: 6, text: "")),
            ]
        )
        #expect(pair.alice.undelivered == 0)
    }

    @Test(arguments: [4_096, 16_384, 262_144, 0])
    func `a line of 200 KiB passes in parts`(limit: Int) throws {
        var pair = ConversationPair(isOpen: false)
        pair.open(maximumMessageCount: limit)
        let text = String(repeating: "0123456789abcdef", count: 12_800)
        let id = try pair.alice.send(text: text, time: 0)
        try pair.run()
        let (texts, delivered) = (pair.bobTexts, pair.deliveredToBob)
        #expect(texts == [text])
        #expect(delivered == [id])
    }

    @Test(arguments: 0..<80 as Range<UInt64>)
    func `any text passes, and no message is larger than the peer takes`(seed: UInt64) throws {
        let pool: [String] = [
            "a", "\"", "\\", "/", "\n", "\u{0}", "\u{1F}", "\u{7F}", "é", "€", "😀", "\u{2028}", "\r\n", "👨‍👩‍👧",
        ]
        var random = RandomSource.seeded(seed)
        let kind = Int(seed) % (pool.count + 1)
        var text = ""
        for _ in 0..<Int.random(in: 0...20_000, using: &random) {
            text += kind < pool.count ? pool[kind] : pool[Int.random(in: 0..<pool.count, using: &random)]
        }
        var pair = ConversationPair(seed: seed, isOpen: false)
        pair.open(maximumMessageCount: 4_096)
        _ = try pair.alice.send(text: text, time: .max)
        var largest = 0
        while let message = pair.alice.pollMessage() {
            largest = max(largest, message.count)
            pair.toBob.append(message)
        }
        try pair.run()
        let texts = pair.bobTexts
        #expect(largest <= 4_096, "seed \(seed)")
        #expect(texts.map { Array($0.utf8) } == [Array(text.utf8)], "seed \(seed)")
    }

    @Test func `what a chat may hold is bounded here and there`() throws {
        var pair = ConversationPair()
        let tooLong = String(repeating: "x", count: ConversationLimits.textCount + 1)
        #expect(throws: ConversationCore.Refusal.textTooLong(tooLong.utf8.count)) {
            _ = try pair.alice.send(text: tooLong, time: 0)
        }
        let part = String(repeating: "x", count: 200_000)
        for index in 0..<5 {
            try pair.bob.receive(#"{"type":"chat","id":1,"text":"\#(part)","part":\#(index),"last":false}"#)
        }
        #expect(throws: ConversationCore.Failure.wrongPart) {
            try pair.bob.receive(#"{"type":"chat","id":1,"text":"\#(part)","part":5,"last":true}"#)
        }
        let events = pair.bob.drainEvents()
        #expect(events.isEmpty)
    }

    @Test func `the outbox is bounded, and says when to wait`() throws {
        var pair = ConversationPair()
        let text = String(repeating: "x", count: ConversationLimits.textCount)
        let hadRoom = pair.alice.hasRoom
        for _ in 0..<16 { _ = try pair.alice.send(text: text, time: 0) }
        let hasRoom = pair.alice.hasRoom
        #expect(hadRoom && !hasRoom)
        #expect(throws: ConversationCore.Refusal.outboxFull) { _ = try pair.alice.send(text: "x", time: 0) }
        try pair.run()
        _ = try pair.alice.send(text: "x", time: 0)
        var other = ConversationPair()
        for _ in 0..<ConversationLimits.outboxCount { _ = try other.alice.send(text: "", time: 0) }
        #expect(throws: ConversationCore.Refusal.outboxFull) { _ = try other.alice.send(text: "", time: 0) }
    }

    @Test func `parts that do not follow each other are refused, and chat goes on`() throws {
        var pair = ConversationPair()
        try pair.bob.receive(#"{"type":"chat","id":1,"text":"a","part":0,"last":false}"#)
        #expect(throws: ConversationCore.Failure.wrongPart) {
            try pair.bob.receive(#"{"type":"chat","id":1,"text":"c","part":2,"last":true}"#)
        }
        #expect(throws: ConversationCore.Failure.wrongPart) {
            try pair.bob.receive(#"{"type":"chat","id":1,"text":"b","part":1,"last":true}"#)
        }
        #expect(throws: ConversationCore.Failure.wrongPart) {
            try pair.bob.receive(#"{"type":"chat","id":2,"text":"b","part":1,"last":true}"#)
        }
        try pair.bob.receive(#"{"type":"chat","id":3,"text":"fine"}"#)
        let events = pair.bob.drainEvents()
        #expect(events == [.chat(ReceivedChat(id: 3, time: 0, text: "fine"))])
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `over any number of lost connections each text is shown once and in order`(seed: UInt64) throws {
        var random = RandomSource.seeded(seed)
        var pair = ConversationPair(seed: seed)
        var sent: [String] = []
        for number in 0..<30 {
            let text = String(repeating: "\(number) ", count: Int.random(in: 0...3_000, using: &random))
            sent.append(text)
            _ = try pair.alice.send(text: text, time: 0)
            for _ in 0..<Int.random(in: 0...6, using: &random) { _ = try pair.step() }
            if Int.random(in: 0..<4, using: &random) == 0 {
                pair.close()
                pair.open(maximumMessageCount: 4_096)
            }
        }
        try pair.run()
        let (texts, delivered, left) = (pair.bobTexts, pair.deliveredToBob, pair.alice.undelivered)
        #expect(texts == sent, "seed \(seed)")
        #expect(delivered.count == sent.count && Set(delivered).count == sent.count && left == 0, "seed \(seed)")
    }

    @Test func `nothing is said without a channel, and everything once there is one`() throws {
        var pair = ConversationPair(isOpen: false)
        _ = try pair.alice.send(text: "early", time: 0)
        let silent = pair.alice.pollMessage()
        #expect(silent == nil)
        pair.open()
        try pair.run()
        let texts = pair.bobTexts
        #expect(texts == ["early"])
    }

    @Test func `acks of what was not sent, or twice, change nothing`() throws {
        var pair = ConversationPair()
        let id = try pair.alice.send(text: "x", time: 0)
        for stale in [id, 0, id + 1, 9_007_199_254_740_991] {
            #expect(throws: ConversationCore.Failure.staleAck(stale)) {
                try pair.alice.receive(#"{"type":"ack","id":\#(stale)}"#)
            }
        }
        let left = pair.alice.undelivered
        #expect(left == 1)
        try pair.run()
        #expect(throws: ConversationCore.Failure.staleAck(id)) {
            try pair.alice.receive(#"{"type":"ack","id":\#(id)}"#)
        }
    }

    @Test func `acks may come in any order`() throws {
        var pair = ConversationPair()
        let ids = try (0..<5).map { _ in try pair.alice.send(text: "x", time: 0) }
        _ = pair.alice.drainMessages()
        for id in [ids[3], ids[0], ids[4], ids[1], ids[2]] { try pair.alice.receive(#"{"type":"ack","id":\#(id)}"#) }
        let (events, left) = (pair.alice.drainEvents(), pair.alice.undelivered)
        #expect(events == [ids[3], ids[0], ids[4], ids[1], ids[2]].map { .delivered($0) })
        #expect(left == 0)
    }

    @Test func `a flood of chat without taking acks ends in an error`() throws {
        var pair = ConversationPair()
        var failure: ConversationCore.Failure?
        var count = 0
        while failure == nil, count <= ConversationLimits.pendingAcks {
            do throws(ConversationCore.Failure) {
                try pair.bob.receive(#"{"type":"chat","id":1,"text":""}"#)
                count += 1
            } catch {
                failure = error
            }
        }
        #expect(failure == .flooding)
        #expect(count == ConversationLimits.pendingAcks)
    }

    @Test func `malformed messages are reported and dropped`() throws {
        var pair = ConversationPair()
        #expect(throws: ConversationCore.Failure.malformed(.malformed)) { try pair.bob.receive("{") }
        try pair.bob.receive(#"{"type":"dance"}"#)
        let events = pair.bob.drainEvents()
        #expect(events.isEmpty)
    }
}
