// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SCTP
import Testing
import Wire

/// What a tracker is, as slowly as it can be said.
private struct TrackerModel {
    var cumulative: UInt64
    var beyond: Set<UInt64> = []

    mutating func receive(_ number: UInt64) -> TSNTracker.Arrival {
        if number <= self.cumulative || self.beyond.contains(number) { return .duplicate }
        if number - self.cumulative >= 65_536 { return .outsideWindow }
        if number > self.cumulative + 1 {
            self.beyond.insert(number)
            return .beyondGap
        }
        let hadGap = !self.beyond.isEmpty
        self.cumulative = number
        self.advance()
        return hadGap ? .closedGap : .inOrder
    }

    mutating func forward(to number: UInt64) -> Bool {
        guard number > self.cumulative else { return false }
        self.cumulative = number
        self.beyond = self.beyond.filter { $0 > number }
        self.advance()
        return true
    }

    var blocks: [GapBlock] {
        var blocks: [GapBlock] = []
        for number in self.beyond.sorted() {
            let offset = UInt16(number - self.cumulative)
            if let last = blocks.last, last.end + 1 == offset {
                blocks[blocks.count - 1].end = offset
            } else {
                blocks.append(GapBlock(start: offset, end: offset))
            }
        }
        return blocks
    }

    private mutating func advance() {
        while self.beyond.remove(self.cumulative + 1) != nil {
            self.cumulative += 1
        }
    }
}

@Suite struct TSNTrackerTests {
    @Test func `data in order never leaves a gap`() {
        var tracker = TSNTracker(initialTSN: TSN(.max - 5))
        for step in 0..<70_000 {
            #expect(tracker.receive(TSN(.max - 5).advanced(by: UInt32(step))) == .inOrder)
        }
        #expect(!tracker.hasGaps)
        #expect(tracker.cumulative == TSN(69_993))
    }

    @Test func `a gap is told in blocks until it is closed`() {
        var tracker = TSNTracker(initialTSN: TSN(100))
        #expect(tracker.receive(TSN(102)) == .beyondGap)
        #expect(tracker.receive(TSN(103)) == .beyondGap)
        #expect(tracker.receive(TSN(105)) == .beyondGap)
        #expect(tracker.receive(TSN(103)) == .duplicate)
        var blocks: [GapBlock] = []
        tracker.appendGapBlocks(to: &blocks, limit: 10)
        #expect(blocks == [GapBlock(start: 3, end: 4), GapBlock(start: 6, end: 6)])
        blocks = []
        tracker.appendGapBlocks(to: &blocks, limit: 1)
        #expect(blocks == [GapBlock(start: 3, end: 4)])
        #expect(tracker.duplicates == [TSN(103)])
        #expect(tracker.receive(TSN(100)) == .closedGap)
        #expect(tracker.receive(TSN(101)) == .closedGap)
        #expect(tracker.cumulative == TSN(103))
        #expect(tracker.hasGaps)
        #expect(tracker.receive(TSN(104)) == .closedGap)
        #expect(!tracker.hasGaps)
    }

    @Test func `what no SACK could tell is outside the window`() {
        var tracker = TSNTracker(initialTSN: TSN(0))
        #expect(tracker.receive(TSN(65_534)) == .beyondGap)
        #expect(tracker.receive(TSN(65_535)) == .outsideWindow)
        #expect(tracker.receive(TSN(0x7FFF_FFFF)) == .duplicate)
        var blocks: [GapBlock] = []
        tracker.appendGapBlocks(to: &blocks, limit: 10)
        #expect(blocks == [GapBlock(start: 65_535, end: 65_535)])
    }

    @Test func `duplicates are counted up to a limit`() {
        var tracker = TSNTracker(initialTSN: TSN(1))
        for _ in 0..<100 { _ = tracker.receive(TSN(1)) }
        #expect(tracker.duplicates.count == TSNTracker.maximumDuplicates)
        tracker.removeDuplicates()
        #expect(tracker.duplicates.isEmpty)
    }

    @Test(arguments: UInt64(0)..<30) func `agrees with a set of numbers`(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        let base = UInt64(UInt32.max) - UInt64.random(in: 0..<3_000, using: &random)
        var tracker = TSNTracker(initialTSN: TSN(UInt32(truncatingIfNeeded: base + 1)))
        var model = TrackerModel(cumulative: base)
        let spread: UInt64 = [4, 70, 700, 70_000][Int(seed % 4)]
        for step in 0..<3_000 {
            let number = model.cumulative + UInt64.random(in: 0...spread, using: &random) - min(3, spread / 2)
            let tsn = TSN(UInt32(truncatingIfNeeded: number))
            if step % 97 == 96 {
                #expect(tracker.forward(to: tsn) == model.forward(to: number))
            } else {
                #expect(tracker.receive(tsn) == model.receive(number), "seed \(seed) step \(step)")
            }
            #expect(tracker.cumulative.rawValue == UInt32(truncatingIfNeeded: model.cumulative))
            #expect(tracker.hasGaps == !model.beyond.isEmpty)
            guard step % 16 == 0 else { continue }
            var blocks: [GapBlock] = []
            tracker.appendGapBlocks(to: &blocks, limit: .max)
            #expect(blocks == model.blocks, "seed \(seed) step \(step)")
        }
    }
}
