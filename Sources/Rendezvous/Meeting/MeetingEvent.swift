// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Peering
package import Wire

/// What happens in a meeting, in the order in which it does.
package enum MeetingEvent: Equatable, Sendable {
    /// The server greeted: its message of the day, and the ICE servers that it recommends.
    case welcome(notice: SafeText?, iceServers: [MailboxICEServer])
    /// ICE servers with credentials that are good for so many seconds.
    case iceServers([MailboxICEServer], expires: Int)
    /// The code is known, and may be told to the other side. For a chosen or typed one too; never for a secret.
    case code(Code)
    /// This side is in the mailbox; the other one is not there yet.
    case waiting
    /// The other side is there.
    case otherSideIsHere
    /// What the other side knows is being compared with what this side knows.
    case checking
    /// The other side has proven that it knows the code or the secret: descriptions and candidates may follow.
    case verified
    /// The description of the other side, with the candidates that it knew by then.
    case description(PeerDescription)
    /// A candidate of the other side, as the value of an `a=candidate` line.
    case candidate(String)
    /// The other side has no more candidates.
    case endOfCandidates
    /// The connection to the server is gone; it will be tried again.
    case disconnected
    /// The server refused something that the meeting can do without, and says why.
    case serverError(SafeText)
    /// Both sides need the mailbox no more, or this side has left it: nothing follows.
    case closed
    /// The meeting came to nothing; the mailbox is left, and `closed` follows when that is done.
    case failed(MeetingFailure)
}

/// Why a meeting came to nothing.
package enum MeetingFailure: Error, Hashable, Sendable {
    /// The other side does not know the same words: the code is used up, for both sides.
    case wrongCode
    /// Two others are there already.
    case crowded
    /// The nameplate of the code was used and given back before.
    case codeUsedUp
    /// The server does not serve, for this reason.
    case refused(SafeText)
    /// The server asks for something that this client cannot give, such as a proof of work that is too hard.
    case permissionRequired
    /// No connection to the server came about.
    case serverUnreachable
    /// The other side came, and then said nothing for too long.
    case otherSideSilent
    /// The other side speaks no version that this side speaks.
    case incompatible
    /// What arrived through the mailbox breaks the rules: the other side or the server is not what it should be.
    case misbehaving
    /// The mailbox was flooded with messages that are of no use.
    case flooded
    /// The library of the elliptic curve failed: the fault of this machine.
    case cryptography
}

extension MeetingFailure: CustomStringConvertible {
    /// One sentence for a person.
    package var description: String {
        switch self {
        case .wrongCode: "the code was wrong, and is used up now: make a new one and try again"
        case .crowded: "two others have used this code already: make a new one"
        case .codeUsedUp: "the code was used before: make a new one"
        case .refused(let reason): "the server refuses: \(reason)"
        case .permissionRequired: "the server asks for a permission that icetalk cannot give"
        case .serverUnreachable: "the server cannot be reached"
        case .otherSideSilent: "the other side was there, and fell silent"
        case .incompatible: "the other side runs a version that does not fit this one"
        case .misbehaving: "something on the way changed the messages: make a new code"
        case .flooded: "the mailbox was flooded with foreign messages: make a new code"
        case .cryptography: "the cryptographic library failed"
        }
    }
}
