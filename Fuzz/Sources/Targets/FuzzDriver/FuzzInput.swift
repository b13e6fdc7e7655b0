// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// The bytes of one input, read as a script: small numbers that choose, and blocks that are handed on.
///
/// Reading past the end gives zeros and empty blocks, so that every input is a script; `isAtEnd` ends the loop.
package struct FuzzInput: Sendable {
    private let bytes: [UInt8]
    private var position = 0

    /// Starts at the first byte.
    package init(_ bytes: Span<UInt8>) {
        self.bytes = [UInt8](copying: bytes)
    }

    /// Whether every byte was read.
    package var isAtEnd: Bool { self.position >= self.bytes.count }

    /// The next byte.
    package mutating func u8() -> UInt8 {
        guard self.position < self.bytes.count else { return 0 }
        defer { self.position += 1 }
        return self.bytes[self.position]
    }

    /// The next 16 bits, in network order.
    package mutating func u16() -> UInt16 {
        UInt16(self.u8()) << 8 | UInt16(self.u8())
    }

    /// The next 32 bits, in network order.
    package mutating func u32() -> UInt32 {
        UInt32(self.u16()) << 16 | UInt32(self.u16())
    }

    /// The next 64 bits, in network order.
    package mutating func u64() -> UInt64 {
        UInt64(self.u32()) << 32 | UInt64(self.u32())
    }

    /// A number below `count`, from one byte.
    package mutating func choice(_ count: Int) -> Int {
        Int(self.u8()) % count
    }

    /// Whether the next byte is odd.
    package mutating func flag() -> Bool {
        self.u8() & 1 == 1
    }

    /// So many of the bytes that are left, or all of them.
    package mutating func take(_ count: Int) -> [UInt8] {
        let end = min(self.position + count, self.bytes.count)
        defer { self.position = end }
        return self.position < end ? Array(self.bytes[self.position..<end]) : []
    }

    /// A block after a length of 16 bits; what is missing at the end is left out.
    package mutating func block() -> [UInt8] {
        let count = Int(self.u16())
        return self.take(count)
    }

    /// Whatever is left.
    package mutating func rest() -> [UInt8] {
        self.take(self.bytes.count)
    }

    /// What a link does to a packet, from two bytes: nothing, a flipped byte, a cut, or a repeated tail.
    package mutating func damage(_ packet: inout [UInt8]) {
        let kind = self.u8()
        guard kind >= 128, !packet.isEmpty else { return }
        let place = Int(self.u16()) % packet.count
        switch kind % 4 {
        case 0, 1: packet[place] ^= self.u8() | 1
        case 2: packet.removeLast(place)
        case 3 where packet.count < Self.longestDamaged: packet.append(contentsOf: packet[place...])
        default: break
        }
    }

    /// What is longer is not made longer.
    private static let longestDamaged = 16_384
}
