// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Why a transfer failed.
package enum TransferFailure: Error, Equatable, Sendable {
    /// The bytes at this offset do not match their digest.
    case blockCorrupted(offset: UInt64)
    /// The whole file does not match its digest.
    case fileCorrupted
    /// The source changed while it was read.
    case sourceChanged
    /// The disk of this side: a sentence that says what happened.
    case localFile(String)
    /// The peer sent what is no message.
    case malformed(TransferMessageError)
    /// The peer sent a message that has no place where it came.
    case violation(TransferViolation)
    /// The peer takes only messages that are too small.
    case messagesTooSmall(Int)
    /// This side ended it.
    case cancelledHere
    /// The other side ended it.
    case cancelledByPeer(TransferCancelReason)
    /// The channel closed before the end.
    case channelClosed
}

/// What a peer did against the protocol of a transfer.
package enum TransferViolation: Equatable, Sendable {
    /// A message that the other role sends, or that comes out of turn.
    case outOfTurn
    /// More entries than agreed, or one with a wrong index.
    case wrongEntry
    /// An entry that is not what was offered.
    case notAsOffered
    /// A block that does not follow the one before, or is too short or too long.
    case wrongBlock
    /// The end came before or after the size that was announced.
    case wrongSize
    /// More bytes under way than the window allows.
    case windowExceeded
    /// A report of more bytes than were sent, or of fewer than before.
    case wrongReport
    /// The peer says that it is complete before everything was sent.
    case completedEarly
}

extension TransferFailure {
    /// The exit status of a program that did nothing but this transfer.
    package var exitStatus: Int32 {
        switch self {
        case .blockCorrupted, .fileCorrupted, .cancelledByPeer(.integrity): 7
        case .sourceChanged, .localFile: 8
        case .malformed, .violation, .messagesTooSmall: 1
        case .cancelledHere: 130
        case .cancelledByPeer(.user): 5
        case .cancelledByPeer: 1
        case .channelClosed: 6
        }
    }

    /// What the other side is told; nil when it knows, or cannot be told.
    package var reasonForPeer: TransferCancelReason? {
        switch self {
        case .blockCorrupted, .fileCorrupted: .integrity
        case .sourceChanged: .sourceChanged
        case .localFile: .localFile
        case .malformed, .violation: .protocolError
        case .messagesTooSmall: .other
        case .cancelledHere: .user
        case .cancelledByPeer, .channelClosed: nil
        }
    }
}

extension TransferFailure: CustomStringConvertible {
    /// A sentence for people.
    package var description: String {
        switch self {
        case .blockCorrupted(let offset): "The bytes at offset \(offset) arrived damaged."
        case .fileCorrupted: "The file arrived damaged: its SHA-256 does not match."
        case .sourceChanged: "The file was changed while it was sent."
        case .localFile(let sentence): sentence
        case .malformed, .violation: "The other side broke the transfer protocol."
        case .messagesTooSmall(let count): "The other side takes messages of \(count) bytes only, too small for files."
        case .cancelledHere: "The transfer was cancelled."
        case .cancelledByPeer(let reason): Self.sentence(for: reason)
        case .channelClosed: "The connection was lost during the transfer."
        }
    }

    private static func sentence(for reason: TransferCancelReason) -> String {
        switch reason {
        case .user: "The other side cancelled the transfer."
        case .localFile: "The other side had trouble with its disk."
        case .sourceChanged: "The file was changed on the other side while it was sent."
        case .integrity: "The file arrived damaged on the other side."
        case .protocolError: "The other side did not understand the transfer."
        case .other: "The other side ended the transfer."
        }
    }
}
