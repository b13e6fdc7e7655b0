// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// The sending half of an association: what waits, what is in flight, and when it may be sent or must be sent again.
struct Transmission: Sendable {
    /// What is fixed before the peer is known.
    struct Parameters: Sendable {
        /// Bytes of a full packet.
        var packetSize: Int
        /// The congestion control.
        var algorithm: Association.CongestionControlAlgorithm
        /// The retransmission timeout before any measurement.
        var timeout: RetransmissionTimeout
    }

    /// What is known about the receiving half of the peer.
    struct Peer: Sendable {
        /// a_rwnd of its INIT or INIT ACK.
        var window: UInt32
        /// Whether it understands FORWARD-TSN.
        var supportsForwardTSN: Bool
        /// How many gap blocks its SACKs hold at most.
        var reportLimit: Int
        /// For how many packets one of its SACKs may stand.
        var packetsPerAcknowledgement: Int
        /// RTO.Min toward it, in nanoseconds.
        var minimumTimeout: UInt64
        /// Bytes of its window that are better left unused.
        var windowReserve: Int
    }

    /// What has no TSN yet.
    var queue = SendQueue()
    /// What has a TSN and is not acknowledged.
    var outstanding: OutstandingData
    /// How much may be in flight.
    var congestion: CongestionController
    /// The round-trip time and RTO.
    var timeout: RetransmissionTimeout
    /// Bytes of a full packet, a multiple of four.
    let packetSize: Int

    /// When T3-rtx expires; nil while it is stopped.
    var timer: Instant?
    /// How often T3-rtx expired since something was acknowledged.
    var expirations = 0
    /// How many chunks were sent again.
    var retransmissionCount = 0
    /// The last TSN that was sent when fast recovery began; nil outside of it.
    var recoveryExit: TSN?
    /// Whether the next packet with retransmissions disregards the window (RFC 9260 §7.2.4 rule 3).
    var isFastRetransmitDue = false
    /// How many packets may go out before the next acknowledgement (RFC 9260 §6.1 D).
    var burst = Self.initialBurst
    /// Whether it was the congestion window that ended the last burst, rather than a lack of data or the peer's window.
    var isWindowLimited = false
    /// When data was sent last.
    var lastSentAt = Instant.zero
    /// When the round-trip time was measured last: once for each round trip (RFC 9260 §6.3.1 C4).
    var lastMeasuredAt = Instant.zero

    /// a_rwnd of the last SACK.
    var advertisedWindow = 0
    /// Whether both sides support FORWARD-TSN.
    var supportsForwardTSN = false
    /// How many gap blocks the SACKs of the peer hold at most.
    var reportLimit = Int.max
    /// Bytes of the window of the peer that are left unused.
    var windowReserve = 0

    /// How far the peer is told to skip; at or below the cumulative acknowledgement if there is nothing to skip.
    var forwardPoint: TSN
    /// Whether a FORWARD-TSN is to be sent.
    var isForwardDue = false
    /// When a FORWARD-TSN was sent last.
    var lastForwardAt = Instant.zero

    /// Creates the state before the peer is known.
    init(initialTSN: TSN, parameters: Parameters) {
        self.outstanding = OutstandingData(initialTSN: initialTSN)
        self.packetSize = parameters.packetSize & ~3
        self.timeout = parameters.timeout
        // RFC 9260 §7.2 counts in PMDCS, the user data of a full packet.
        let payload = (parameters.packetSize & ~3) - CommonHeader.size - DataChunkHeader.size
        self.congestion = CongestionController(parameters.algorithm, packetSize: payload)
        self.forwardPoint = initialTSN.previous
    }

    /// The peer is known now: its INIT or INIT ACK was taken, whichever it was (both seed window and threshold).
    ///
    /// What went with a cookie that was of no use goes again.
    mutating func start(toward peer: Peer) {
        self.sendAgain()
        self.advertisedWindow = Int(peer.window)
        self.supportsForwardTSN = peer.supportsForwardTSN
        self.reportLimit = peer.reportLimit
        self.windowReserve = peer.windowReserve
        self.timeout.setMinimum(peer.minimumTimeout)
        self.congestion.begin(
            threshold: Int(peer.window),
            packetsPerAcknowledgement: peer.packetsPerAcknowledgement
        )
    }

    /// Whether nothing waits and nothing is unacknowledged.
    var isIdle: Bool { self.queue.isEmpty && self.outstanding.count == 0 }

    /// Bytes of user data in a packet with one chunk.
    var fullPayload: Int { self.packetSize - CommonHeader.size - DataChunkHeader.size }

    /// Takes a message.
    mutating func enqueue(_ message: OutgoingMessage, at now: Instant) {
        if self.outstanding.count == 0, self.queue.isEmpty {
            let idle = now.nanoseconds(since: self.lastSentAt) / max(self.timeout.value, 1)
            if idle > 0 { self.congestion.idled(timeouts: Int(clamping: idle)) }
            self.burst = Self.initialBurst
        }
        self.queue.append(message)
    }

    /// Data that went with a COOKIE ECHO goes with the next one, too: T1-cookie stands for T3-rtx until COOKIE ACK, and the loss
    /// of the first packet says nothing of congestion.
    mutating func sendAgain() {
        self.outstanding.loseAll()
        self.timer = nil
        self.burst = max(self.burst, Self.baseBurst)
    }

    /// T3-rtx expired (RFC 9260 §6.3.3).
    mutating func handleTimeout(at now: Instant) {
        guard let timer = self.timer, timer <= now else { return }
        guard self.outstanding.count > 0 else {
            self.timer = nil
            return
        }
        self.expirations += 1
        if !self.isProbingWindow { self.congestion.timedOut() }
        self.outstanding.loseAll()
        self.recoveryExit = nil
        self.isFastRetransmitDue = false
        self.burst = max(self.burst, Self.baseBurst)
        self.isForwardDue = self.outstanding.cumulativeTSN.precedes(self.forwardPoint)
        self.startTimer(at: now)
    }

    /// Has T3-rtx expire now where it has expired before, without the time that was added to it since.
    mutating func resume(at now: Instant) {
        guard self.expirations > 0, self.timer != nil else { return }
        self.expirations = 0
        self.timer = now
    }

    /// Whether all that is in flight is one chunk which the peer has said it has no room for: that it was not
    /// acknowledged tells nothing about the path.
    var isProbingWindow: Bool {
        guard self.outstanding.count == 1 else { return false }
        let length = Int(self.outstanding[self.outstanding.nextTSN.previous].length)
        return self.advertisedWindow - self.windowReserve < length
    }

    /// Takes a SACK (RFC 9260 §6.2.1).
    ///
    /// - Returns: whether it is about data that was sent; others are left unnoticed.
    mutating func handle(_ sack: SACKChunk, at now: Instant) -> Bool {
        guard self.outstanding.isPlausible(cumulative: sack.cumulativeTSN, blocks: sack.gapBlocks) else { return false }
        self.advertisedWindow = Int(sack.advertisedWindow)
        self.acknowledge(sack.cumulativeTSN, sack.gapBlocks, at: now)
        return true
    }

    /// Takes the cumulative TSN of a SHUTDOWN, which does not say anything about the window.
    mutating func handle(cumulativeTSN: TSN, at now: Instant) {
        guard self.outstanding.isPlausible(cumulative: cumulativeTSN, blocks: []) else { return }
        self.acknowledge(cumulativeTSN, [], at: now)
    }

    private mutating func acknowledge(_ cumulative: TSN, _ blocks: [GapBlock], at now: Instant) {
        let change = self.outstanding.acknowledge(
            cumulative: cumulative,
            blocks: blocks,
            reportLimit: self.reportLimit,
            isInRecovery: self.recoveryExit != nil,
            queue: &self.queue
        )
        if let sentAt = change.latestSentOnce, sentAt >= self.lastMeasuredAt {
            self.timeout.measure(now.nanoseconds(since: sentAt))
            self.lastMeasuredAt = now
        }
        if change.highest != nil { self.expirations = 0 }
        if let exit = self.recoveryExit, exit.isAtMost(cumulative) { self.recoveryExit = nil }
        self.congestion.acknowledged(
            AcknowledgedData(
                bytes: change.bytes,
                isWindowLimited: self.isWindowLimited,
                isCumulative: change.isCumulative,
                isAll: self.outstanding.count == 0,
                isInRecovery: self.recoveryExit != nil
            )
        )
        if change.hasNewLosses { self.enterRecovery() }
        // Slow start sends two packets for each one that arrived; Max.Burst is what may come on top of that.
        let clocked = 2 * (change.bytes + self.fullPayload - 1) / self.fullPayload
        self.burst = min(max(self.burst, Self.baseBurst), Self.maximumBurst) + clocked
        if self.outstanding.count == 0 {
            self.timer = nil
        } else if change.isCumulative || self.timer == nil {
            self.startTimer(at: now)
        }
        self.updateForwardPoint(at: now)
    }

    private mutating func enterRecovery() {
        self.isFastRetransmitDue = true
        guard self.recoveryExit == nil else { return }
        self.congestion.entersRecovery()
        self.recoveryExit = self.outstanding.nextTSN.previous
    }

    /// Starts T3-rtx (anew).
    mutating func startTimer(at now: Instant) {
        self.timer = now.advanced(byNanoseconds: self.timeout.backedOff(self.expirations))
    }

    /// RFC 9260 §6.1 D: "Max.Burst", in packets.
    static let baseBurst = 4

    /// As many packets as the initial window has.
    static let initialBurst = 10

    /// Packets that earlier acknowledgements allowed and that are still allowed: as many as a system call takes.
    static let maximumBurst = 64
}
