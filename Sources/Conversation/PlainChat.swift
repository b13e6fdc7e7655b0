// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Chat with a peer that does not speak `icetalk.v1`, such as a browser: a text message of any channel is a chat text.
///
/// There are no ids, acks or byes: delivered is what the channel's transport says.
package struct PlainChat: Sendable {
    private let limit: Int

    /// Creates a chat with a peer that takes messages of this many bytes (0: of any size, RFC 8841 §6.1).
    package init(maximumMessageCount: Int) {
        self.limit = maximumMessageCount == 0 ? ConversationLimits.messageCount : max(maximumMessageCount, 4)
    }

    /// The messages that carry a text: one, or several when it is longer than the peer takes, cut between scalars.
    package func messages(for text: String) -> [[UInt8]] {
        let utf8 = Array(text.utf8)
        guard utf8.count > self.limit else { return [utf8] }
        var messages: [[UInt8]] = []
        var start = 0
        while start < utf8.count {
            var end = min(start + self.limit, utf8.count)
            while end < utf8.count, end > start + 1, utf8[end] & 0xC0 == 0x80 { end -= 1 }
            messages.append(Array(utf8[start..<end]))
            start = end
        }
        return messages
    }

    /// The chat text in a message; throws `tooLong` beyond `ConversationLimits.textCount`.
    ///
    /// Bytes that are not UTF-8 become replacement characters, as in a browser.
    package func receive(_ message: Span<UInt8>) throws(ConversationMessageError) -> ReceivedChat {
        guard message.count <= ConversationLimits.textCount else { throw .tooLong(message.count) }
        return ReceivedChat(id: 0, time: 0, text: String(decoding: [UInt8](copying: message), as: UTF8.self))
    }
}
