// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The 96 bits that connect a response to its request (RFC 8489 §5).
package struct TransactionID: Hashable, Sendable, BitwiseCopyable {
    /// The first 32 bits.
    package let high: UInt32
    /// The last 64 bits.
    package let low: UInt64

    /// Creates an identifier from its bits.
    package init(high: UInt32, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Draws an identifier, which must not be guessable (RFC 8489 §5).
    package init(random: inout RandomSource) {
        self.high = UInt32(truncatingIfNeeded: random.next())
        self.low = random.next()
    }
}

extension TransactionID: CustomStringConvertible {
    /// 24 hexadecimal digits.
    package var description: String {
        Self.hexadecimal(UInt64(self.high), digits: 8) + Self.hexadecimal(self.low, digits: 16)
    }

    private static func hexadecimal(_ value: UInt64, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: digits - text.count) + text
    }
}
