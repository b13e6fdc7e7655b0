// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import Testing
import Wire

@Suite struct PlainChatTests {
    @Test(arguments: ["", "hello", "two\nlines", #"{"type":"bye"}"#])
    func `a text is a message and a message is a text`(text: String) throws {
        let chat = PlainChat(maximumMessageCount: 65_536)
        let messages = chat.messages(for: text)
        #expect(messages == [Array(text.utf8)])
        let message = Array(text.utf8)
        let received = try chat.receive(message.span)
        #expect(received == ReceivedChat(id: 0, time: 0, text: text))
    }

    @Test(arguments: [4, 5, 6, 7, 100])
    func `long texts are cut between scalars`(limit: Int) throws {
        let chat = PlainChat(maximumMessageCount: limit)
        let text = String(repeating: "aé€😀", count: 50)
        let messages = chat.messages(for: text)
        #expect(messages.allSatisfy { (1...limit).contains($0.count) && String(validating: $0, as: UTF8.self) != nil })
        #expect(messages.flatMap { $0 } == Array(text.utf8))
    }

    @Test func `a browser's text is shown without what could steer the terminal`() throws {
        let chat = PlainChat(maximumMessageCount: 0)
        let bytes = Array("a\u{1B}[2J\nb\u{202E}".utf8) + [0xFF]
        let received = try chat.receive(bytes.span)
        #expect(received.displayed.string == "a\\x1b[2J\nb\\u{202e}\u{FFFD}")
    }

    @Test func `a text beyond the limit is refused`() {
        let bytes = [UInt8](repeating: 0x61, count: ConversationLimits.textCount + 1)
        #expect(throws: ConversationMessageError.tooLong(bytes.count)) {
            try PlainChat(maximumMessageCount: 0).receive(bytes.span)
        }
    }
}
