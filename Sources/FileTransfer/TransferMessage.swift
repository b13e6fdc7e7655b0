// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// One message of `icetalk.transfer.v1`: one binary message of its data channel.
///
/// Every message begins with its type (8 bits); integers are in network order.
///
/// - 0x01 entry: index 32, kind 8, flags 8 (1 size is known, 2 mode, 4 time), mode 16, block size 32, size 64,
///   seconds 64, nanoseconds 32, length of the name 16, name;
/// - 0x02 block: index 32, offset 64, SHA-256 of the bytes 256, bytes;
/// - 0x03 end: index 32, size 64, SHA-256 of the file 256;
/// - 0x04 done: count of entries 32, total size 64;
/// - 0x21 received, from the receiver: total of bytes written 64.
///
/// Types from 0x80 are ignored by whoever does not know them; any other unknown type ends the transfer.
package enum TransferMessage: Equatable, Sendable {
    /// What follows is this entry.
    case entry(TransferEntry)
    /// Bytes of an entry.
    case block(TransferBlock)
    /// An entry is complete.
    case end(index: UInt32, size: UInt64, digest: Digest256)
    /// The transfer is complete.
    case done(entries: UInt32, size: UInt64)
    /// The receiver has written this many bytes so far.
    case received(UInt64)
    /// A type that a later version added and that may be ignored.
    case ignorable(UInt8)
}

/// Bytes of an entry with their digest.
package struct TransferBlock: Equatable, Sendable {
    /// The bytes before the payload of a block message.
    package static let headerCount = 45

    /// The entry that they belong to.
    package var index: UInt32
    /// Where they begin.
    package var offset: UInt64
    /// The SHA-256 that the sender computed of them.
    package var digest: Digest256
    /// The bytes: at least one.
    package var bytes: [UInt8]

    /// Creates a block.
    package init(index: UInt32, offset: UInt64, digest: Digest256, bytes: [UInt8]) {
        self.index = index
        self.offset = offset
        self.digest = digest
        self.bytes = bytes
    }
}

/// Why bytes are no message of the protocol: the peer's fault.
package enum TransferMessageError: Error, Equatable, Sendable {
    /// More than `TransferLimits.messageCount` bytes.
    case tooLong(Int)
    /// The message ends too early.
    case truncated
    /// Bytes follow the last field.
    case trailing
    /// A type below 0x80 that this version does not know.
    case unknownType(UInt8)
    /// A field holds what it must not.
    case invalidField
}

private enum MessageType {
    static let entry: UInt8 = 0x01
    static let block: UInt8 = 0x02
    static let end: UInt8 = 0x03
    static let done: UInt8 = 0x04
    static let received: UInt8 = 0x21
    static let firstIgnorable: UInt8 = 0x80

    static func isKnown(_ type: UInt8) -> Bool {
        [Self.entry, Self.block, Self.end, Self.done, Self.received].contains(type)
    }
}

private enum EntryFlag {
    static let size: UInt8 = 1
    static let mode: UInt8 = 2
    static let time: UInt8 = 4
    static let all: UInt8 = 7
}

extension TransferMessage {
    /// Reads a message; whatever it holds is within `TransferLimits` then.
    package init(parsing message: Span<UInt8>) throws(TransferMessageError) {
        guard message.count <= TransferLimits.messageCount else { throw .tooLong(message.count) }
        guard message.count > 0 else { throw .truncated }
        let type = message[0]
        guard MessageType.isKnown(type) || type >= MessageType.firstIgnorable else { throw .unknownType(type) }
        var reader = ByteReader(message)
        let read: TransferMessage?
        do throws(Truncated) {
            read = try Self.read(from: &reader)
        } catch {
            throw .truncated
        }
        guard let read else { throw .invalidField }
        guard reader.isAtEnd else { throw .trailing }
        self = read
    }

    /// Reads the fields; nil where one holds what it must not.
    private static func read(from reader: inout ByteReader) throws(Truncated) -> TransferMessage? {
        let type = try reader.u8()
        switch type {
        case MessageType.entry:
            return try Self.readEntry(from: &reader).map { .entry($0) }
        case MessageType.block:
            return try Self.readBlock(from: &reader).map { .block($0) }
        case MessageType.end:
            let index = try reader.u32()
            let size = try reader.u64()
            guard let digest = Digest256(try reader.array(Digest256.count)) else { return nil }
            return size <= TransferLimits.fileSize ? .end(index: index, size: size, digest: digest) : nil
        case MessageType.done:
            let entries = try reader.u32()
            let size = try reader.u64()
            return size <= TransferLimits.fileSize ? .done(entries: entries, size: size) : nil
        case MessageType.received:
            let total = try reader.u64()
            return total <= TransferLimits.fileSize ? .received(total) : nil
        default:
            try reader.skip(reader.remaining)
            return .ignorable(type)
        }
    }

    private static func readBlock(from reader: inout ByteReader) throws(Truncated) -> TransferBlock? {
        let index = try reader.u32()
        let offset = try reader.u64()
        guard let digest = Digest256(try reader.array(Digest256.count)), !reader.isAtEnd,
            offset <= TransferLimits.fileSize
        else { return nil }
        let bytes = try reader.array(reader.remaining)
        return TransferBlock(index: index, offset: offset, digest: digest, bytes: bytes)
    }

    private static func readEntry(from reader: inout ByteReader) throws(Truncated) -> TransferEntry? {
        let index = try reader.u32()
        let kind = TransferEntry.Kind(rawValue: try reader.u8())
        let flags = try reader.u8()
        let mode = try reader.u16()
        let blockSize = try reader.u32()
        let size = try reader.u64()
        let seconds = Int64(bitPattern: try reader.u64())
        let nanoseconds = try reader.u32()
        let nameCount = Int(try reader.u16())
        guard let kind, flags & ~EntryFlag.all == 0, mode <= 0o777, nanoseconds < 1_000_000_000,
            (flags & EntryFlag.size != 0) == (kind == .file), size <= TransferLimits.fileSize,
            TransferLimits.blockSizes.contains(blockSize), nameCount <= TransferLimits.nameCount
        else { return nil }
        return TransferEntry(
            index: index,
            kind: kind,
            size: kind == .file ? size : nil,
            mode: flags & EntryFlag.mode == 0 ? nil : mode,
            modified: flags & EntryFlag.time == 0 ? nil : FileTime(seconds: seconds, nanoseconds: nanoseconds),
            blockSize: blockSize,
            name: try reader.array(nameCount)
        )
    }
}

extension TransferMessage {
    /// The bytes of the message.
    package var encoded: [UInt8] {
        var writer = ByteWriter(capacity: self.capacity)
        switch self {
        case .entry(let entry):
            writer.u8(MessageType.entry)
            Self.write(entry, to: &writer)
        case .block(let block):
            Self.writeHeader(index: block.index, offset: block.offset, digest: block.digest, to: &writer)
            writer.array(block.bytes)
        case .end(let index, let size, let digest):
            writer.u8(MessageType.end)
            writer.u32(index)
            writer.u64(size)
            writer.array(digest.bytes)
        case .done(let entries, let size):
            writer.u8(MessageType.done)
            writer.u32(entries)
            writer.u64(size)
        case .received(let total):
            writer.u8(MessageType.received)
            writer.u64(total)
        case .ignorable(let type):
            writer.u8(type)
        }
        return writer.bytes
    }

    /// The bytes of a block message, digest included, made with one copy of the payload.
    static func encodedBlock(index: UInt32, offset: UInt64, bytes: Span<UInt8>) -> [UInt8] {
        var writer = ByteWriter(capacity: TransferBlock.headerCount + bytes.count)
        Self.writeHeader(index: index, offset: offset, digest: Digest256(of: bytes), to: &writer)
        writer.span(bytes)
        return writer.bytes
    }

    private static func writeHeader(index: UInt32, offset: UInt64, digest: Digest256, to writer: inout ByteWriter) {
        writer.u8(MessageType.block)
        writer.u32(index)
        writer.u64(offset)
        writer.array(digest.bytes)
    }

    private var capacity: Int {
        switch self {
        case .entry(let entry): 64 + entry.name.count
        case .block(let block): TransferBlock.headerCount + block.bytes.count
        case .end, .done, .received, .ignorable: 64
        }
    }

    private static func write(_ entry: TransferEntry, to writer: inout ByteWriter) {
        var flags: UInt8 = 0
        if entry.size != nil { flags |= EntryFlag.size }
        if entry.mode != nil { flags |= EntryFlag.mode }
        if entry.modified != nil { flags |= EntryFlag.time }
        writer.u32(entry.index)
        writer.u8(entry.kind.rawValue)
        writer.u8(flags)
        writer.u16((entry.mode ?? 0) & 0o777)
        writer.u32(entry.blockSize)
        writer.u64(entry.size ?? 0)
        writer.u64(UInt64(bitPattern: entry.modified?.seconds ?? 0))
        writer.u32(entry.modified?.nanoseconds ?? 0)
        let name = entry.name.prefix(TransferLimits.nameCount)
        writer.u16(UInt16(truncatingIfNeeded: name.count))
        writer.array(Array(name))
    }
}
