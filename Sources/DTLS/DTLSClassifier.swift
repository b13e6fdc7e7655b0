// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Tells DTLS from the other protocols on the same port (RFC 7983), at the price of a look at a few bytes.
package enum DTLSClassifier {
    /// Whether a datagram is DTLS: its first byte is in 20...63 (RFC 7983 §7), and a record header fits.
    package static func looksLikeDTLS(_ datagram: Span<UInt8>) -> Bool {
        datagram.count >= RecordHeader.size && (20...63).contains(datagram[0])
    }

    /// Whether a datagram begins with a ClientHello or a fragment of one.
    package static func isClientHello(_ datagram: Span<UInt8>) -> Bool {
        var reader = ByteReader(datagram)
        guard let record = RecordHeader(parsing: &reader), record.type == .handshake, record.isPlaintext,
            let body = try? reader.slice(record.length)
        else { return false }
        var fragment = ByteReader(body)
        guard let message = HandshakeHeader(parsing: &fragment) else { return false }
        return message.type == HandshakeHeader.clientHello && message.fragmentLength <= fragment.remaining
    }
}
