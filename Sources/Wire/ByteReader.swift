// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Thrown when bytes end before what was to be read.
public struct Truncated: Error, Equatable, Sendable {
    /// Bytes that were asked for.
    public let needed: Int
    /// Bytes that were left.
    public let available: Int

    /// Creates the error.
    public init(needed: Int, available: Int) {
        self.needed = needed
        self.available = available
    }
}

/// Thrown when bytes remain after the last field.
public struct TrailingBytes: Error, Equatable, Sendable {
    /// How many bytes were left.
    public let count: Int

    /// Creates the error.
    public init(count: Int) {
        self.count = count
    }
}

/// A cursor over borrowed bytes in network order.
///
/// Nested structures are read with `sub(_:)`, whose reader cannot leave its bounds, and closed with `finish()`.
@frozen
public struct ByteReader: ~Escapable {
    @usableFromInline
    let bytes: Span<UInt8>

    @usableFromInline
    var position: Int

    /// Creates a cursor at the first byte.
    @inlinable
    @_lifetime(copy bytes)
    public init(_ bytes: Span<UInt8>) {
        self.bytes = bytes
        self.position = 0
    }

    /// How many bytes were read so far.
    @inlinable
    public var offset: Int { self.position }

    /// How many bytes are left.
    @inlinable
    public var remaining: Int { self.bytes.count &- self.position }

    /// Whether all bytes were read.
    @inlinable
    public var isAtEnd: Bool { self.remaining == 0 }

    /// Reads one byte.
    @inlinable
    public mutating func u8() throws(Truncated) -> UInt8 {
        try UInt8(truncatingIfNeeded: self.integer(of: 1))
    }

    /// Reads 16 bits in network order.
    @inlinable
    public mutating func u16() throws(Truncated) -> UInt16 {
        try UInt16(truncatingIfNeeded: self.integer(of: 2))
    }

    /// Reads 32 bits in network order.
    @inlinable
    public mutating func u32() throws(Truncated) -> UInt32 {
        try UInt32(truncatingIfNeeded: self.integer(of: 4))
    }

    /// Reads 64 bits in network order.
    @inlinable
    public mutating func u64() throws(Truncated) -> UInt64 {
        try self.integer(of: 8)
    }

    /// Reads `count` borrowed bytes.
    @inlinable
    @_lifetime(copy self)
    public mutating func slice(_ count: Int) throws(Truncated) -> Span<UInt8> {
        guard count >= 0, self.remaining >= count else { throw Truncated(needed: count, available: self.remaining) }
        let start = self.position
        self.position = start &+ count
        return self.bytes.extracting(start..<(start &+ count))
    }

    /// Reads `count` bytes into an array of their own; the bound is checked before anything is allocated.
    @inlinable
    public mutating func array(_ count: Int) throws(Truncated) -> [UInt8] {
        let slice = try self.slice(count)
        return [UInt8](copying: slice)
    }

    /// Reads all that is left.
    @inlinable
    @_lifetime(copy self)
    public mutating func rest() -> Span<UInt8> {
        let start = self.position
        self.position = self.bytes.count
        return self.bytes.extracting(start..<self.bytes.count)
    }

    /// Skips `count` bytes.
    @inlinable
    public mutating func skip(_ count: Int) throws(Truncated) {
        guard count >= 0, self.remaining >= count else { throw Truncated(needed: count, available: self.remaining) }
        self.position = self.position &+ count
    }

    /// A reader bounded to the next `count` bytes, which this reader steps over.
    @inlinable
    @_lifetime(copy self)
    public mutating func sub(_ count: Int) throws(Truncated) -> ByteReader {
        ByteReader(try self.slice(count))
    }

    /// Ends the reading: nothing may be left.
    @inlinable
    public func finish() throws(TrailingBytes) {
        guard self.isAtEnd else { throw TrailingBytes(count: self.remaining) }
    }

    @inlinable
    @inline(__always)
    mutating func integer(of count: Int) throws(Truncated) -> UInt64 {
        guard self.remaining >= count else { throw Truncated(needed: count, available: self.remaining) }
        var value: UInt64 = 0
        let start = self.position
        for index in 0..<count {
            value = value << 8 | UInt64(self.bytes[start &+ index])
        }
        self.position = start &+ count
        return value
    }
}

extension [UInt8] {
    /// An array of its own with the bytes of a span.
    @inlinable
    public init(copying span: Span<UInt8>) {
        self.init()
        self.append(copying: span)
    }

    /// Appends the bytes of a span.
    @inlinable
    public mutating func append(copying span: Span<UInt8>) {
        unsafe span.withUnsafeBufferPointer { unsafe self.append(contentsOf: $0) }
    }
}
