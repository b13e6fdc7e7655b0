// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Which side opens the DTLS connection (RFC 4145 §4, RFC 8842 §5.1).
package enum SetupRole: String, Hashable, Sendable, CaseIterable {
    /// Either: an offer that leaves the choice to the answerer.
    case actpass
    /// The one who describes itself is the DTLS client.
    case active
    /// The one who describes itself is the DTLS server.
    case passive
    /// No connection for now; nothing can be built on it.
    case holdconn

    /// The role with which an offer of this one is answered; nil for `holdconn`.
    ///
    /// RFC 8842 §5.3: an answerer to `actpass` SHOULD be active, which saves a round trip.
    package var answer: SetupRole? {
        switch self {
        case .actpass, .passive: .active
        case .active: .passive
        case .holdconn: nil
        }
    }
}

/// Whether a description opens a negotiation or closes it (RFC 3264).
package enum DescriptionKind: String, Hashable, Sendable, CaseIterable {
    /// Opens one.
    case offer
    /// Closes one.
    case answer
}
