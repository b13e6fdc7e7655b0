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

    /// The random of a datagram that begins with a ClientHello or its first fragment (RFC 5246 §7.4.1.2); nil for others.
    ///
    /// A client sends the same random until it begins a handshake anew.
    package static func clientRandom(of datagram: Span<UInt8>) -> [UInt8]? {
        let start = RecordHeader.size + HandshakeHeader.size + 2
        guard self.isClientHello(datagram), datagram.count >= start + 32 else { return nil }
        let offset = RecordHeader.size + 6
        guard datagram[offset] == 0, datagram[offset + 1] == 0, datagram[offset + 2] == 0 else { return nil }
        return [UInt8](copying: datagram.extracting(start..<start + 32))
    }
}
