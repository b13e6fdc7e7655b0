// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import SDP

/// Why what was pasted is of no use.
package enum PasteError: Error, Hashable, Sendable {
    /// An invitation that is not whole, or of a later version.
    case invitation(InvitationError)
    /// A session description that no connection can be built on.
    case sessionDescription(SDPError)
    /// JSON that is broken, or that says nothing known.
    case json
    /// A candidate that cannot be read.
    case candidate
    /// More than `PastedInput.maximumBytes` without an end.
    case tooLong
}

extension PasteError: CustomStringConvertible {
    /// One sentence for a person.
    package var description: String {
        switch self {
        case .invitation(let error): error.description
        case .sessionDescription(let error): error.description
        case .json: "this JSON holds no session description and no candidate, or it is not whole"
        case .candidate: "this candidate cannot be read"
        case .tooLong: "this is too long for an icetalk line or a session description"
        }
    }
}
