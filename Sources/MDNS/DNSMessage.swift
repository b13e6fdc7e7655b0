// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// A query or a response (RFC 1035 §4.1) as multicast DNS uses it (RFC 6762 §18).
///
/// Of records those are kept whose type is known here; the authority section, which only probes have, is skipped.
package struct DNSMessage: Hashable, Sendable {
    /// 0, but in a legacy query (RFC 6762 §6.7), whose answer repeats it.
    package var identifier: UInt16 = 0
    /// Whether it is a response.
    package var isResponse: Bool
    /// What is asked for.
    package var questions: [DNSQuestion] = []
    /// The answers; in a query, those that are known already (RFC 6762 §7.1).
    package var answers: [DNSRecord] = []
    /// What is told beside.
    package var additionals: [DNSRecord] = []

    /// RFC 6762 §17: no message of multicast DNS is longer, in bytes.
    package static let maximumSize = 9_000
    /// Questions and records of a message, whose names may all be long.
    static let maximumEntries = 128
    /// The class of the Internet; the bit above it asks for unicast in a question, and flushes caches in a record.
    private static let classIN: UInt16 = 1
    private static let classANY: UInt16 = 255
    private static let topBit: UInt16 = 0x8000
    /// Responses are authoritative (RFC 6762 §18.4).
    private static let responseFlags: UInt16 = 0x8400

    /// Creates a message without content.
    package init(isResponse: Bool) {
        self.isResponse = isResponse
    }
}

// MARK: - Reading

extension DNSMessage {
    /// Reads a datagram; nil if it makes no sense, is too large, or is neither a query nor a response without error.
    package init?(_ bytes: Span<UInt8>) {
        guard bytes.count <= Self.maximumSize else { return nil }
        do throws(Truncated) {
            try self.init(reading: bytes)
        } catch {
            return nil
        }
    }

    private init?(reading bytes: Span<UInt8>) throws(Truncated) {
        var reader = ByteReader(bytes)
        self.identifier = try reader.u16()
        let flags = try reader.u16()
        // RFC 6762 §18.3 and §18.11: whatever has another operation or an error is ignored.
        guard flags & 0x780F == 0 else { return nil }
        self.isResponse = flags & 0x8000 != 0
        var counts: [Int] = []
        for _ in 0..<4 { counts.append(Int(try reader.u16())) }
        guard counts.reduce(0, +) <= Self.maximumEntries else { return nil }
        for _ in 0..<counts[0] {
            guard let name = try DNSName(&reader, in: bytes) else { return nil }
            try self.readQuestion(of: name, &reader)
        }
        guard let answers = try Self.records(counts[1], &reader, in: bytes),
            try Self.records(counts[2], &reader, in: bytes) != nil,
            let additionals = try Self.records(counts[3], &reader, in: bytes)
        else { return nil }
        self.answers = answers
        self.additionals = additionals
    }

    private mutating func readQuestion(of name: DNSName, _ reader: inout ByteReader) throws(Truncated) {
        let type = DNSType(rawValue: try reader.u16())
        let wordOfClass = try reader.u16()
        guard [Self.classIN, Self.classANY].contains(wordOfClass & ~Self.topBit) else { return }
        self.questions.append(DNSQuestion(name, type, wantsUnicast: wordOfClass & Self.topBit != 0))
    }

    /// Reads records and keeps those that are known; nil if one makes no sense.
    private static func records(
        _ count: Int,
        _ reader: inout ByteReader,
        in message: Span<UInt8>
    ) throws(Truncated) -> [DNSRecord]? {
        var records: [DNSRecord] = []
        for _ in 0..<count {
            guard let name = try DNSName(&reader, in: message) else { return nil }
            let type = DNSType(rawValue: try reader.u16())
            let wordOfClass = try reader.u16()
            let timeToLive = try reader.u32()
            // The length bounds what is read of the content, the offset says where its compressed names stand.
            var data = try reader.sub(Int(try reader.u16()))
            guard wordOfClass & ~Self.topBit == Self.classIN,
                let content = try DNSRecord.Content(type, &data, endingAt: message.count - reader.remaining, message)
            else { continue }
            records.append(
                DNSRecord(name, content, timeToLive: timeToLive, flushesCache: wordOfClass & Self.topBit != 0)
            )
        }
        return records
    }
}

extension DNSRecord.Content {
    /// Reads the content of a record that ends at an offset of the message; nil if it is of no use here.
    fileprivate init?(
        _ type: DNSType,
        _ reader: inout ByteReader,
        endingAt end: Int,
        _ message: Span<UInt8>
    ) throws(Truncated) {
        switch (type, reader.remaining) {
        case (.a, 4): self = .address(.v4(try reader.u32()))
        case (.aaaa, 16): self = .address(.v6(high: try reader.u64(), low: try reader.u64()))
        case (.nsec, _):
            guard try DNSName(&reader, in: message.extracting(0..<end)) != nil else { return nil }
            self = .existence(try Self.types(&reader))
        default: return nil
        }
    }

    /// Reads a bit map of types (RFC 4034 §4.1.2) as far as its first window, which has all that mDNS may name.
    private static func types(_ reader: inout ByteReader) throws(Truncated) -> [DNSType] {
        guard !reader.isAtEnd, try reader.u8() == 0 else { return [] }
        let bits = try reader.array(Int(try reader.u8()))
        return (0..<UInt16(clamping: min(bits.count, 32) * 8))
            .filter { bits[Int($0 >> 3)] & 0x80 >> UInt8($0 & 7) != 0 }
            .map(DNSType.init)
    }

    /// Writes the content, without names that would refer to other places.
    fileprivate func write(of name: DNSName, to writer: inout DNSWriter) {
        switch self {
        case .address(.v4(let bits)):
            writer.bytes.u32(bits)
        case .address(.v6(let high, let low, _)):
            writer.bytes.u64(high)
            writer.bytes.u64(low)
        case .existence(let types):
            writer.write(name)
            var bits = [UInt8](repeating: 0, count: 32)
            for type in types where type.rawValue < 256 {
                bits[Int(type.rawValue >> 3)] |= 0x80 >> UInt8(type.rawValue & 7)
            }
            let count = (bits.lastIndex { $0 != 0 } ?? 0) + 1
            writer.bytes.u8(0)
            writer.bytes.u8(UInt8(count))
            writer.bytes.array(Array(bits[..<count]))
        }
    }
}

// MARK: - Writing

extension DNSMessage {
    /// The message as a datagram.
    package var encoded: [UInt8] {
        var writer = DNSWriter()
        writer.bytes.u16(self.identifier)
        writer.bytes.u16(self.isResponse ? Self.responseFlags : 0)
        for count in [self.questions.count, self.answers.count, 0, self.additionals.count] {
            writer.bytes.u16(UInt16(clamping: count))
        }
        for question in self.questions {
            writer.write(question.name)
            writer.bytes.u16(question.type.rawValue)
            writer.bytes.u16(Self.classIN | (question.wantsUnicast ? Self.topBit : 0))
        }
        for record in self.answers + self.additionals {
            writer.write(record.name)
            writer.bytes.u16(record.type.rawValue)
            writer.bytes.u16(Self.classIN | (record.flushesCache ? Self.topBit : 0))
            writer.bytes.u32(record.timeToLive)
            let start = writer.bytes.count
            writer.bytes.u16(0)
            record.content.write(of: record.name, to: &writer)
            writer.bytes.patch(u16: UInt16(clamping: writer.bytes.count - start - 2), at: start)
        }
        return writer.bytes.bytes
    }
}

/// Writes names so that what was written before is referred to (RFC 1035 §4.1.4).
struct DNSWriter {
    /// What was written so far.
    var bytes = ByteWriter(capacity: 512)
    /// Where the ends of names stand that were written.
    private var offsets: [[[UInt8]]: UInt16] = [:]

    /// Appends a name.
    mutating func write(_ name: DNSName) {
        let folded = name.folded
        for index in folded.indices {
            let suffix = Array(folded[index...])
            if let offset = self.offsets[suffix] {
                self.bytes.u16(0xC000 | offset)
                return
            }
            if self.bytes.count < 0x4000 { self.offsets[suffix] = UInt16(self.bytes.count) }
            self.bytes.u8(UInt8(name.labels[index].count))
            self.bytes.array(name.labels[index])
        }
        self.bytes.u8(0)
    }
}
