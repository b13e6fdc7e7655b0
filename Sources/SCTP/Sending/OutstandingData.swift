// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// What a SACK changed.
package struct Acknowledgement: Equatable, Sendable {
    /// Bytes that were not acknowledged before.
    package var bytes = 0
    /// Whether the cumulative acknowledgement moved.
    package var isCumulative = false
    /// The highest TSN that was not acknowledged before.
    package var highest: TSN?
    /// When the latest of the chunks was sent that are acknowledged now and were sent but once.
    package var latestSentOnce: Instant?
    /// Whether chunks got their third miss indication.
    package var hasNewLosses = false
}

/// DATA chunks that were sent and are above the cumulative acknowledgement: a ring indexed by TSN, and bitmaps beside it.
///
/// A chunk is in flight until it is acknowledged, counted as lost, or abandoned; its slot is free when the cumulative
/// acknowledgement passes it. Until then it may be needed again, as a peer may renege on gap reports (RFC 9260 §6.2.1).
package struct OutstandingData: Sendable {
    /// One chunk.
    package struct Chunk: Sendable, BitwiseCopyable {
        /// When it was sent last.
        package var sentAt = Instant.zero
        /// The index of its message.
        package var message: UInt32 = 0
        /// Where it begins in its message.
        package var offset: UInt32 = 0
        /// How many bytes it has; 0 for the placeholder that ends an abandoned message.
        package var length: UInt16 = 0
        /// How often it was sent.
        package var transmissions: UInt16 = 0
        /// How often SACKs showed it missing (RFC 9260 §7.2.4).
        package var misses: UInt8 = 0
        /// B, E and U.
        package var flags: DataFlags = []
        /// Whether it was given up.
        package var isAbandoned = false
        /// Whether it was retransmitted because of misses, after which only the timer helps (§7.2.4 rule 5).
        package var isFastRetransmitted = false

        /// Creates a chunk that is sent for the first time.
        package init(sentAt: Instant, message: UInt32, offset: Int, length: Int, flags: DataFlags) {
            self.sentAt = sentAt
            self.message = message
            self.offset = UInt32(truncatingIfNeeded: offset)
            self.length = UInt16(truncatingIfNeeded: length)
            self.transmissions = 1
            self.flags = flags
        }

        /// Creates the placeholder for the end of a message that was given up.
        package init(endOf message: UInt32) {
            self.message = message
            self.flags = .end
            self.isAbandoned = true
        }

        /// Creates an empty slot.
        init() {}
    }

    /// All TSNs up to this one are acknowledged.
    package private(set) var cumulativeTSN: TSN
    /// The TSN of the next chunk.
    package private(set) var nextTSN: TSN
    /// Bytes in flight.
    package private(set) var flightBytes = 0
    /// How many chunks wait for retransmission.
    package private(set) var lostCount = 0

    private var ring: [Chunk]
    private var mask: UInt32
    private var acked: TSNBitmap
    private var lost: TSNBitmap
    private var gaps = GapRanges()

    /// Creates a ring whose first chunk will have `initialTSN`.
    package init(initialTSN: TSN) {
        self.cumulativeTSN = initialTSN.previous
        self.nextTSN = initialTSN
        self.ring = [Chunk](repeating: Chunk(), count: Self.initialCapacity)
        self.mask = UInt32(Self.initialCapacity - 1)
        self.acked = TSNBitmap(capacity: Self.initialCapacity)
        self.lost = TSNBitmap(capacity: Self.initialCapacity)
    }

    /// How many TSNs are above the cumulative acknowledgement.
    package var count: Int { Int(self.nextTSN.distance(from: self.cumulativeTSN)) - 1 }

    /// Whether no more chunks can be sent before others are acknowledged.
    package var isFull: Bool { self.count >= Self.maximumCount }

    /// The chunk with a TSN above the cumulative acknowledgement.
    package subscript(tsn: TSN) -> Chunk {
        get { self.ring[Int(tsn.rawValue & self.mask)] }
        set { self.ring[Int(tsn.rawValue & self.mask)] = newValue }
    }

    /// The lowest TSN that waits for retransmission.
    package var firstLost: TSN? { self.firstLost(from: self.cumulativeTSN.next) }

    /// The lowest TSN at or after `start` that waits for retransmission.
    package func firstLost(from start: TSN) -> TSN? {
        guard self.lostCount > 0 else { return nil }
        return self.lost.first(from: start, count: self.nextTSN.distance(from: start))
    }

    /// The highest point to which the peer can be told to skip (RFC 3758 §3.5 C2); nil if there is none.
    package func abandonedPoint() -> TSN? {
        var point: TSN?
        var tsn = self.cumulativeTSN.next
        while tsn != self.nextTSN, self[tsn].isAbandoned || self.acked[tsn] {
            if self[tsn].isAbandoned { point = tsn }
            tsn = tsn.next
        }
        return point
    }

    /// Appends a chunk that is being sent and returns its TSN.
    package mutating func append(_ chunk: Chunk) -> TSN {
        if self.count + 1 >= self.ring.count { self.grow() }
        let tsn = self.nextTSN
        self.nextTSN = tsn.next
        self[tsn] = chunk
        self.acked[tsn] = false
        self.lost[tsn] = false
        if !chunk.isAbandoned { self.flightBytes += Int(chunk.length) }
        return tsn
    }

    /// A chunk that was lost is sent again.
    package mutating func retransmitted(_ tsn: TSN, at now: Instant) {
        self.clearLost(tsn)
        self.flightBytes += Int(self[tsn].length)
        self[tsn].sentAt = now
        self[tsn].transmissions = self[tsn].transmissions &+ 1 == 0 ? .max : self[tsn].transmissions &+ 1
    }

    /// Counts everything that is not acknowledged as lost: the retransmission timer expired (RFC 9260 §6.3.3).
    package mutating func loseAll() {
        var tsn = self.cumulativeTSN.next
        while tsn != self.nextTSN {
            self[tsn].misses = 0
            self[tsn].isFastRetransmitted = false
            self.lose(tsn)
            tsn = tsn.next
        }
    }

    /// Gives up all chunks of a message (RFC 3758 §3.5 A).
    package mutating func abandon(message: UInt32, around tsn: TSN) {
        // The chunks of a message have consecutive TSNs: without RFC 8260 nothing comes between them.
        var first = tsn
        while first.previous != self.cumulativeTSN, self[first.previous].message == message { first = first.previous }
        var current = first
        while current != self.nextTSN, self[current].message == message {
            self.abandon(current)
            current = current.next
        }
    }

    /// Whether a SACK can be about this data: it is neither older than what is known nor about what was never sent.
    package func isPlausible(cumulative: TSN, blocks: [GapBlock]) -> Bool {
        let advance = cumulative.distance(from: self.cumulativeTSN)
        guard advance <= UInt32(truncatingIfNeeded: self.count) else { return false }
        let highest = blocks.reduce(0 as UInt16) { max($0, $1.end) }
        return Int(advance) + Int(highest) <= self.count
    }

    /// Takes a plausible SACK.
    ///
    /// - Parameters:
    ///   - cumulative: its cumulative TSN.
    ///   - blocks: its gap blocks.
    ///   - reportLimit: how many gap blocks the peer writes at most; when it wrote as many, what is above them is
    ///     unknown rather than missing.
    ///   - isInRecovery: then a cumulative advance counts as a miss of all that is missing (RFC 9260 §7.2.4).
    ///   - queue: is told which messages are done with.
    /// - Returns: what it changed.
    package mutating func acknowledge(
        cumulative: TSN,
        blocks: [GapBlock],
        reportLimit: Int,
        isInRecovery: Bool,
        queue: inout SendQueue
    ) -> Acknowledgement {
        var result = Acknowledgement()
        result.isCumulative = cumulative != self.cumulativeTSN
        while self.cumulativeTSN != cumulative {
            let tsn = self.cumulativeTSN.next
            self.acknowledge(tsn, &result)
            self.acked[tsn] = false
            self.cumulativeTSN = tsn
            queue.release(self[tsn].message)
        }
        guard !blocks.isEmpty || !self.gaps.ranges.isEmpty else { return result }
        self.gaps.update(blocks, cumulative: cumulative, isTruncated: blocks.count >= reportLimit)
        for range in self.gaps.added {
            self.forEach(range) { outstanding, tsn in outstanding.acknowledge(tsn, &result) }
        }
        for range in self.gaps.removed {
            self.forEach(range) { outstanding, tsn in outstanding.renege(tsn) }
        }
        let limit = isInRecovery && result.isCumulative ? self.gaps.last : result.highest
        if let limit { self.countMisses(below: limit, &result) }
        return result
    }

    private mutating func acknowledge(_ tsn: TSN, _ result: inout Acknowledgement) {
        guard !self.acked[tsn] else { return }
        self.acked[tsn] = true
        let chunk = self[tsn]
        if self.lost[tsn] {
            self.clearLost(tsn)
            result.bytes += Int(chunk.length)
        } else if !chunk.isAbandoned {
            self.flightBytes -= Int(chunk.length)
            result.bytes += Int(chunk.length)
        }
        if result.highest.map({ $0.precedes(tsn) }) ?? true { result.highest = tsn }
        if chunk.transmissions == 1, !chunk.isAbandoned, chunk.sentAt > result.latestSentOnce ?? .zero {
            result.latestSentOnce = chunk.sentAt
        }
    }

    /// The peer no longer reports a chunk: it threw it away, or the SACK is older than the one before.
    ///
    /// It counts as in flight again, until misses or the timer tell more.
    private mutating func renege(_ tsn: TSN) {
        guard self.acked[tsn] else { return }
        self.acked[tsn] = false
        guard !self[tsn].isAbandoned else { return }
        self.flightBytes += Int(self[tsn].length)
    }

    private mutating func lose(_ tsn: TSN) {
        guard !self.acked[tsn], !self.lost[tsn], !self[tsn].isAbandoned else { return }
        self.flightBytes -= Int(self[tsn].length)
        self.lost[tsn] = true
        self.lostCount += 1
    }

    private mutating func clearLost(_ tsn: TSN) {
        guard self.lost[tsn] else { return }
        self.lost[tsn] = false
        self.lostCount -= 1
    }

    private mutating func abandon(_ tsn: TSN) {
        guard !self[tsn].isAbandoned else { return }
        if self.lost[tsn] {
            self.clearLost(tsn)
        } else if !self.acked[tsn] {
            self.flightBytes -= Int(self[tsn].length)
        }
        self[tsn].isAbandoned = true
    }

    /// Counts a miss for each chunk between the reported runs and below `limit`.
    private mutating func countMisses(below limit: TSN, _ result: inout Acknowledgement) {
        var tsn = self.cumulativeTSN.next
        for index in self.gaps.ranges.indices {
            let range = self.gaps.ranges[index]
            while tsn != range.first, tsn.precedes(limit) {
                self.countMiss(tsn, &result)
                tsn = tsn.next
            }
            guard tsn == range.first, range.last.precedes(limit) else { return }
            tsn = range.last.next
        }
    }

    private mutating func countMiss(_ tsn: TSN, _ result: inout Acknowledgement) {
        guard !self.lost[tsn], !self[tsn].isAbandoned, !self[tsn].isFastRetransmitted else { return }
        self[tsn].misses += 1
        guard self[tsn].misses >= Self.missesUntilLost else { return }
        self[tsn].isFastRetransmitted = true
        self.lose(tsn)
        result.hasNewLosses = true
    }

    private mutating func forEach(_ range: TSNRange, _ body: (inout OutstandingData, TSN) -> Void) {
        var tsn = range.first
        while tsn != range.last.next {
            body(&self, tsn)
            tsn = tsn.next
        }
    }

    private mutating func grow() {
        let capacity = self.ring.count * 2
        var larger = OutstandingData(initialTSN: self.cumulativeTSN.next)
        larger.ring = [Chunk](repeating: Chunk(), count: capacity)
        larger.mask = UInt32(truncatingIfNeeded: capacity - 1)
        larger.acked = TSNBitmap(capacity: capacity)
        larger.lost = TSNBitmap(capacity: capacity)
        var tsn = self.cumulativeTSN.next
        while tsn != self.nextTSN {
            larger[tsn] = self[tsn]
            larger.acked[tsn] = self.acked[tsn]
            larger.lost[tsn] = self.lost[tsn]
            tsn = tsn.next
        }
        self.ring = larger.ring
        self.mask = larger.mask
        self.acked = larger.acked
        self.lost = larger.lost
    }

    private static let initialCapacity = 256

    /// A gap block cannot name TSNs 2^16 above the cumulative one, and peers drop what is far ahead of it.
    private static let maximumCount = 32_768

    /// RFC 9260 §7.2.4: "the third consecutive miss indication".
    private static let missesUntilLost: UInt8 = 3
}
