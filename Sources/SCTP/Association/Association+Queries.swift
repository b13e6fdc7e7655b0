// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

extension Association {
    /// Whether data flows.
    package var isEstablished: Bool { self.state == .established }

    /// Whether the limits of the peer are known; what is sent from then on need not wait, but may travel with the cookie.
    package var knowsPeer: Bool {
        if case .cookieEchoed = self.state { true } else { self.state.isSynchronized }
    }

    /// Whether the association is over; an ABORT may still wait to be sent.
    package var isOver: Bool { self.state == .ended }

    /// Bytes of a stream that wait to be sent; those in flight are not counted.
    package func bufferedAmount(stream: StreamID) -> Int { self.transmission.queue.bufferedBytes(on: stream) }

    /// Bytes that wait to be sent, of all streams.
    package var totalBufferedAmount: Int { self.transmission.queue.bufferedBytes }

    /// Bytes that were sent and neither acknowledged nor lost.
    package var bytesInFlight: Int { self.transmission.outstanding.flightBytes }

    /// Whether everything that was sent is acknowledged or given up.
    package var isIdle: Bool { self.transmission.isIdle }

    /// On how many streams this side may send: what it wanted, and once the peer is known no more than that takes.
    package var outboundStreams: UInt16 {
        min(self.configuration.outboundStreams, self.peer?.inboundStreams ?? .max)
    }

    /// On how many streams the peer may send.
    package var inboundStreams: UInt16 {
        min(self.configuration.inboundStreams, self.peer?.outboundStreams ?? .max)
    }

    /// Whether the peer is an icetalk; nil before it is known.
    package var isPeerIcetalk: Bool? { self.peer?.coalescesSACKs }

    /// Numbers for people and tests.
    package var statistics: Statistics {
        Statistics(
            smoothedRoundTrip: self.transmission.timeout.smoothed.map { .nanoseconds(Int64(clamping: $0)) },
            retransmissionTimeout: .nanoseconds(Int64(clamping: self.transmission.timeout.value)),
            congestionWindow: self.transmission.congestion.window,
            slowStartThreshold: self.transmission.congestion.slowStartThreshold,
            bytesInFlight: self.transmission.outstanding.flightBytes,
            peerWindow: self.transmission.advertisedWindow,
            retransmissions: self.transmission.retransmissionCount,
            errorCount: self.transmission.expirations + self.heartbeat.unanswered,
            droppedPackets: self.droppedPackets
        )
    }
}
