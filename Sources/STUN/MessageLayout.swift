// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Where the parts of an encoded message stand.
struct MessageLayout {
    /// An attribute and the offsets of its value, without header and padding.
    struct Field: Hashable {
        let type: AttributeType
        let value: Range<Int>

        /// Where the header of the attribute begins.
        var start: Int { self.value.lowerBound - 4 }
    }

    let type: MessageType
    let transactionID: TransactionID
    /// The attributes before the first one that protects the message.
    private(set) var content: [Field] = []
    private(set) var sha1: Field?
    private(set) var sha256: Field?
    private(set) var fingerprint: Field?

    init(scanning bytes: Span<UInt8>) throws(STUNError) {
        var reader = ByteReader(bytes)
        guard let header = try? MessageHeader(parsing: &reader), header.cookie == STUNMessage.magicCookie,
            let type = MessageType(rawValue: header.type)
        else { throw .notSTUN }
        guard header.length % 4 == 0, header.length == reader.remaining else {
            throw .wrongLength(declared: header.length, available: reader.remaining)
        }
        self.type = type
        self.transactionID = header.transactionID
        var count = 0
        while !reader.isAtEnd {
            count += 1
            guard count <= STUNMessage.maximumAttributes else { throw .tooManyAttributes }
            try self.place(try Self.field(&reader))
        }
    }

    /// What protects the integrity of the message.
    var integrity: IntegrityAlgorithms {
        var algorithms: IntegrityAlgorithms = []
        if self.sha1 != nil {
            algorithms.insert(.sha1)
        }
        if self.sha256 != nil {
            algorithms.insert(.sha256)
        }
        return algorithms
    }

    private static func field(_ reader: inout ByteReader) throws(STUNError) -> Field {
        // The length of the message is a multiple of four: there are four bytes.
        let type = AttributeType(rawValue: (try? reader.u16()) ?? 0)
        let length = Int((try? reader.u16()) ?? 0)
        let start = reader.offset
        do throws(Truncated) {
            try reader.skip((length + 3) & ~3)
        } catch {
            throw .truncatedAttribute(type)
        }
        return Field(type: type, value: start..<(start + length))
    }

    /// RFC 8489 §14.5 to §14.7: after MESSAGE-INTEGRITY only MESSAGE-INTEGRITY-SHA256 and FINGERPRINT count, after
    /// MESSAGE-INTEGRITY-SHA256 only FINGERPRINT, and that is the last.
    private mutating func place(_ field: Field) throws(STUNError) {
        guard self.fingerprint == nil else { throw .attributeAfterFingerprint(field.type) }
        switch field.type {
        case .fingerprint:
            guard field.value.count == 4 else { throw .malformedAttribute(field.type) }
            self.fingerprint = field
        case .messageIntegritySHA256 where self.sha256 == nil:
            guard (16...32).contains(field.value.count), field.value.count % 4 == 0 else {
                throw .malformedAttribute(field.type)
            }
            self.sha256 = field
        case .messageIntegrity where self.integrity.isEmpty:
            guard field.value.count == 20 else { throw .malformedAttribute(field.type) }
            self.sha1 = field
        default:
            if self.integrity.isEmpty {
                self.content.append(field)
            }
        }
    }
}

/// The first 20 bytes of a message.
struct MessageHeader {
    let type: UInt16
    let length: Int
    let cookie: UInt32
    let transactionID: TransactionID

    init(parsing reader: inout ByteReader) throws(Truncated) {
        self.type = try reader.u16()
        self.length = Int(try reader.u16())
        self.cookie = try reader.u32()
        self.transactionID = TransactionID(high: try reader.u32(), low: try reader.u64())
    }
}
