// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// A random identifier of 122 bits (RFC 9562 §5.4).
public struct UUIDv4: Hashable, Sendable, BitwiseCopyable {
    /// The more significant half.
    public let high: UInt64
    /// The less significant half.
    public let low: UInt64

    /// Draws an identifier.
    public init(random: inout RandomSource) {
        self.high = random.next() & ~0xF000 | 0x4000
        self.low = random.next() & ~(0xC0 << 56) | 0x80 << 56
    }

    /// Takes 128 bits; nil unless they say that they are random.
    public init?(high: UInt64, low: UInt64) {
        guard high >> 12 & 0xF == 4, low >> 62 == 2 else { return nil }
        self.high = high
        self.low = low
    }

    /// Reads `xxxxxxxx-xxxx-4xxx-xxxx-xxxxxxxxxxxx` in either case; nil if it is none.
    public init?(_ text: some StringProtocol) {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        guard groups.map(\.utf8.count) == [8, 4, 4, 4, 12] else { return nil }
        let digits = groups.joined()
        guard digits.utf8.allSatisfy(isHexDigit), let high = UInt64(digits.prefix(16), radix: 16),
            let low = UInt64(digits.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }
}

extension UUIDv4: CustomStringConvertible {
    /// The canonical form, in lower case.
    public var description: String {
        let digits = [self.high, self.low].map { half in
            let text = String(half, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        let (first, second) = (digits[0], digits[1])
        return "\(first.prefix(8))-\(first.dropFirst(8).prefix(4))-\(first.suffix(4))"
            + "-\(second.prefix(4))-\(second.dropFirst(4))"
    }
}
