// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// A transmission sequence number: numbers DATA chunks, and wraps (RFC 9260 §1.6).
///
/// Order is that of RFC 1982, which is not transitive; therefore this is not `Comparable`.
package struct TSN: Hashable, Sendable, BitwiseCopyable {
    /// The number on the wire.
    package var rawValue: UInt32

    /// Creates a number.
    package init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The number after this one.
    package var next: TSN { TSN(self.rawValue &+ 1) }

    /// The number before this one.
    package var previous: TSN { TSN(self.rawValue &- 1) }

    /// The number `count` after this one.
    package func advanced(by count: UInt32) -> TSN { TSN(self.rawValue &+ count) }

    /// How far this number is after `other`, modulo 2^32: large for one that is before it.
    package func distance(from other: TSN) -> UInt32 { self.rawValue &- other.rawValue }

    /// Whether this number comes before `other` (RFC 1982 §3.2); false for numbers 2^31 apart.
    package func precedes(_ other: TSN) -> Bool { Int32(bitPattern: other.rawValue &- self.rawValue) > 0 }

    /// Whether this number is `other` or comes before it.
    package func isAtMost(_ other: TSN) -> Bool { self == other || self.precedes(other) }
}

extension TSN: CustomStringConvertible {
    /// The number in decimal.
    package var description: String { String(self.rawValue) }
}

/// A stream sequence number: numbers the ordered messages of one stream, and wraps (RFC 9260 §6.5).
package struct SSN: Hashable, Sendable, BitwiseCopyable {
    /// The number on the wire.
    package var rawValue: UInt16

    /// Creates a number.
    package init(_ rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// The number after this one.
    package var next: SSN { SSN(self.rawValue &+ 1) }

    /// Whether this number comes before `other` (RFC 1982 §3.2).
    package func precedes(_ other: SSN) -> Bool { Int16(bitPattern: other.rawValue &- self.rawValue) > 0 }
}

/// The number of one of the unidirectional streams of an association.
package struct StreamID: Hashable, Comparable, Sendable, BitwiseCopyable {
    /// The number on the wire.
    package var rawValue: UInt16

    /// Creates a number.
    package init(_ rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// Whether `left` is the smaller number.
    package static func < (left: StreamID, right: StreamID) -> Bool { left.rawValue < right.rawValue }
}

extension StreamID: CustomStringConvertible {
    /// The number in decimal.
    package var description: String { String(self.rawValue) }
}

/// A payload protocol identifier: says to the user of the association what a message is; SCTP only carries it.
package struct PayloadProtocolID: Hashable, Sendable, BitwiseCopyable {
    /// The number on the wire.
    package var rawValue: UInt32

    /// Creates an identifier.
    package init(_ rawValue: UInt32) {
        self.rawValue = rawValue
    }
}
