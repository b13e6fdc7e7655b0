// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Bounds on what a meeting keeps, takes and waits for.
enum MeetingLimits {
    /// A side that is there speaks within so long, or has fallen silent.
    static let silence: Duration = .seconds(120)
    /// The other side agrees within so long that the mailbox is not needed, or it is left all the same.
    static let finishing: Duration = .seconds(10)
    /// Messages that came before they can be read.
    static let heldMessages = 64
    /// Messages without any use, after which the meeting is given up.
    static let uselessMessages = 10_000
    /// Sealed messages of one side.
    static let sealedMessages: UInt64 = 1_024
    /// The longest candidate, in bytes.
    static let candidateCount = 1_024
    /// Candidates of one side.
    static let candidates = 512
    /// Sessions under one secret that the other side may have begun: a program that was started again begins a new one.
    static let sessions = 16
    /// Greetings under one secret that are answered, over all of a meeting.
    static let greetings = 256
    /// Versions that one side may name.
    static let versions = 16
}
