// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DequeModule

/// The chat texts that the peer has not acknowledged, and how far they were sent.
struct Outbox: Sendable {
    private struct Entry: Sendable {
        let time: UInt64
        let utf8: [UInt8]
        var isAcknowledged = false
    }

    /// The bytes of a chat message in JSON beside its text: keys, quotes and four integers of up to 20 digits.
    private static let envelope = 160

    private var entries: Deque<Entry> = []
    private var firstID: ChatID
    private var sendingIndex = 0
    private var sendingOffset = 0
    private var sendingPart = 0

    /// How many bytes of text are in it.
    private(set) var byteCount = 0

    /// Begins with the id of the first text.
    init(firstID: ChatID) {
        self.firstID = firstID
    }

    /// Whether everything was acknowledged.
    var isEmpty: Bool { self.entries.isEmpty }

    /// How many texts are not yet acknowledged.
    var undelivered: Int {
        self.entries.reduce(0) { $1.isAcknowledged ? $0 : $0 + 1 }
    }

    /// Whether a text of this many bytes has room.
    func hasRoom(for count: Int) -> Bool {
        self.entries.count < ConversationLimits.outboxCount && self.byteCount + count <= ConversationLimits.outboxBytes
    }

    /// Adds a text and says its id.
    mutating func append(_ text: String, time: UInt64) -> ChatID {
        let entry = Entry(time: time, utf8: Array(text.utf8))
        self.byteCount += entry.utf8.count
        self.entries.append(entry)
        return self.firstID + ChatID(self.entries.count - 1)
    }

    /// Begins again with the oldest text that is not acknowledged: what was sent may not have arrived.
    mutating func rewind() {
        self.sendingIndex = 0
        self.sendingOffset = 0
        self.sendingPart = 0
    }

    /// Notes that a text arrived; false unless it was sent and had not been acknowledged.
    mutating func acknowledge(_ id: ChatID) -> Bool {
        guard id >= self.firstID, id - self.firstID < ChatID(self.sendingIndex) else { return false }
        let index = Int(id - self.firstID)
        guard !self.entries[index].isAcknowledged else { return false }
        self.entries[index].isAcknowledged = true
        while let first = self.entries.first, first.isAcknowledged {
            self.byteCount -= first.utf8.count
            self.entries.removeFirst()
            self.firstID += 1
            self.sendingIndex -= 1
        }
        return true
    }

    /// The next part to send, whose JSON has at most `limit` bytes; nil when everything was sent.
    mutating func nextPart(limit: Int) -> ChatPart? {
        while self.sendingIndex < self.entries.count, self.entries[self.sendingIndex].isAcknowledged {
            self.sendingIndex += 1
        }
        guard self.sendingIndex < self.entries.count else { return nil }
        let entry = self.entries[self.sendingIndex]
        let end = Self.end(ofPartFrom: self.sendingOffset, in: entry.utf8, limit: limit - Self.envelope)
        let part = ChatPart(
            id: self.firstID + ChatID(self.sendingIndex),
            time: entry.time,
            text: String(decoding: entry.utf8[self.sendingOffset..<end], as: UTF8.self),
            part: self.sendingPart,
            isLast: end == entry.utf8.count
        )
        if part.isLast {
            self.sendingIndex += 1
            self.sendingOffset = 0
            self.sendingPart = 0
        } else {
            self.sendingOffset = end
            self.sendingPart += 1
        }
        return part
    }

    /// Where a part ends whose text has at most `limit` bytes in JSON: never within a scalar.
    private static func end(ofPartFrom start: Int, in utf8: [UInt8], limit: Int) -> Int {
        var end = start
        var boundary = start
        var cost = 0
        while end < utf8.count {
            cost += Self.costInJSON(utf8[end])
            guard cost <= limit else { return boundary }
            end += 1
            if end == utf8.count || utf8[end] & 0xC0 != 0x80 {
                boundary = end
            }
        }
        return end
    }

    /// RFC 8259 §7: controls become `\u00XX`, quotes and backslashes get a backslash.
    private static func costInJSON(_ byte: UInt8) -> Int {
        switch byte {
        case 0x00..<0x20, 0x7F: 6
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): 2
        default: 1
        }
    }
}
