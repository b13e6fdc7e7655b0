// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// A tag, a length and a value: the shape of chunks, of parameters and of error causes.
package struct TaggedField: Hashable, Sendable {
    /// The first 16 bits: of a chunk its type and flags.
    package var tag: UInt16
    /// Where the value stands in the bytes that were read, without header and padding.
    package var value: Range<Int>

    /// Where the field stands with its header, without padding: what is copied when it must be reported.
    package var whole: Range<Int> { (self.value.lowerBound - FieldReader.headerSize)..<self.value.upperBound }
}

/// Steps over fields that stand one after the other, each padded to a multiple of four bytes.
///
/// The bytes are passed to each step instead of being held, so that this is an ordinary value.
package struct FieldReader: Sendable {
    /// Bytes of a tag and a length.
    package static let headerSize = 4

    private var offset: Int

    /// Creates a reader that starts `offset` bytes into what it will read.
    package init(at offset: Int = 0) {
        self.offset = offset
    }

    /// The next field in `bytes`, or nil at the end.
    ///
    /// Padding that is missing after the last field is forgiven, as it means nothing (RFC 9260 §3.2: "be liberal").
    /// - Throws: `.truncated` or `.length`.
    package mutating func next(in bytes: Span<UInt8>) throws(MalformedPacket) -> TaggedField? {
        let left = bytes.count &- self.offset
        guard left > 0 else { return nil }
        guard left >= Self.headerSize else { throw .truncated }
        let start = self.offset
        let tag = UInt16(bytes[start]) << 8 | UInt16(bytes[start &+ 1])
        let length = Int(bytes[start &+ 2]) << 8 | Int(bytes[start &+ 3])
        guard length >= Self.headerSize, length <= left else { throw .length(tag: tag, length: length) }
        self.offset = start &+ ((length &+ 3) & ~3)
        return TaggedField(tag: tag, value: (start &+ Self.headerSize)..<(start &+ length))
    }
}

/// Steps over the chunks of a packet.
package struct ChunkReader: Sendable {
    private var fields = FieldReader(at: CommonHeader.size)

    /// Creates a reader at the first chunk.
    package init() {}

    /// The next chunk of `packet`, or nil at the end.
    ///
    /// After an error the rest of the packet cannot be understood.
    /// - Throws: `.truncated` or `.length`.
    package mutating func next(in packet: Span<UInt8>) throws(MalformedPacket) -> ChunkField? {
        guard let field = try self.fields.next(in: packet) else { return nil }
        return ChunkField(field: field)
    }
}

/// A chunk in a packet.
package struct ChunkField: Hashable, Sendable {
    private var field: TaggedField

    /// Creates a chunk of a field that was read.
    init(field: TaggedField) {
        self.field = field
    }

    /// What the chunk is.
    package var type: ChunkType { ChunkType(rawValue: UInt8(truncatingIfNeeded: self.field.tag >> 8)) }
    /// Its eight flags, which mean something else for each type.
    package var flags: UInt8 { UInt8(truncatingIfNeeded: self.field.tag) }
    /// Where its value stands in the packet, without header and padding.
    package var value: Range<Int> { self.field.value }
    /// Where it stands with its header, without padding.
    package var whole: Range<Int> { self.field.whole }
}

extension ByteWriter {
    /// Writes a chunk around what `body` writes; its length and padding are seen to.
    package mutating func chunk(_ type: ChunkType, flags: UInt8 = 0, _ body: (inout ByteWriter) -> Void = { _ in }) {
        self.field(UInt16(type.rawValue) << 8 | UInt16(flags), body)
    }

    /// Writes a parameter around what `body` writes.
    package mutating func parameter(_ type: ParameterType, _ body: (inout ByteWriter) -> Void = { _ in }) {
        self.field(type.rawValue, body)
    }

    /// Writes a tag, a length and a value.
    ///
    /// The padding is written before the next field or at the end of the packet, because the length of a chunk counts the
    /// padding of its parameters, but not that of the last one (RFC 9260 §3.2).
    mutating func field(_ tag: UInt16, _ body: (inout ByteWriter) -> Void) {
        self.pad(to: 4)
        let start = self.count
        self.u16(tag)
        self.u16(0)
        body(&self)
        self.patch(u16: UInt16(truncatingIfNeeded: self.count - start), at: start + 2)
    }
}
