// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import DTLS
package import Peering

/// The line that one person sends to another so that the two can connect: a description of one side.
///
/// It is `icetalk1:` and base32 of: version (1 byte), length of the body (2), body, CRC-32 of all before it (4). This
/// frame is the same in every version. The body is a sequence of type, length and value, of which unknown types are
/// skipped. The line may be turned to upper case as a whole, in which all its characters are alphanumeric for a QR code.
package enum Invitation {
    /// What every line begins with, in any case.
    package static let prefix = "icetalk1:"

    /// The version of the body.
    static let version: UInt8 = 1

    /// No body is longer: a length beyond it was altered.
    static let maximumBodyLength = 1_024

    /// The line for a description, without a line ending.
    ///
    /// It carries at most `InvitationBody.maximumCandidates` candidates, of each kind some, with numbers for foundations
    /// and without related addresses. Credentials must be ice-chars, as those that icetalk draws are.
    package static func line(for description: PeerDescription) -> String {
        let body = InvitationBody.bytes(of: description)
        var bytes = [Self.version, UInt8(truncatingIfNeeded: body.count >> 8), UInt8(truncatingIfNeeded: body.count)]
        bytes += body
        let checksum = CRC32.checksum(bytes)
        bytes += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: checksum >> $0) }
        return Self.prefix + Base32.encode(bytes)
    }

    /// Finds the line in a text and reads it.
    ///
    /// The text may have words around the line, and the line may be wrapped, quoted and spaced. Without its prefix it is
    /// recognised if it is a word of its own. Throws `InvitationError` if there is no line or it is not whole.
    package static func description(in text: some StringProtocol) throws(InvitationError) -> PeerDescription {
        var failure = InvitationError.notAnInvitation
        for start in InvitationScanner.starts(in: text) {
            do throws(InvitationError) {
                return try start.description()
            } catch {
                failure = error
            }
        }
        throw failure
    }

    /// Whether a text holds what may be a line, whole or not: such a text carries a password and is never a message.
    package static func isLikely(in text: some StringProtocol) -> Bool {
        InvitationScanner.starts(in: text).contains { $0.isLikely }
    }

    /// Whether a text begins a line that may go on in the next ones.
    static func isBegun(in text: some StringProtocol) -> Bool {
        InvitationScanner.starts(in: text).contains { $0.isLikely || $0.isBare }
    }
}

extension PeerDescription {
    /// Whether this is one's own description: one pasted one's own line instead of the other side's.
    package func belongs(to fingerprint: Fingerprint) -> Bool {
        self.fingerprint == fingerprint
    }
}
