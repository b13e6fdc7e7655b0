// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import SCTP
import Wire

// A tracker of TSNs and a set of numbers are told the same, and must say the same.
fuzz { bytes in
    var input = FuzzInput(bytes)
    let first = input.u32()
    var tracker = TSNTracker(initialTSN: TSN(first))
    var model = Model(cumulative: UInt64(first) + Model.base - 1)
    while !input.isAtEnd {
        let operation = input.u8()
        let distance = operation & 2 == 0 ? UInt64(input.u8()) : UInt64(input.u16())
        let number = model.cumulative + distance - min(distance, 3)
        let tsn = TSN(UInt32(truncatingIfNeeded: number))
        if operation & 1 == 0 {
            requireEqual(tracker.receive(tsn), model.receive(number))
        } else {
            requireEqual(tracker.forward(to: tsn), model.forward(to: number))
        }
        requireEqual(tracker.cumulative, TSN(UInt32(truncatingIfNeeded: model.cumulative)))
        requireEqual(tracker.hasGaps, !model.beyond.isEmpty)
        require(tracker.duplicates.count <= TSNTracker.maximumDuplicates)
        var blocks: [GapBlock] = []
        tracker.appendGapBlocks(to: &blocks, limit: .max)
        requireEqual(blocks, model.blocks)
    }
}

/// What a tracker is, as slowly as it can be said: numbers that do not wrap.
private struct Model {
    static let base: UInt64 = 1 << 32

    var cumulative: UInt64
    var beyond: Set<UInt64> = []

    mutating func receive(_ number: UInt64) -> TSNTracker.Arrival {
        if number <= self.cumulative || self.beyond.contains(number) { return .duplicate }
        if number - self.cumulative >= UInt64(TSNTracker.windowSize) { return .outsideWindow }
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
