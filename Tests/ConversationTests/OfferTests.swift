// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import FileTransfer
import Testing
import Wire

@Suite struct OfferTests {
    private let file = TransferOffer(name: Array("a.txt".utf8), size: 12)

    private func offered(_ pair: inout ConversationPair) throws -> TransferID {
        let id = try pair.alice.offer(self.file)
        try pair.run()
        let last = pair.bobEvents.last
        #expect(last == .offered(id, self.file))
        return id
    }

    @Test func `an offer is accepted, sent and completed`() throws {
        var pair = ConversationPair()
        let id = try self.offered(&pair)
        let isAccepted = pair.bob.accept(id)
        try pair.run()
        let accepted = pair.aliceEvents.last
        #expect(isAccepted && accepted == .accepted(id))
        let isComplete = pair.bob.complete(id, size: 12)
        try pair.run()
        let completed = pair.aliceEvents.last
        #expect(isComplete && completed == .completed(id, size: 12))
        let again = pair.bob.complete(id, size: 12)
        #expect(!again)
    }

    @Test func `an offer is declined`() throws {
        var pair = ConversationPair()
        let id = try self.offered(&pair)
        let isDeclined = pair.bob.decline(id)
        try pair.run()
        let event = pair.aliceEvents.last
        let isAccepted = pair.bob.accept(id)
        #expect(isDeclined && event == .declined(id) && !isAccepted)
    }

    @Test(arguments: [true, false], [true, false])
    func `either side cancels, before or after the answer`(byAlice: Bool, isRunning: Bool) throws {
        var pair = ConversationPair()
        let id = try self.offered(&pair)
        if isRunning {
            _ = pair.bob.accept(id)
            try pair.run()
        }
        let isCancelled = byAlice ? pair.alice.cancel(id, .user) : pair.bob.cancel(id, .localFile)
        try pair.run()
        let event = byAlice ? pair.bobEvents.last : pair.aliceEvents.last
        #expect(isCancelled && event == .cancelled(id, byAlice ? .user : .localFile))
    }

    @Test func `messages that crossed are stale and harmless`() throws {
        var pair = ConversationPair()
        let id = try self.offered(&pair)
        _ = pair.alice.cancel(id, .user)
        _ = pair.bob.accept(id)
        #expect(throws: ConversationCore.Failure.staleTransfer(id)) { try pair.run() }
        try pair.run()
        let (event, left) = (pair.bobEvents.last, pair.bob.complete(id, size: 12))
        #expect(event == .cancelled(id, .user) && !left)
    }

    @Test(arguments: ["accept", "decline", "cancel", "complete"])
    func `a peer cannot answer for an offer that there is not, nor its own`(type: String) throws {
        var pair = ConversationPair()
        let id = try self.offered(&pair)
        let unknown = try #require(TransferID(id.number ^ 1))
        #expect(throws: ConversationCore.Failure.staleTransfer(unknown)) {
            try pair.alice.receive(#"{"type":"\#(type)","id":\#(unknown.number),"size":1}"#)
        }
        guard type != "cancel" else { return }
        #expect(throws: ConversationCore.Failure.staleTransfer(id)) {
            try pair.bob.receive(#"{"type":"\#(type)","id":\#(id.number),"size":1}"#)
        }
    }

    @Test func `completion before acceptance is stale, and an id cannot be taken twice`() throws {
        var pair = ConversationPair()
        let id = try self.offered(&pair)
        #expect(throws: ConversationCore.Failure.staleTransfer(id)) {
            try pair.alice.receive(#"{"type":"complete","id":\#(id.number),"size":1}"#)
        }
        #expect(throws: ConversationCore.Failure.staleTransfer(id)) {
            try pair.bob.receive(#"{"type":"offer","id":\#(id.number),"name":"other"}"#)
        }
    }

    @Test func `offers beyond the limit are declined`() throws {
        var pair = ConversationPair()
        for number in 1...ConversationLimits.offers {
            try pair.bob.receive(#"{"type":"offer","id":\#(number),"name":"x"}"#)
        }
        _ = pair.bob.drainEvents()
        _ = pair.bob.drainMessages()
        try pair.bob.receive(#"{"type":"offer","id":999,"name":"x"}"#)
        let (events, messages) = (pair.bob.drainEvents(), pair.bob.drainMessages())
        #expect(events.isEmpty)
        #expect(messages == [#"{"id":999,"type":"decline"}"#])
    }

    @Test func `a name that is not UTF-8 arrives byte by byte`() throws {
        var pair = ConversationPair()
        let offer = TransferOffer(name: [0x61, 0xFF, 0x00, 0x2F, 0xC3], size: nil)
        let id = try pair.alice.offer(offer)
        try pair.run()
        let event = pair.bobEvents.last
        #expect(event == .offered(id, offer))
    }

    @Test func `a name that does not fit a message is refused here`() {
        var pair = ConversationPair(isOpen: false)
        let offer = TransferOffer(name: [UInt8](repeating: 0xFF, count: 4_096), size: 1)
        #expect(throws: ConversationCore.Refusal.nameTooLong) { _ = try pair.alice.offer(offer) }
    }
}
