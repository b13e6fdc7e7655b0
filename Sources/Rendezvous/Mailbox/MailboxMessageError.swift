// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Why a message of the mailbox protocol is of no use; the fault of whoever sent it.
package enum MailboxMessageError: Error, Hashable, Sendable {
    /// It has more bytes than a message may have.
    case tooLong(Int)
    /// It is no JSON object.
    case malformed
    /// It does not tell its type.
    case missingType
    /// Its type is none that is known.
    case unknownType
    /// It lacks a member that its type needs.
    case missing(String)
    /// A member is of the wrong kind, or too long.
    case invalid(String)
}

extension MailboxMessageError: CustomStringConvertible {
    /// What the sender is told.
    package var description: String {
        switch self {
        case .tooLong(let count): "the message is too long: \(count) bytes, at most \(MailboxLimits.messageCount)"
        case .malformed: "the message is not a JSON object"
        case .missingType: "missing 'type'"
        case .unknownType: "unknown type"
        case .missing(let key): "missing '\(key)'"
        case .invalid(let key): "'\(key)' is of the wrong kind or too long"
        }
    }
}
