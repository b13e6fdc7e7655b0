// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Crypto

/// Which integrity attributes a message has, may have or shall have (RFC 8489 §14.5, §14.6).
package struct IntegrityAlgorithms: OptionSet, Hashable, Sendable {
    /// The bits of the set.
    package let rawValue: UInt8

    /// Creates a set from its bits.
    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// MESSAGE-INTEGRITY: HMAC-SHA1.
    package static let sha1 = IntegrityAlgorithms(rawValue: 0b01)
    /// MESSAGE-INTEGRITY-SHA256: HMAC-SHA256.
    package static let sha256 = IntegrityAlgorithms(rawValue: 0b10)
    /// Both.
    package static let all: IntegrityAlgorithms = [.sha1, .sha256]
}

/// The key of integrity attributes; it never shows itself in text.
///
/// Passwords and realms are to be prepared with OpaqueString (RFC 8265 §4.2). That leaves ASCII as it is; here spaces
/// outside of ASCII become U+0020, and nothing else is done: other text must come in normalization form C.
package struct IntegrityKey: Equatable, Sendable {
    private let key: SymmetricKey

    /// The key of short-term credentials: the password itself (RFC 8489 §9.1.1).
    package init(shortTerm password: String) {
        self.key = SymmetricKey(data: Self.opaqueString(password))
    }

    /// The key of long-term credentials (RFC 8489 §9.2.2); nil for an algorithm that is not supported.
    package init?(username: String, realm: String, password: String, algorithm: PasswordAlgorithm = .md5) {
        let text = Array(username.utf8) + Array(":".utf8) + Self.opaqueString(realm) + Array(":".utf8)
        let secret = text + Self.opaqueString(password)
        switch algorithm {
        case .md5: self.key = SymmetricKey(data: Array(Insecure.MD5.hash(data: secret)))
        case .sha256: self.key = SymmetricKey(data: Array(SHA256.hash(data: secret)))
        default: return nil
        }
    }

    /// The value of USERHASH (RFC 8489 §14.4).
    package static func userHash(username: String, realm: String) -> [UInt8] {
        Array(SHA256.hash(data: Array(username.utf8) + Array(":".utf8) + self.opaqueString(realm)))
    }

    /// The code of some bytes: 20 bytes with SHA-1, 32 with SHA-256.
    func authenticationCode(for bytes: [UInt8], with algorithm: IntegrityAlgorithms) -> [UInt8] {
        algorithm == .sha1
            ? Array(HMAC<Insecure.SHA1>.authenticationCode(for: bytes, using: self.key))
            : Array(HMAC<SHA256>.authenticationCode(for: bytes, using: self.key))
    }

    private static func opaqueString(_ text: String) -> [UInt8] {
        guard text.utf8.contains(where: { $0 >= 0x80 }) else { return Array(text.utf8) }
        var prepared = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            prepared.append(scalar.properties.generalCategory == .spaceSeparator ? " " : scalar)
        }
        return Array(String(prepared).utf8)
    }
}

extension IntegrityKey: CustomStringConvertible, CustomReflectable {
    /// No word about the key.
    package var description: String { "IntegrityKey" }

    /// No look into the key.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
