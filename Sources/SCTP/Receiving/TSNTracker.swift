// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Which TSNs arrived: all up to a cumulative one, and some beyond it.
///
/// While nothing is missing, a chunk costs one comparison. What is beyond a gap is marked in a ring of 65,536 bits, because
/// a gap block of a SACK cannot say more than that (RFC 9260 §3.3.4).
package struct TSNTracker: Sendable {
    /// What the arrival of a TSN means.
    package enum Arrival: Sendable {
        /// It is the next one, and nothing was missing.
        case inOrder
        /// It is the next one, and ends the first gap.
        case closedGap
        /// It is beyond a gap.
        case beyondGap
        /// It arrived before.
        case duplicate
        /// It is so far ahead that no SACK could tell: it is dropped as if it were lost.
        case outsideWindow

        /// Whether the chunk is to be processed.
        package var isNew: Bool {
            switch self {
            case .inOrder, .closedGap, .beyondGap: true
            case .duplicate, .outsideWindow: false
            }
        }
    }

    /// All TSNs up to this one arrived, or were given up by the sender.
    package private(set) var cumulative: TSN
    /// TSNs that arrived again since the last `removeDuplicates()`.
    package private(set) var duplicates: [TSN] = []

    private var highest: TSN
    private var beyondCount = 0
    private var words: [UInt64]

    /// Creates a tracker that expects `initialTSN` first.
    package init(initialTSN: TSN) {
        self.cumulative = initialTSN.previous
        self.highest = initialTSN.previous
        self.words = [UInt64](repeating: 0, count: Self.windowSize / 64)
    }

    /// What the arrival of `tsn` would mean, without noting it.
    package func classify(_ tsn: TSN) -> Arrival {
        let distance = tsn.distance(from: self.cumulative)
        if distance == 1 { return self.beyondCount == 0 ? .inOrder : .closedGap }
        if distance == 0 || distance > UInt32(Int32.max) { return .duplicate }
        guard distance < Self.windowSize else { return .outsideWindow }
        return self.isMarked(tsn) ? .duplicate : .beyondGap
    }

    /// Notes the arrival of `tsn`.
    package mutating func receive(_ tsn: TSN) -> Arrival {
        let arrival = self.classify(tsn)
        switch arrival {
        case .inOrder:
            self.cumulative = tsn
            self.highest = tsn
        case .closedGap:
            self.cumulative = tsn
            self.advanceOverMarked()
        case .beyondGap:
            self.words[Self.word(of: tsn)] |= Self.bit(of: tsn)
            self.beyondCount &+= 1
            if self.highest.precedes(tsn) { self.highest = tsn }
        case .duplicate:
            if self.duplicates.count < Self.maximumDuplicates { self.duplicates.append(tsn) }
        case .outsideWindow:
            break
        }
        return arrival
    }

    /// Counts all TSNs up to `newCumulative` as received (RFC 3758 §3.6); false if that is nothing new.
    package mutating func forward(to newCumulative: TSN) -> Bool {
        guard self.cumulative.precedes(newCumulative) else { return false }
        if self.beyondCount == 0 || !newCumulative.precedes(self.highest) {
            self.clearAll()
            self.highest = newCumulative
        } else {
            self.clear(upTo: newCumulative)
        }
        self.cumulative = newCumulative
        self.advanceOverMarked()
        return true
    }

    /// Forgets the duplicates once they were reported.
    package mutating func removeDuplicates() {
        self.duplicates.removeAll(keepingCapacity: true)
    }

    /// Whether a TSN is missing before one that arrived.
    package var hasGaps: Bool { self.beyondCount > 0 }

    /// Appends the runs beyond the first gap, lowest first, until `blocks` holds `limit`.
    package func appendGapBlocks(to blocks: inout [GapBlock], limit: Int) {
        guard self.hasGaps else { return }
        let end = self.highest.distance(from: self.cumulative)
        var offset: UInt32 = 2
        while offset <= end, blocks.count < limit {
            let start = self.nextOffset(from: offset, end: end, marked: true)
            guard start <= end else { return }
            offset = self.nextOffset(from: start, end: end, marked: false)
            blocks.append(GapBlock(start: UInt16(clamping: start), end: UInt16(clamping: offset &- 1)))
        }
    }

    /// The first offset not below `start` whose TSN is marked (or is not); `end + 1` if there is none.
    private func nextOffset(from start: UInt32, end: UInt32, marked: Bool) -> UInt32 {
        var offset = start
        while offset <= end {
            let tsn = self.cumulative.advanced(by: offset)
            let shift = tsn.rawValue & 63
            let word = marked ? self.words[Self.word(of: tsn)] : ~self.words[Self.word(of: tsn)]
            let rest = word >> UInt64(shift)
            if rest != 0 { return min(offset &+ UInt32(rest.trailingZeroBitCount), end &+ 1) }
            offset &+= 64 &- shift
        }
        return end &+ 1
    }

    private mutating func advanceOverMarked() {
        while self.beyondCount > 0 {
            let next = self.cumulative.next
            let shift = UInt64(next.rawValue & 63)
            let word = self.words[Self.word(of: next)] >> shift
            let run = (~word).trailingZeroBitCount
            guard run > 0 else { return }
            let mask = run == 64 ? UInt64.max : (1 << UInt64(run)) &- 1
            self.words[Self.word(of: next)] &= ~(mask << shift)
            self.beyondCount &-= run
            self.cumulative = self.cumulative.advanced(by: UInt32(run))
        }
        if self.highest.precedes(self.cumulative) { self.highest = self.cumulative }
    }

    private mutating func clear(upTo last: TSN) {
        var tsn = self.cumulative.next
        while tsn.isAtMost(last) {
            let shift = UInt64(tsn.rawValue & 63)
            let count = min(64 &- UInt32(shift), last.distance(from: tsn) &+ 1)
            let mask = (count == 64 ? UInt64.max : (1 << UInt64(count)) &- 1) << shift
            let index = Self.word(of: tsn)
            self.beyondCount &-= (self.words[index] & mask).nonzeroBitCount
            self.words[index] &= ~mask
            tsn = tsn.advanced(by: count)
        }
    }

    private mutating func clearAll() {
        guard self.beyondCount > 0 else { return }
        for index in self.words.indices {
            self.words[index] = 0
        }
        self.beyondCount = 0
    }

    private func isMarked(_ tsn: TSN) -> Bool { self.words[Self.word(of: tsn)] & Self.bit(of: tsn) != 0 }

    private static func word(of tsn: TSN) -> Int { Int(tsn.rawValue & UInt32(Self.windowSize - 1)) >> 6 }

    private static func bit(of tsn: TSN) -> UInt64 { 1 << UInt64(tsn.rawValue & 63) }

    /// How far beyond the cumulative one a TSN may be: gap blocks hold offsets of 16 bits.
    package static let windowSize = 65_536
    /// How many duplicates are remembered for a report.
    package static let maximumDuplicates = 20
}
