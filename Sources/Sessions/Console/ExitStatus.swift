// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// What the program tells the shell when it ends; thrown by what has told the reason already.
package enum ExitStatus: Int32, Error, CaseIterable, Sendable {
    /// Everything that was asked for is done.
    case done = 0
    /// Something failed that has no status of its own.
    case failed = 1
    /// The command line, or what was pasted, is of no use.
    case usage = 2
    /// No path to the peer was found.
    case noPath = 3
    /// A wrong code, or a failed verification.
    case verification = 4
    /// The peer declined.
    case declined = 5
    /// The peer was lost.
    case peerLost = 6
    /// What arrived was damaged.
    case integrity = 7
    /// Trouble with a local file.
    case localFile = 8
    /// A server could not be reached.
    case serverUnreachable = 9
    /// A person interrupted.
    case interrupted = 130
}

/// Why the program ends without having done what was asked: one sentence for people, and a status for scripts.
package struct ProgramFailure: Error, Hashable, Sendable {
    /// The status.
    package let status: ExitStatus
    /// What is wrong, and what to do about it; free of control characters only after `SafeText`.
    package let message: String

    /// Creates a failure.
    package init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }
}
