// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// ERROR-CODE: why a request failed (RFC 8489 §14.8); other modules add theirs in extensions.
///
/// Two errors are equal when their numbers are: each implementation words its reasons as it likes.
package struct ErrorCode: Hashable, Sendable {
    /// 300 to 699.
    package let number: Int
    /// A sentence for people, at most 763 bytes long.
    package let reason: String

    /// Creates an error from a number, which is brought into the range of 300 to 699, and a reason.
    package init(_ number: Int, _ reason: String = "") {
        self.number = min(max(number, 300), 699)
        self.reason = reason
    }

    /// Whether the numbers are equal.
    package static func == (left: ErrorCode, right: ErrorCode) -> Bool { left.number == right.number }

    /// Feeds the number.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(self.number)
    }
}

extension ErrorCode {
    /// The client should use another server.
    package static let tryAlternate = ErrorCode(300, "Try Alternate")
    /// The request was malformed.
    package static let badRequest = ErrorCode(400, "Bad Request")
    /// The credentials are missing or wrong.
    package static let unauthenticated = ErrorCode(401, "Unauthenticated")
    /// The request is authentic, but its sender may not make it (RFC 8656 §18).
    package static let forbidden = ErrorCode(403, "Forbidden")
    /// An attribute that has to be understood was not.
    package static let unknownAttribute = ErrorCode(420, "Unknown Attribute")
    /// The nonce is no longer valid.
    package static let staleNonce = ErrorCode(438, "Stale Nonce")
    /// Both agents believe themselves to be controlling, or controlled (RFC 8445 §7.3.1.1).
    package static let roleConflict = ErrorCode(487, "Role Conflict")
    /// The server is in trouble for a while.
    package static let serverError = ErrorCode(500, "Server Error")
}

/// PASSWORD-ALGORITHM: how a long-term key is made (RFC 8489 §14.12, §18.5).
package struct PasswordAlgorithm: Hashable, Sendable {
    /// The number of the algorithm.
    package let number: UInt16
    /// Its parameters; none for the two algorithms known here.
    package let parameters: [UInt8]

    /// Creates an algorithm from its number and parameters.
    package init(number: UInt16, parameters: [UInt8] = []) {
        self.number = number
        self.parameters = parameters
    }

    /// MD5 of `username:realm:password`.
    package static let md5 = PasswordAlgorithm(number: 1)
    /// SHA-256 of `username:realm:password`.
    package static let sha256 = PasswordAlgorithm(number: 2)

    /// Whether keys can be made with it here.
    package var isSupported: Bool { self == .md5 || self == .sha256 }
}

/// CHANGE-REQUEST: where a server is to answer from (RFC 5780 §7.2).
package struct ChangeRequest: OptionSet, Hashable, Sendable {
    /// The flags as they stand in the attribute.
    package let rawValue: UInt32

    /// Creates a request from flags.
    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// From another address.
    package static let address = ChangeRequest(rawValue: 0x4)
    /// From another port.
    package static let port = ChangeRequest(rawValue: 0x2)
}
