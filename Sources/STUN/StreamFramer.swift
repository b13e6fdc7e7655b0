// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Why a byte stream cannot be followed any further; the connection is to be closed.
package enum StreamFault: Error, Hashable, Sendable {
    /// What follows is neither a message nor ChannelData.
    case unframed
    /// More was appended than is held: `StreamFramer.capacity` bytes.
    case overflow
}

/// Cuts a byte stream into STUN messages (RFC 8489 §6.2.2) and, where TURN is spoken, ChannelData (RFC 8656 §12.5).
///
/// Append what was read, then drain `next()`. A fault is final: nothing can find the next message in such a stream.
package struct StreamFramer: ~Copyable {
    /// A piece of the stream.
    package enum Frame: Hashable, Sendable {
        /// The bytes of a message, still to be parsed.
        case message([UInt8])
        /// The channel and what was sent on it, without padding.
        case channelData(channel: UInt16, payload: [UInt8])
    }

    /// The most bytes that are held at a time: three messages of the greatest size.
    package static let capacity = 3 * 65_556

    private let acceptsChannelData: Bool
    private var buffer: [UInt8] = []
    /// Where the next frame begins.
    private var position = 0
    private var fault: StreamFault?

    /// Creates a framer for the beginning of a stream.
    package init(acceptsChannelData: Bool = false) {
        self.acceptsChannelData = acceptsChannelData
    }

    /// Takes bytes that were read from the stream.
    package mutating func append(_ bytes: Span<UInt8>) throws(StreamFault) {
        if let fault = self.fault {
            throw fault
        }
        if self.position > 0 {
            self.buffer.removeFirst(self.position)
            self.position = 0
        }
        guard bytes.count <= Self.capacity - self.buffer.count else { throw self.fail(.overflow) }
        self.buffer.append(copying: bytes)
    }

    /// The next complete frame, or nil when more bytes are needed first.
    package mutating func next() throws(StreamFault) -> Frame? {
        if let fault = self.fault {
            throw fault
        }
        guard let first = self.peek(0) else { return nil }
        switch first {
        case 0x00...0x03: return try self.message()
        case 0x40...0x4F where self.acceptsChannelData: return self.channelData()
        default: throw self.fail(.unframed)
        }
    }

    private mutating func message() throws(StreamFault) -> Frame? {
        let cookie: [UInt8] = [0x21, 0x12, 0xA4, 0x42]
        for (offset, expected) in cookie.enumerated() {
            guard let byte = self.peek(4 + offset) else { return nil }
            guard byte == expected else { throw self.fail(.unframed) }
        }
        guard let length = self.length() else { return nil }
        guard length % 4 == 0 else { throw self.fail(.unframed) }
        guard let bytes = self.take(STUNMessage.headerSize + length, of: STUNMessage.headerSize + length) else {
            return nil
        }
        return .message(bytes)
    }

    /// "Over stream transports, the ChannelData message MUST be padded to a multiple of four bytes" (RFC 8656 §12.5).
    private mutating func channelData() -> Frame? {
        guard let high = self.peek(0), let low = self.peek(1), let length = self.length() else { return nil }
        guard let bytes = self.take(4 + length, of: 4 + (length + 3) & ~3) else { return nil }
        return .channelData(channel: UInt16(high) << 8 | UInt16(low), payload: Array(bytes.dropFirst(4)))
    }

    private func peek(_ offset: Int) -> UInt8? {
        let index = self.position + offset
        return index < self.buffer.count ? self.buffer[index] : nil
    }

    /// The length field, which stands at the same place in both kinds of frames.
    private func length() -> Int? {
        guard let high = self.peek(2), let low = self.peek(3) else { return nil }
        return Int(high) << 8 | Int(low)
    }

    /// Takes `count` bytes and steps over `total`, once these are there.
    private mutating func take(_ count: Int, of total: Int) -> [UInt8]? {
        guard self.buffer.count - self.position >= total else { return nil }
        let bytes = Array(self.buffer[self.position..<(self.position + count)])
        self.position += total
        return bytes
    }

    private mutating func fail(_ fault: StreamFault) -> StreamFault {
        self.fault = fault
        self.buffer = []
        self.position = 0
        return fault
    }
}
