// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

extension STUNMessage {
    /// The bytes of the message.
    ///
    /// With a key they end with one or both integrity attributes (RFC 8489 §14.5, §14.6), and with `fingerprint` with
    /// FINGERPRINT (§14.7). The message must not be longer than 65,535 bytes after its header.
    package func encoded(
        integrity key: IntegrityKey? = nil,
        algorithms: IntegrityAlgorithms = .sha1,
        fingerprint: Bool = false
    ) -> [UInt8] {
        var writer = ByteWriter(capacity: 128)
        writer.u16(MessageType(self.method, self.messageClass).rawValue)
        writer.u16(0)
        writer.u32(Self.magicCookie)
        writer.u32(self.transactionID.high)
        writer.u64(self.transactionID.low)
        for attribute in self.attributes {
            attribute.write(to: &writer, in: self.transactionID)
        }
        if let key {
            for algorithm in [IntegrityAlgorithms.sha1, .sha256] where algorithms.contains(algorithm) {
                writer.appendIntegrity(key, algorithm)
            }
        }
        if fingerprint {
            writer.setMessageLength(adding: 8)
            let value = CRC32.checksum(of: writer.bytes.span) ^ CRC32.fingerprintMask
            writer.u16(AttributeType.fingerprint.rawValue)
            writer.u16(4)
            writer.u32(value)
        }
        writer.setMessageLength(adding: 0)
        return writer.bytes
    }

    /// Whether a key made the integrity attribute of the bytes; the strongest that is present and accepted counts.
    ///
    /// False when there is none, or when the bytes are no message. The time does not depend on where values differ.
    package static func verifyIntegrity(
        of bytes: Span<UInt8>,
        key: IntegrityKey,
        accepting accepted: IntegrityAlgorithms = .all
    ) -> Bool {
        guard let layout = try? MessageLayout(scanning: bytes) else { return false }
        if let field = layout.sha256, accepted.contains(.sha256) {
            return key.made(field, in: bytes, with: .sha256)
        }
        if let field = layout.sha1, accepted.contains(.sha1) {
            return key.made(field, in: bytes, with: .sha1)
        }
        return false
    }

    /// Whether the bytes are a message with a FINGERPRINT that is right (RFC 8489 §14.7).
    package static func verifyFingerprint(of bytes: Span<UInt8>) -> Bool {
        guard let layout = try? MessageLayout(scanning: bytes), let field = layout.fingerprint else { return false }
        var reader = ByteReader(bytes.extracting(field.value))
        guard let value = try? reader.u32() else { return false }
        return value == CRC32.checksum(of: bytes.extracting(0..<field.start)) ^ CRC32.fingerprintMask
    }
}

extension IntegrityKey {
    /// Whether the value of a field is the authentication code of all that stands before it.
    ///
    /// The length in the header counts up to the end of the field itself, whatever follows it (RFC 8489 §14.5).
    fileprivate func made(
        _ field: MessageLayout.Field,
        in bytes: Span<UInt8>,
        with algorithm: IntegrityAlgorithms
    ) -> Bool {
        var covered = ByteWriter(capacity: field.start)
        covered.span(bytes.extracting(0..<field.start))
        covered.setMessageLength(adding: field.value.upperBound - field.start)
        let code = self.authenticationCode(for: covered.bytes, with: algorithm)
        // MESSAGE-INTEGRITY-SHA256 may be cut to 16 bytes (RFC 8489 §14.6).
        return constantTimeEqual(code.span.extracting(first: field.value.count), bytes.extracting(field.value))
    }
}

extension ByteWriter {
    /// Appends MESSAGE-INTEGRITY or MESSAGE-INTEGRITY-SHA256 for all that was written.
    fileprivate mutating func appendIntegrity(_ key: IntegrityKey, _ algorithm: IntegrityAlgorithms) {
        let isSHA1 = algorithm == .sha1
        self.setMessageLength(adding: isSHA1 ? 24 : 36)
        let code = key.authenticationCode(for: self.bytes, with: algorithm)
        self.u16((isSHA1 ? AttributeType.messageIntegrity : .messageIntegritySHA256).rawValue)
        self.u16(UInt16(code.count))
        self.array(code)
    }

    /// Sets the length in the header to what was written and what is about to be.
    fileprivate mutating func setMessageLength(adding count: Int) {
        self.patch(u16: UInt16(clamping: self.count + count - STUNMessage.headerSize), at: 2)
    }
}
