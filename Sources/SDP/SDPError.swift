// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Why a text is not a description that a data channel can be built on: always the fault of the one who sent it.
package enum SDPError: Error, Hashable, Sendable {
    /// What a description must have, or has wrong.
    package enum Field: String, Hashable, Sendable {
        /// `a=ice-ufrag`, 4 to 256 ice-chars (RFC 8839 §5.4).
        case usernameFragment = "ice-ufrag"
        /// `a=ice-pwd`, 22 to 256 ice-chars (RFC 8839 §5.4).
        case password = "ice-pwd"
        /// `a=fingerprint` (RFC 8122 §5).
        case fingerprint
        /// `a=setup` (RFC 4145 §4).
        case setup
        /// `a=sctp-port` (RFC 8841 §5).
        case sctpPort = "sctp-port"
        /// A line that begins a section (RFC 8866 §5.14).
        case mediaLine = "m="
    }

    /// The text has more bytes than `SDPLimit.bytes`, or more lines or sections than their limits.
    case tooLong
    /// A line has more bytes than `SDPLimit.lineBytes`.
    case lineTooLong(line: Int)
    /// The first line is not `v=0`.
    case notADescription
    /// No section describes a data channel.
    case noDataChannel
    /// The section that describes the data channel has port 0: the other side refused it.
    case dataChannelRejected
    /// Something that must be there is not.
    case missing(Field)
    /// Something is there and cannot be right.
    case invalid(Field)
    /// There are fingerprints, but none by SHA-256; these are the algorithms.
    case noUsableFingerprint(algorithms: [String])
}

extension SDPError: CustomStringConvertible {
    /// One sentence for a person.
    package var description: String {
        switch self {
        case .tooLong: "the session description is too long"
        case .lineTooLong(let line): "line \(line) of the session description is too long"
        case .notADescription: "this is not a session description: the first line must be v=0"
        case .noDataChannel: "the session description offers no data channel"
        case .dataChannelRejected: "the other side rejected the data channel"
        case .missing(let field): "the session description lacks \(field.rawValue)"
        case .invalid(let field): "the session description has an invalid \(field.rawValue)"
        case .noUsableFingerprint(let algorithms):
            "the session description has no sha-256 fingerprint, only \(algorithms.joined(separator: ", "))"
        }
    }
}

/// What a description may cost before it is refused.
package enum SDPLimit {
    /// Bytes of a whole description.
    package static let bytes = 65_536
    /// Lines of a description.
    package static let lines = 4_096
    /// Bytes of one line.
    package static let lineBytes = 4_096
    /// Sections (`m=` lines).
    package static let sections = 64
    /// Candidates that are kept of one section; more are ignored and counted.
    package static let candidates = 64
}
