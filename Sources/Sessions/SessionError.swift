// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation

/// Why a session does not do what it was asked for.
package enum SessionError: Error, Equatable, Sendable {
    /// The session is over.
    case ended(SessionEnd)
    /// This side has said that it has nothing more to say, or the other side's bye ended the session.
    case finished
    /// A chat text has more bytes than `ConversationLimits.textCount`.
    case textTooLong(Int)
    /// The name of an offered file is too long to be told.
    case nameTooLong
    /// The other side is a browser or another program that takes no files.
    case filesNotTaken
    /// There is no such offer, or it was withdrawn or answered before.
    case noSuchOffer
    /// The disk of this side.
    case file(FileFailure)

    /// The exit status of a program that could not do anything else.
    package var exitStatus: Int32 {
        switch self {
        case .ended(let end): end.exitStatus
        case .finished, .textTooLong, .filesNotTaken, .noSuchOffer: 1
        case .nameTooLong, .file: FileFailure.exitStatus
        }
    }
}

extension SessionError: CustomStringConvertible {
    /// A sentence for people.
    package var description: String {
        switch self {
        case .ended(let end): end.description
        case .finished: "The session is finishing: nothing more can be said."
        case .textTooLong(let count):
            "The message has \(count) bytes; \(ConversationLimits.textCount) is the most that one can have."
        case .nameTooLong: "The name of the file is too long."
        case .filesNotTaken: "The other side is no icetalk: it takes no files."
        case .noSuchOffer: "There is no such offer any more."
        case .file(let failure): failure.description
        }
    }
}
