// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// When to send a SACK.
package struct AcknowledgementPolicy: Sendable {
    /// What the other side is.
    package enum Peer: Sendable {
        /// Any implementation: SACKs as the RFC has them, because windows grow with each (RFC 9260 §6.2, §7.2.1).
        case standard
        /// Another icetalk: one SACK for a batch of datagrams, because its rate does not depend on their number.
        case icetalk
    }

    /// What the other side is; known once the handshake has shown it.
    package var peer: Peer = .standard
    /// When a SACK that was held back is due.
    package private(set) var deadline: Instant?

    private var packetsSinceSACK = 0
    private var packetsSinceStart = 0
    private var hasDataInPacket = false
    private var isUrgent = false

    /// Creates a policy for an association that has received no data.
    package init() {}

    /// Notes a DATA chunk; `isImmediate` is its I bit (RFC 7053).
    package mutating func received(_ arrival: TSNTracker.Arrival, isImmediate: Bool) {
        self.hasDataInPacket = true
        if isImmediate || arrival != .inOrder { self.isUrgent = true }
    }

    /// Makes a SACK due at the next occasion: the window opened, or a chunk arrived that asks for one.
    package mutating func request() {
        self.isUrgent = true
    }

    /// Ends a packet; `roundTrip` in nanoseconds shortens the delay towards another icetalk.
    package mutating func endPacket(at now: Instant, hasGaps: Bool, roundTrip: UInt64?) {
        guard self.hasDataInPacket else { return }
        self.hasDataInPacket = false
        self.packetsSinceSACK += 1
        self.packetsSinceStart = min(self.packetsSinceStart + 1, Self.eagerPackets + 1)
        if hasGaps || self.packetsSinceStart == 1 { self.isUrgent = true }
        guard self.deadline == nil else { return }
        var delay = Self.maximumDelay
        if self.peer == .icetalk, let roundTrip { delay = min(delay, max(roundTrip / 8, Self.minimumDelay)) }
        self.deadline = now.advanced(byNanoseconds: delay)
    }

    /// Whether a SACK is due; `atBatchEnd` when all that had arrived was taken in.
    package func isDue(at now: Instant, atBatchEnd: Bool) -> Bool {
        if self.isUrgent, self.peer == .standard || atBatchEnd { return true }
        if let deadline = self.deadline, deadline <= now { return true }
        switch self.peer {
        case .standard:
            return self.packetsSinceSACK >= 2
                || (self.packetsSinceSACK == 1 && self.packetsSinceStart <= Self.eagerPackets)
        case .icetalk:
            return self.packetsSinceSACK >= (atBatchEnd ? 2 : Self.maximumBatch)
        }
    }

    /// Whether there is anything that a packet sent now could acknowledge.
    package var hasUnacknowledged: Bool { self.isUrgent || self.packetsSinceSACK > 0 }

    /// Notes that a SACK was sent.
    package mutating func sent() {
        self.packetsSinceSACK = 0
        self.isUrgent = false
        self.deadline = nil
    }

    /// RFC 9260 §6.2 allows 200 ms; less keeps the round-trip times that the sender measures honest.
    static let maximumDelay: UInt64 = 20_000_000
    /// Timers are not finer.
    static let minimumDelay: UInt64 = 1_000_000
    /// For so many packets each one is acknowledged, because the slow start of dcSCTP grows with each SACK.
    static let eagerPackets = 100
    /// The most packets of one batch without a SACK.
    static let maximumBatch = 16
}
