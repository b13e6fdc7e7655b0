// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Decides which records libssl may see.
///
/// libssl ends a handshake at a plaintext alert, keeps memory for records of the next epoch, and up to 3.0.22 ends a session at
/// a protected record that is too short to be one (CVE-2026-75806); anybody who can forge a source address can send all three.
/// What is dropped here costs nothing more than the look at its header.
struct RecordFilter {
    /// How many protected records are let through before the handshake has ended.
    ///
    /// libssl keeps them, 17 KB each, until ChangeCipherSpec arrives. A peer sends one Finished in each of its 12
    /// attempts.
    static let maximumEarlyRecords = 32
    /// The least length of a protected record of any cipher: an explicit nonce and a tag (RFC 5288 §3).
    ///
    /// With ChaCha20 (RFC 7905) one of an alert is shorter, and is not missed before the end of a handshake.
    private static let minimumProtected = 24
    /// A Finished has 24 bytes (RFC 6347 §4.2.2), and no cipher adds more than a block, a MAC and padding to it.
    private static let finished = 40...255

    /// Records that were dropped so far.
    private(set) var droppedRecords = 0
    /// The description of the last plaintext alert.
    private(set) var unauthenticatedAlert: UInt8?

    /// Bytes that each record adds to its plaintext; nil before the handshake has ended.
    private var expansion: Int?
    private var earlyRecords = 0
    /// Whether a ChangeCipherSpec came earlier in this datagram.
    private var followsChangeCipherSpec = false

    /// The handshake has ended, with a cipher that adds so many bytes to each plaintext.
    mutating func establish(expansion: Int) {
        self.expansion = expansion
    }

    /// Takes the next record off a datagram that passes; nil at the end of the datagram, or of what makes sense of it.
    mutating func next(in reader: inout ByteReader) -> Range<Int>? {
        if reader.offset == 0 { self.followsChangeCipherSpec = false }
        while !reader.isAtEnd {
            let start = reader.offset
            guard let header = RecordHeader(parsing: &reader), let body = try? reader.slice(header.length) else {
                self.droppedRecords &+= 1
                return nil
            }
            if self.admits(header, body) {
                return start..<reader.offset
            }
            self.droppedRecords &+= 1
        }
        return nil
    }

    private mutating func admits(_ header: RecordHeader, _ body: Span<UInt8>) -> Bool {
        if let expansion = self.expansion {
            return header.epoch == 1 && header.length >= expansion
        }
        guard header.isPlaintext else {
            return header.epoch == 1 && self.admitsEarly(header)
        }
        switch header.type {
        case .handshake:
            return HandshakeHeader.fillRecord(body)
        case .changeCipherSpec:
            self.followsChangeCipherSpec = body.count == 1
            return body.count == 1
        case .alert:
            if body.count == 2 {
                self.unauthenticatedAlert = body[1]
            }
            return false
        case .applicationData:
            return false
        }
    }

    /// A Finished that stands behind its ChangeCipherSpec, as it does in every datagram of a peer that is not split, is seen
    /// at once and not kept: so forged records cannot use up what the real one needs.
    private mutating func admitsEarly(_ header: RecordHeader) -> Bool {
        if self.followsChangeCipherSpec, header.type == .handshake, Self.finished.contains(header.length) {
            return true
        }
        guard header.length >= Self.minimumProtected, self.earlyRecords < Self.maximumEarlyRecords else { return false }
        self.earlyRecords &+= 1
        return true
    }
}
