// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SCTP
import Testing
import Wire

@Suite struct GapRangesTests {
    private func offsets(_ ranges: [TSNRange], _ base: TSN) -> [UInt32] {
        ranges.flatMap { range in
            (range.first.distance(from: base)...range.last.distance(from: base)).map { $0 }
        }
    }

    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func `differences are those of the sets`(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        var gaps = GapRanges()
        var base = TSN(UInt32.max - 20)
        var known: Set<UInt32> = []
        for _ in 0..<30 {
            let step = UInt32.random(in: 0...3, using: &random)
            base = base.advanced(by: step)
            known = Set(known.filter { $0 > step }.map { $0 - step })
            var blocks: [GapBlock] = []
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                let start = UInt16.random(in: 1...40, using: &random)
                blocks.append(GapBlock(start: start, end: start + UInt16.random(in: 0...9, using: &random)))
            }
            let isTruncated = Bool.random(using: &random)
            var reported: Set<UInt32> = []
            for block in blocks { reported.formUnion(UInt32(block.start)...UInt32(block.end)) }
            if isTruncated, let last = reported.max() { reported.formUnion(known.filter { $0 > last }) }
            gaps.update(blocks, cumulative: base, isTruncated: isTruncated)
            #expect(self.offsets(gaps.ranges, base) == reported.sorted(), "seed \(seed)")
            #expect(self.offsets(gaps.added, base) == reported.subtracting(known).sorted(), "seed \(seed)")
            #expect(self.offsets(gaps.removed, base) == known.subtracting(reported).sorted(), "seed \(seed)")
            known = reported
        }
    }
}

@Suite struct OutstandingDataTests {
    /// The same as `OutstandingData`, by looking at every chunk each time.
    private struct Model {
        struct Chunk {
            var length: Int
            var isAcked = false
            var isLost = false
            var isFastRetransmitted = false
            var misses = 0
        }
        var chunks: [UInt32: Chunk] = [:]
        var cumulative: UInt32 = 0
        var next: UInt32 = 1

        var flight: Int { self.chunks.values.filter { !$0.isAcked && !$0.isLost }.map(\.length).reduce(0, +) }
        var lost: [UInt32] { self.chunks.filter(\.value.isLost).keys.sorted() }

        mutating func change(_ offset: UInt32, _ body: (inout Chunk) -> Void) {
            guard var chunk = self.chunks[offset] else { return }
            body(&chunk)
            self.chunks[offset] = chunk
        }

        mutating func acknowledge(_ cumulative: UInt32, _ reported: Set<UInt32>, isInRecovery: Bool) -> Int {
            var bytes = 0
            var highest: UInt32 = 0
            for offset in self.chunks.keys.sorted() {
                let isReported = offset <= cumulative || reported.contains(offset)
                let wasAcked = self.chunks[offset]?.isAcked ?? false
                if isReported, !wasAcked {
                    bytes += self.chunks[offset]?.length ?? 0
                    highest = max(highest, offset)
                }
                self.change(offset) {
                    $0.isAcked = isReported
                    if isReported { $0.isLost = false }
                }
            }
            let advanced = cumulative > self.cumulative
            self.cumulative = cumulative
            self.chunks = self.chunks.filter { $0.key > cumulative }
            var limit = isInRecovery && advanced ? reported.max() ?? 0 : highest
            limit = min(limit, reported.max() ?? 0)
            for offset in self.chunks.keys where offset < limit {
                self.change(offset) {
                    guard !$0.isAcked, !$0.isLost, !$0.isFastRetransmitted else { return }
                    $0.misses += 1
                    guard $0.misses >= 3 else { return }
                    $0.isFastRetransmitted = true
                    $0.isLost = true
                }
            }
            return bytes
        }
    }

    @Test(arguments: 1...25 as ClosedRange<UInt64>)
    func `it agrees with a model that looks at every chunk`(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        let base = TSN(UInt32.random(in: 0...(.max), using: &random))
        var outstanding = OutstandingData(initialTSN: base.next)
        var model = Model()
        var queue = SendQueue()
        for _ in 0..<80 {
            for _ in 0..<Int.random(in: 0...30, using: &random) {
                let length = Int.random(in: 1...1000, using: &random)
                queue.append(
                    OutgoingMessage(
                        bytes: [UInt8](repeating: 0, count: length),
                        stream: StreamID(0),
                        protocolID: PayloadProtocolID(0),
                        at: .zero
                    )
                )
                guard let fragment = queue.next(room: 1000, fullRoom: 1000, at: .zero) else { continue }
                queue.commit(fragment)
                let chunk = OutstandingData.Chunk(
                    sentAt: .zero,
                    message: fragment.message,
                    offset: 0,
                    length: length,
                    flags: [.begin, .end]
                )
                #expect(outstanding.append(chunk) == base.advanced(by: model.next))
                model.chunks[model.next] = Model.Chunk(length: length)
                model.next += 1
            }
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                outstanding.loseAll()
                for offset in model.chunks.keys {
                    model.change(offset) {
                        $0.misses = 0
                        $0.isFastRetransmitted = false
                        $0.isLost = !$0.isAcked
                    }
                }
            case 1, 2:
                while let tsn = outstanding.firstLost {
                    #expect(tsn.distance(from: base) == model.lost.first)
                    outstanding.retransmitted(tsn, at: .zero)
                    model.change(tsn.distance(from: base)) { $0.isLost = false }
                }
            default:
                self.acknowledge(&outstanding, &model, &queue, base, &random, seed)
            }
            #expect(outstanding.flightBytes == model.flight, "seed \(seed)")
            #expect(outstanding.lostCount == model.lost.count, "seed \(seed)")
            #expect(outstanding.firstLost?.distance(from: base) == model.lost.first, "seed \(seed)")
            #expect(outstanding.count == model.chunks.count, "seed \(seed)")
        }
    }

    private func acknowledge(
        _ outstanding: inout OutstandingData,
        _ model: inout Model,
        _ queue: inout SendQueue,
        _ base: TSN,
        _ random: inout RandomSource,
        _ seed: UInt64
    ) {
        let left = model.next - 1 - model.cumulative
        let cumulative = model.cumulative + UInt32.random(in: 0...min(left, 10), using: &random)
        var reported: Set<UInt32> = []
        for offset in model.chunks.keys where offset > cumulative + 1 {
            // Now and then the peer throws something away.
            let isKept = model.chunks[offset]?.isAcked == true && Int.random(in: 0..<20, using: &random) > 0
            if isKept || Int.random(in: 0..<3, using: &random) == 0 { reported.insert(offset) }
        }
        let blocks = reported.sorted().map {
            GapBlock(start: UInt16($0 - cumulative), end: UInt16($0 - cumulative))
        }
        let isInRecovery = Bool.random(using: &random)
        let tsn = base.advanced(by: cumulative)
        #expect(outstanding.isPlausible(cumulative: tsn, blocks: blocks), "seed \(seed)")
        let change = outstanding.acknowledge(
            cumulative: tsn,
            blocks: blocks,
            reportLimit: .max,
            isInRecovery: isInRecovery,
            queue: &queue
        )
        let bytes = model.acknowledge(cumulative, reported, isInRecovery: isInRecovery)
        #expect(change.bytes == bytes, "seed \(seed)")
        #expect(queue.messages.count == model.chunks.count, "seed \(seed)")
    }

    @Test func `implausible SACKs are recognized`() {
        var outstanding = OutstandingData(initialTSN: TSN(.max))
        #expect(outstanding.isPlausible(cumulative: TSN(.max - 1), blocks: []))
        #expect(!outstanding.isPlausible(cumulative: TSN(.max), blocks: []))
        for _ in 0..<3 {
            _ = outstanding.append(OutstandingData.Chunk(sentAt: .zero, message: 0, offset: 0, length: 1, flags: []))
        }
        #expect(outstanding.isPlausible(cumulative: TSN(1), blocks: []))
        #expect(!outstanding.isPlausible(cumulative: TSN(2), blocks: []))
        #expect(!outstanding.isPlausible(cumulative: TSN(.max - 2), blocks: []))
        #expect(outstanding.isPlausible(cumulative: TSN(.max), blocks: [GapBlock(start: 2, end: 2)]))
        #expect(!outstanding.isPlausible(cumulative: TSN(.max), blocks: [GapBlock(start: 2, end: 3)]))
    }
}
