// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import SCTP

/// Something happened to a channel.
package enum DataChannelEvent: Hashable, Sendable {
    /// One of the two sides of a channel.
    package enum Side: Hashable, Sendable {
        /// This one.
        case local
        /// The other one.
        case remote
    }

    /// Why a channel is no more.
    package enum CloseReason: Hashable, Sendable {
        /// One of the sides closed it.
        case closed(by: Side)
        /// The peer broke a rule of RFC 8831 or RFC 8832.
        case protocolViolation
        /// There is no stream left for it: the peer allows fewer than there are channels.
        case noStream
        /// The association ended or began anew.
        case associationEnded
    }

    /// A channel can be used; its parameters can be asked for.
    case opened(DataChannelID, by: Side)
    /// A message arrived.
    case message(DataChannelID, DataChannelMessageKind, [UInt8])
    /// A text arrived that is not UTF-8 (RFC 8831 §6.6 demands it).
    case invalidText(DataChannelID, [UInt8])
    /// What waits to be sent fell to the threshold or below.
    case bufferedAmountLow(DataChannelID)
    /// A channel is no more; its identifier means nothing from now on.
    case closed(DataChannelID, CloseReason)
}

/// What a channel can be refused for; the caller's fault.
package enum DataChannelError: Error, Equatable, Sendable {
    /// There is no such channel, or it is closed.
    case noSuchChannel
    /// The channel is not open yet, or is closing.
    case notOpen
    /// The peer takes no messages larger than `limit`.
    case messageTooLarge(count: Int, limit: Int)
    /// A label or a protocol is longer than 65,535 bytes.
    case nameTooLong(Int)
    /// The stream is in use, or beyond those that there can be.
    case streamUnavailable(StreamID)
    /// There are as many channels as there may be.
    case tooManyChannels
    /// The association does not take the message.
    case refusedByTransport
}
