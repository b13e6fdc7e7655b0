// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// How a session ended.
package enum SessionEnd: Hashable, Sendable {
    /// Both sides had nothing more to say.
    case finished
    /// This side broke it off.
    case interrupted
    /// The other side closed the connection without a bye.
    case closedByPeer
    /// The other side was not heard any more.
    case lost
    /// The other side was never reached.
    case noPath
    /// The other side's description was used by another peer before.
    case refused
    /// Something else ended it; a sentence says what.
    case failed(String)

    /// The exit status of a program that did nothing but this session, apart from its transfers.
    package var exitStatus: Int32 {
        switch self {
        case .finished: 0
        case .refused, .failed: 1
        case .noPath: 3
        case .closedByPeer, .lost: 6
        case .interrupted: 130
        }
    }
}

extension SessionEnd: CustomStringConvertible {
    /// A sentence for people.
    package var description: String {
        switch self {
        case .finished: "The session is finished."
        case .interrupted: "Interrupted."
        case .closedByPeer: "The other side closed the connection."
        case .lost: "The connection to the other side was lost."
        case .noPath: "The other side could not be reached."
        case .refused: "The other side's line was used by another peer before: ask for a fresh line."
        case .failed(let sentence): sentence
        }
    }
}
