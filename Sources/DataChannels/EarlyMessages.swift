// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SCTP

/// Messages on streams that are no channels yet: they wait, within limits, for the channel.
struct EarlyMessages: Sendable {
    private var messages: [StreamID: [ReceivedMessage]] = [:]
    private var byteCount = 0
    private var count = 0

    /// Keeps a message; false if there is no room for it.
    mutating func append(_ message: ReceivedMessage) -> Bool {
        guard self.count < Self.maximumCount, self.byteCount + message.bytes.count <= Self.maximumBytes else {
            return false
        }
        self.messages[message.stream, default: []].append(message)
        self.count += 1
        self.byteCount += message.bytes.count
        return true
    }

    /// Whether something waits for a stream.
    func contains(_ stream: StreamID) -> Bool { self.messages[stream] != nil }

    /// Takes out what waits for a stream.
    mutating func take(_ stream: StreamID) -> [ReceivedMessage] {
        guard let messages = self.messages.removeValue(forKey: stream) else { return [] }
        self.count -= messages.count
        for message in messages {
            self.byteCount -= message.bytes.count
        }
        return messages
    }

    /// Forgets everything.
    mutating func removeAll() {
        self = EarlyMessages()
    }

    private static let maximumCount = 256
    private static let maximumBytes = 1 << 20
}
