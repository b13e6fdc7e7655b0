// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// The header of a DTLS 1.2 record (RFC 6347 §4.1).
struct RecordHeader: Equatable {
    /// The protocols that a record may carry.
    enum ContentType: UInt8 {
        case changeCipherSpec = 20
        case alert = 21
        case handshake = 22
        case applicationData = 23
    }

    /// Bytes of a header.
    static let size = 13
    /// RFC 6347 §4.1 limits a ciphertext to 2^14 + 2048 bytes; without compression, 256 of these suffice, and libssl
    /// has memory for no more.
    static let maximumLength = 16_384 + 256

    let type: ContentType
    let epoch: UInt16
    /// Bytes after the header.
    let length: Int

    /// Whether the record was sent before any key was agreed on, so that anyone could have made it.
    var isPlaintext: Bool { self.epoch == 0 }

    /// Reads a header; nil unless type, version and length are ones that DTLS 1.2 can have.
    init?(parsing reader: inout ByteReader) {
        guard let type = try? ContentType(rawValue: reader.u8()),
            let version = try? reader.u16(), version == 0xFEFF || version == 0xFEFD,
            let epoch = try? reader.u16(),
            (try? reader.skip(6)) != nil,
            let length = try? reader.u16(), length <= Self.maximumLength
        else { return nil }
        self.type = type
        self.epoch = epoch
        self.length = Int(length)
    }
}

/// The header of a handshake message or of a fragment of one (RFC 6347 §4.2.2).
struct HandshakeHeader: Equatable {
    /// RFC 5246 §7.4: the type of a ClientHello.
    static let clientHello: UInt8 = 1
    /// Bytes of a header (RFC 6347 §4.2.2).
    static let size = 12
    /// No message of a handshake between peers is near this: a certificate has some hundred bytes, a ClientHello with
    /// a post-quantum key share 1,500.
    static let maximumMessage = 16_384

    let type: UInt8
    let messageLength: Int
    let fragmentOffset: Int
    let fragmentLength: Int

    /// Reads a header; nil unless the fragment lies within its message and the message is of a bearable size.
    init?(parsing reader: inout ByteReader) {
        guard let first = try? reader.u32(), (try? reader.skip(2)) != nil,
            let offset = try? Self.u24(&reader), let length = try? Self.u24(&reader)
        else { return nil }
        self.type = UInt8(truncatingIfNeeded: first >> 24)
        self.messageLength = Int(first & 0xFF_FFFF)
        self.fragmentOffset = offset
        self.fragmentLength = length
        guard self.messageLength <= Self.maximumMessage, offset &+ length <= self.messageLength else { return nil }
    }

    /// Whether a plaintext record holds whole fragments and nothing else.
    static func fillRecord(_ fragment: Span<UInt8>) -> Bool {
        var reader = ByteReader(fragment)
        repeat {
            guard let header = HandshakeHeader(parsing: &reader), (try? reader.skip(header.fragmentLength)) != nil
            else { return false }
        } while !reader.isAtEnd
        return true
    }

    private static func u24(_ reader: inout ByteReader) throws(Truncated) -> Int {
        let high = try Int(reader.u8())
        let low = try Int(reader.u16())
        return high << 16 | low
    }
}
