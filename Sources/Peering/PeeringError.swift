// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// What a caller of `PeerConnection` can do wrong, or learn about a description.
package enum PeeringError: Error, Hashable, Sendable {
    /// The description is this side's own.
    case ownDescription
    /// Another description was applied before, and this one is of somebody else.
    case alreadyPaired
    /// An answer came although no offer was made, or an offer came where an answer was due.
    case unexpectedDescription
    /// The SDP cannot be used; the text says why.
    case unusableDescription(String)
    /// The local certificate could not be made or used.
    case certificate(String)
}

extension PeeringError: CustomStringConvertible {
    /// One sentence.
    package var description: String {
        switch self {
        case .ownDescription: "this is your own line"
        case .alreadyPaired: "a line of another peer was taken before"
        case .unexpectedDescription: "this description does not fit: an answer needs an offer before it"
        case .unusableDescription(let reason): "this description cannot be used: \(reason)"
        case .certificate(let reason): "no certificate: \(reason)"
        }
    }
}
