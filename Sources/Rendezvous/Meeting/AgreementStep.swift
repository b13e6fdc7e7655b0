// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// What follows from a message by which two sides agree on keys.
enum AgreementStep {
    /// Something is to be put into the mailbox.
    case add(phase: String, body: [UInt8])
    /// The other side is there.
    case otherSideIsHere
    /// This side knows enough to check what the other one knows.
    case checking
    /// The other side knows the same: its sealed messages are in phases that begin so.
    case verified(SessionKeys, side: String, phasePrefix: String)
    /// Nothing more is accepted.
    case failed(MeetingFailure)
    /// The message belongs to something later, or to nothing.
    case notMine
    /// The message is a stranger's, or wrong where a wrong one does no harm.
    case useless
}
