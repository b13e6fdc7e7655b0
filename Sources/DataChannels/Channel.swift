// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SCTP

/// One channel of a set.
///
/// ```
/// waiting ──▶ opening ──▶ open ──▶ closing ──▶ (removed, stream free again)
///    └──────────── negotiated ──▶┘
/// ```
struct Channel: Sendable {
    /// Where a channel is in its life.
    enum State: Hashable, Sendable {
        /// Its stream is not known, or the association is not established.
        case waiting
        /// OPEN was sent: messages may follow, but in order (RFC 8832 §6).
        case opening
        /// Both sides know it.
        case open
        /// One side resets its stream; the other one follows (RFC 8831 §6.7).
        case closing(Closing)
    }

    /// What of a closing is done, and what to say of it.
    struct Closing: Hashable, Sendable {
        /// Whether the peer began its stream anew.
        var isIncomingReset: Bool
        /// Whether the peer knows that ours begins anew.
        var isOutgoingReset: Bool
        /// Nil when nobody was told of the channel, because it was refused.
        var reason: DataChannelEvent.CloseReason?
    }

    /// A message that waits for its channel.
    struct HeldMessage: Sendable {
        /// What it says.
        var bytes: [UInt8]
        /// What it is.
        var kind: DataChannelMessageKind
    }

    /// What it was opened with.
    let parameters: DataChannelParameters
    /// Where it is in its life.
    var state: State
    /// Its stream; nil before that is known.
    var stream: StreamID?
    /// Whether the user was told that it is open.
    var isAnnounced = false
    /// Parts of a message in the deprecated manner.
    var partial: [UInt8] = []
    /// Messages that were sent before it had a stream.
    var held: [HeldMessage] = []
    /// At how many waiting bytes the user is told.
    var lowThreshold = 0
    /// Whether the buffered amount was above the threshold since that was last told.
    var isAboveThreshold = false

    /// Whether one of the sides closed it.
    var isClosing: Bool {
        if case .closing = self.state { true } else { false }
    }
}
