// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

extension Association {
    /// Why an association ended without a shutdown.
    package enum AbortCause: Hashable, Sendable {
        /// The peer aborted it, for these reasons.
        case peer([ErrorCause])
        /// This side aborted it.
        case local
        /// The peer did something that the protocol does not allow.
        case protocolViolation
        /// The peer does not answer.
        case timedOut
    }

    /// What happened to an association.
    package enum Event: Hashable, Sendable {
        /// Data can flow; the limits of the peer are known.
        case established
        /// The peer began a new association in place of this one: streams are as new, and what was under way is lost.
        case restarted
        /// The peer resets streams on which it sends; all of them if none is named.
        case incomingStreamsReset([StreamID])
        /// The peer knows that this side starts these streams anew.
        case outgoingStreamsReset([StreamID])
        /// The peer refuses to reset these streams.
        case outgoingResetDenied([StreamID])
        /// A message that was not to be sent for ever was given up.
        case messageAbandoned(StreamID)
        /// Both sides have all data, and the association is over.
        case shutdownComplete
        /// The association is over.
        case aborted(AbortCause)
    }

    /// Numbers for people and tests.
    package struct Statistics: Hashable, Sendable {
        /// The smoothed round-trip time; nil before the first measurement.
        package var smoothedRoundTrip: Duration?
        /// RTO without backoff.
        package var retransmissionTimeout: Duration
        /// cwnd in bytes.
        package var congestionWindow: Int
        /// ssthresh in bytes.
        package var slowStartThreshold: Int
        /// Bytes that were sent and neither acknowledged nor lost.
        package var bytesInFlight: Int
        /// What the peer said last about its receive window.
        package var peerWindow: Int
        /// How many chunks were sent more than once.
        package var retransmissions: Int
        /// Expirations of T3-rtx and unanswered HEARTBEATs in a row (RFC 9260 §8.1).
        package var errorCount: Int
        /// Packets that were dropped for an error of the peer.
        package var droppedPackets: Int
    }
}
