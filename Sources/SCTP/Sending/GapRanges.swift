// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// A run of TSNs, both ends included.
package struct TSNRange: Equatable, Sendable, BitwiseCopyable {
    /// The first TSN.
    package var first: TSN
    /// The last TSN.
    package var last: TSN

    /// Creates a run.
    package init(first: TSN, last: TSN) {
        self.first = first
        self.last = last
    }
}

/// What the peer reported beyond the cumulative acknowledgement: runs in ascending order, which do not touch.
///
/// It is kept between SACKs so that only the difference to the one before has to be worked on.
package struct GapRanges: Sendable {
    /// The runs.
    package private(set) var ranges: [TSNRange] = []
    private var incoming: [TSNRange] = []
    /// TSNs that are reported now and were not before.
    package private(set) var added: [TSNRange] = []
    /// TSNs that were reported before and are not now (reneging).
    package private(set) var removed: [TSNRange] = []

    /// Creates an empty report.
    package init() {}

    /// The last TSN that is reported.
    package var last: TSN? { self.ranges.last?.last }

    /// Takes the report of a SACK.
    ///
    /// - Parameters:
    ///   - blocks: offsets from `cumulative`; in any order, and overlapping if the peer likes.
    ///   - cumulative: the cumulative TSN of the same SACK.
    ///   - isTruncated: the peer had no room for more runs: what it reported before beyond the last one still holds.
    package mutating func update(_ blocks: [GapBlock], cumulative: TSN, isTruncated: Bool) {
        self.readIncoming(blocks, cumulative: cumulative)
        self.dropAcknowledged(through: cumulative)
        if isTruncated, let limit = self.incoming.last?.last {
            for range in self.ranges where limit.precedes(range.last) {
                let first = range.first.precedes(limit.next) ? limit.next : range.first
                self.appendIncoming(TSNRange(first: first, last: range.last))
            }
        }
        self.added.removeAll(keepingCapacity: true)
        self.removed.removeAll(keepingCapacity: true)
        Self.subtract(self.ranges, from: self.incoming, base: cumulative, into: &self.added)
        Self.subtract(self.incoming, from: self.ranges, base: cumulative, into: &self.removed)
        swap(&self.ranges, &self.incoming)
    }

    /// Forgets everything, keeping the storage.
    package mutating func removeAll() {
        self.ranges.removeAll(keepingCapacity: true)
    }

    private mutating func readIncoming(_ blocks: [GapBlock], cumulative: TSN) {
        self.incoming.removeAll(keepingCapacity: true)
        var isAscending = true
        var previous: UInt16 = 0
        for block in blocks {
            isAscending = isAscending && block.start > previous
            previous = block.end
        }
        if isAscending {
            for block in blocks {
                self.appendIncoming(block, cumulative)
            }
        } else {
            for block in blocks.sorted(by: { $0.start < $1.start }) {
                self.appendIncoming(block, cumulative)
            }
        }
    }

    private mutating func appendIncoming(_ block: GapBlock, _ cumulative: TSN) {
        self.appendIncoming(
            TSNRange(
                first: cumulative.advanced(by: UInt32(block.start)),
                last: cumulative.advanced(by: UInt32(block.end))
            )
        )
    }

    /// Appends a run that does not start before the last one, joining the two where they touch.
    private mutating func appendIncoming(_ range: TSNRange) {
        if let last = self.incoming.last, range.first.isAtMost(last.last.next) {
            if last.last.precedes(range.last) { self.incoming[self.incoming.count - 1].last = range.last }
        } else {
            self.incoming.append(range)
        }
    }

    private mutating func dropAcknowledged(through cumulative: TSN) {
        self.ranges.removeAll { $0.last.isAtMost(cumulative) }
        if let first = self.ranges.first, first.first.isAtMost(cumulative) {
            self.ranges[0].first = cumulative.next
        }
    }

    /// Appends what is in `minuend` and not in `subtrahend`; both ascend from `base`.
    private static func subtract(
        _ subtrahend: [TSNRange],
        from minuend: [TSNRange],
        base: TSN,
        into result: inout [TSNRange]
    ) {
        var index = 0
        for range in minuend {
            var first = range.first.distance(from: base)
            let last = range.last.distance(from: base)
            while index < subtrahend.count, subtrahend[index].last.distance(from: base) < first { index += 1 }
            var cursor = index
            while cursor < subtrahend.count, first <= last {
                let cutFirst = subtrahend[cursor].first.distance(from: base)
                guard cutFirst <= last else { break }
                if first < cutFirst {
                    result.append(TSNRange(first: base.advanced(by: first), last: base.advanced(by: cutFirst - 1)))
                }
                first = max(first, subtrahend[cursor].last.distance(from: base) &+ 1)
                cursor += 1
            }
            if first <= last {
                result.append(TSNRange(first: base.advanced(by: first), last: base.advanced(by: last)))
            }
        }
    }
}
