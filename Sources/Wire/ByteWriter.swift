// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Appends fields in network order to bytes that it owns.
///
/// A writer that is cleared with `removeAll()` keeps its storage, so that writing packet after packet allocates nothing.
@frozen
public struct ByteWriter: Sendable {
    /// What was written so far.
    public var bytes: [UInt8]

    /// Creates a writer with room for `capacity` bytes.
    @inlinable
    public init(capacity: Int = 0) {
        self.bytes = []
        self.bytes.reserveCapacity(capacity)
    }

    /// How many bytes were written.
    @inlinable
    public var count: Int { self.bytes.count }

    /// Appends one byte.
    @inlinable
    public mutating func u8(_ value: UInt8) {
        self.bytes.append(value)
    }

    /// Appends 16 bits in network order.
    @inlinable
    public mutating func u16(_ value: UInt16) {
        self.bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        self.bytes.append(UInt8(truncatingIfNeeded: value))
    }

    /// Appends 32 bits in network order.
    @inlinable
    public mutating func u32(_ value: UInt32) {
        self.u16(UInt16(truncatingIfNeeded: value >> 16))
        self.u16(UInt16(truncatingIfNeeded: value))
    }

    /// Appends 64 bits in network order.
    @inlinable
    public mutating func u64(_ value: UInt64) {
        self.u32(UInt32(truncatingIfNeeded: value >> 32))
        self.u32(UInt32(truncatingIfNeeded: value))
    }

    /// Appends an array.
    @inlinable
    public mutating func array(_ bytes: [UInt8]) {
        self.bytes.append(contentsOf: bytes)
    }

    /// Appends borrowed bytes.
    @inlinable
    public mutating func span(_ bytes: Span<UInt8>) {
        self.bytes.append(copying: bytes)
    }

    /// Appends zeros until the count is a multiple of `alignment`.
    @inlinable
    public mutating func pad(to alignment: Int) {
        while self.bytes.count % alignment != 0 {
            self.bytes.append(0)
        }
    }

    /// Overwrites 16 bits at `offset`, which must have been written: lengths are known last.
    @inlinable
    public mutating func patch(u16 value: UInt16, at offset: Int) {
        self.bytes[offset] = UInt8(truncatingIfNeeded: value >> 8)
        self.bytes[offset + 1] = UInt8(truncatingIfNeeded: value)
    }

    /// Overwrites 32 bits at `offset`, which must have been written.
    @inlinable
    public mutating func patch(u32 value: UInt32, at offset: Int) {
        self.patch(u16: UInt16(truncatingIfNeeded: value >> 16), at: offset)
        self.patch(u16: UInt16(truncatingIfNeeded: value), at: offset + 2)
    }

    /// Forgets what was written and keeps the storage.
    @inlinable
    public mutating func removeAll() {
        self.bytes.removeAll(keepingCapacity: true)
    }
}
