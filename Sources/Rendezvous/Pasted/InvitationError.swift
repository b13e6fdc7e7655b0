// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Why a text does not hold an invitation: the fault of whoever copied it, or of the version that wrote it.
package enum InvitationError: Error, Hashable, Sendable {
    /// There is no invitation in it at all.
    case notAnInvitation
    /// Its end is missing: at least so many characters.
    case cutShort(missing: Int)
    /// A character is not the one that was written.
    case altered
    /// A later version of icetalk wrote it, in this version of the line.
    case tooNew(version: Int)
}

extension InvitationError: CustomStringConvertible {
    /// One sentence for a person.
    package var description: String {
        switch self {
        case .notAnInvitation: "this is not an icetalk line (it begins with icetalk1:)"
        case .cutShort(let missing): "the line was cut short: at least \(missing) characters are missing at its end"
        case .altered: "the line was altered on its way: copy it again, all of it"
        case .tooNew(let version): "the line is of version \(version), which this icetalk does not know: update icetalk"
        }
    }
}
