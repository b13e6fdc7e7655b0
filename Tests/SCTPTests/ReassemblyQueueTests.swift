// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SCTP
import Testing
import Wire

/// Cuts messages into chunks as a sender does.
struct ChunkMaker {
    var tsn: TSN
    var numbers: [UInt32: UInt32] = [:]
    var interleaved = false

    mutating func cut(
        _ bytes: [UInt8],
        stream: UInt16,
        unordered: Bool = false,
        size: Int
    ) -> [(header: DataChunkHeader, payload: [UInt8])] {
        let key = UInt32(stream) << 1 | (unordered && self.interleaved ? 1 : 0)
        let number = self.numbers[key, default: 0]
        if !unordered || self.interleaved {
            self.numbers[key] = (number &+ 1) & (self.interleaved ? .max : 0xFFFF)
        }
        var chunks: [(header: DataChunkHeader, payload: [UInt8])] = []
        var start = 0
        while start < bytes.count {
            let end = min(start + size, bytes.count)
            var flags: DataFlags = unordered ? [.unordered] : []
            if start == 0 { flags.insert(.begin) }
            if end == bytes.count { flags.insert(.end) }
            let header = DataChunkHeader(
                tsn: self.tsn,
                stream: StreamID(stream),
                message: number,
                fragment: self.interleaved ? UInt32(chunks.count) : 0,
                protocolID: PayloadProtocolID(51),
                flags: flags
            )
            self.tsn = self.tsn.next
            chunks.append((header, Array(bytes[start..<end])))
            start = end
        }
        return chunks
    }
}

extension ReassemblyQueue {
    fileprivate mutating func insert(_ chunk: (header: DataChunkHeader, payload: [UInt8]), isNext: Bool) throws {
        let payload = chunk.payload
        try self.insert(chunk.header, payload: payload.span, isNext: isNext)
    }
}

@Suite struct ReassemblyQueueTests {
    @Test func `a message in one chunk, and one in three, come out`() throws {
        var maker = ChunkMaker(tsn: TSN(1))
        var queue = ReassemblyQueue(maximumMessageSize: 1_000)
        let chunks = maker.cut([1], stream: 1, size: 4) + maker.cut(Array(0..<10), stream: 1, size: 4)
        for chunk in chunks {
            try queue.insert(chunk, isNext: true)
        }
        #expect(queue.popMessage()?.bytes == [1])
        #expect(queue.popMessage()?.bytes == Array(0..<10))
        #expect(queue.popMessage() == nil)
        #expect(queue.bytesQueued == 0)
    }

    @Test func `a stream waits for its own messages only`() throws {
        var maker = ChunkMaker(tsn: TSN(1))
        var queue = ReassemblyQueue(maximumMessageSize: 1_000)
        let lost = maker.cut([1], stream: 1, size: 4)
        for chunk in maker.cut([2], stream: 1, size: 4) + maker.cut(Array(0..<10), stream: 2, size: 4)
            + maker.cut(Array(0..<9), stream: 1, unordered: true, size: 4)
        {
            try queue.insert(chunk, isNext: false)
        }
        #expect(queue.popMessage()?.stream == StreamID(2))
        #expect(queue.popMessage()?.isUnordered == true)
        #expect(queue.popMessage() == nil)
        try queue.insert(lost[0], isNext: true)
        #expect(queue.popMessage()?.bytes == [1])
        #expect(queue.popMessage()?.bytes == [2])
        #expect(queue.bytesQueued == 0)
    }

    @Test func `what was given up frees the window, ordered or not`() throws {
        var maker = ChunkMaker(tsn: TSN(1))
        var queue = ReassemblyQueue(maximumMessageSize: 1_000)
        let ordered = maker.cut(Array(0..<12), stream: 1, size: 4)
        let unordered = maker.cut(Array(0..<12), stream: 1, unordered: true, size: 4)
        let after = maker.cut([7], stream: 1, size: 4)
        try queue.insert(ordered[0], isNext: true)
        try queue.insert(unordered[1], isNext: false)
        try queue.insert(after[0], isNext: false)
        let skipped = [SkippedMessage(stream: StreamID(1), message: 0)]
        queue.forward(ForwardTSNChunk(newCumulativeTSN: TSN(6), skipped: skipped), from: TSN(1))
        #expect(queue.popMessage()?.bytes == [7])
        #expect(queue.bytesQueued == 0)
        for chunk in maker.cut(Array(0..<12), stream: 1, size: 4) {
            try queue.insert(chunk, isNext: true)
        }
        #expect(queue.popMessage()?.bytes == Array(0..<12))
    }

    @Test func `what was stored when the gap before it closed is given up with its message`() throws {
        var maker = ChunkMaker(tsn: TSN(1))
        var queue = ReassemblyQueue(maximumMessageSize: 1_000)
        let late = maker.cut([1], stream: 1, size: 4)
        let abandoned = maker.cut(Array(0..<12), stream: 2, size: 4)
        try queue.insert(abandoned[0], isNext: false)
        try queue.insert(late[0], isNext: true)
        let skipped = [SkippedMessage(stream: StreamID(2), message: 0)]
        queue.forward(ForwardTSNChunk(newCumulativeTSN: TSN(4), skipped: skipped), from: TSN(2))
        #expect(queue.popMessage()?.bytes == [1])
        #expect(queue.popMessage() == nil)
        #expect(queue.bytesQueued == 0)
    }

    @Test func `what a peer leaves behind against the rules makes room when TSNs come round`() throws {
        func chunk(_ tsn: UInt32, _ flags: DataFlags) -> (header: DataChunkHeader, payload: [UInt8]) {
            let header = DataChunkHeader(
                tsn: TSN(tsn),
                stream: StreamID(1),
                message: 0,
                fragment: 0,
                protocolID: PayloadProtocolID(51),
                flags: flags.union(.unordered)
            )
            return (header, [1])
        }
        var queue = ReassemblyQueue(maximumMessageSize: 1_000)
        try queue.insert(chunk(2, [.begin, .end]), isNext: false)
        try queue.insert(chunk(1, .begin), isNext: false)
        queue.forward(ForwardTSNChunk(newCumulativeTSN: TSN(1 << 30), skipped: []), from: TSN(2))
        #expect(queue.popMessage()?.bytes == [1])
        try queue.insert(chunk((1 << 30) + 1, .end), isNext: false)
        #expect(queue.bytesQueued == 1 + ReassemblyQueue.overhead)
    }

    @Test func `a message that was passed over is delivered before what follows it`() throws {
        var maker = ChunkMaker(tsn: TSN(1))
        var queue = ReassemblyQueue(maximumMessageSize: 1_000)
        let chunks = (0..<5).flatMap { maker.cut([$0], stream: 3, size: 4) }
        for index in [1, 3, 4] {
            try queue.insert(chunks[index], isNext: false)
        }
        let skipped = [SkippedMessage(stream: StreamID(3), message: 2)]
        queue.forward(ForwardTSNChunk(newCumulativeTSN: TSN(3), skipped: skipped), from: TSN(0))
        #expect(queue.popMessage()?.bytes == [1])
        #expect(queue.popMessage()?.bytes == [3])
        #expect(queue.popMessage()?.bytes == [4])
        #expect(queue.bytesQueued == 0)
    }

    @Test(arguments: [[0, 4, 5], [0, 5, 4], [4, 5], [5, 0, 4]])
    func `the rest of a message that was given up in part is dropped`(
        order: [Int]
    ) throws {
        var maker = ChunkMaker(tsn: TSN(0))
        var queue = ReassemblyQueue(maximumMessageSize: 1_000)
        let given = maker.cut(Array(0..<24), stream: 1, size: 4)
        let after = maker.cut([7], stream: 1, size: 4) + maker.cut(Array(0..<8), stream: 1, size: 4)
        var tracker = TSNTracker(initialTSN: TSN(0))
        func take(_ index: Int) throws {
            let arrival = tracker.receive(TSN(UInt32(index)))
            guard arrival.isNew else { return }
            try queue.insert((given + after)[index], isNext: arrival != .beyondGap)
        }
        for index in order where index < 4 || order != [4, 5] { try take(index) }
        let skipped = [SkippedMessage(stream: StreamID(1), message: 0)]
        queue.forward(ForwardTSNChunk(newCumulativeTSN: TSN(3), skipped: skipped), from: tracker.cumulative)
        #expect(tracker.forward(to: TSN(3)) == true)
        for index in 4..<9 { try take(index) }
        #expect(queue.popMessage()?.bytes == [7])
        #expect(queue.popMessage()?.bytes == Array(0..<8))
        #expect(queue.popMessage() == nil)
        #expect(queue.bytesQueued == 0)
    }

    @Test(arguments: [[StreamID(1)], []]) func `a reset stream begins at zero again`(streams: [StreamID]) throws {
        var queue = ReassemblyQueue(maximumMessageSize: 1_000)
        for round in 0..<3 {
            var maker = ChunkMaker(tsn: TSN(UInt32(1 + round * 2)))
            for chunk in maker.cut([1], stream: 1, size: 4) + maker.cut([2], stream: 1, size: 4) {
                try queue.insert(chunk, isNext: true)
            }
            #expect(queue.popMessage()?.bytes == [1])
            #expect(queue.popMessage()?.bytes == [2])
            queue.reset(streams)
        }
    }

    @Test func `a peer that breaks the rules is told which`() throws {
        func violation(
            _ flags: [(DataFlags, UInt32)],
            order: [Int],
            stream: [UInt16] = [1, 1, 1]
        ) -> ReassemblyViolation? {
            var queue = ReassemblyQueue(maximumMessageSize: 8)
            var next = 0
            for index in order {
                let header = DataChunkHeader(
                    tsn: TSN(UInt32(index)),
                    stream: StreamID(stream[index]),
                    message: flags[index].1,
                    protocolID: PayloadProtocolID(51),
                    flags: flags[index].0
                )
                let payload = [UInt8](repeating: 0, count: 4)
                do {
                    try queue.insert(header, payload: payload.span, isNext: index == next)
                } catch {
                    return error
                }
                if index == next { next += 1 }
            }
            return nil
        }
        #expect(violation([([], 0)], order: [0]) == .missingBegin(TSN(0)))
        #expect(violation([(.begin, 0), (.begin, 1)], order: [0, 1]) == .missingEnd(TSN(0)))
        #expect(violation([(.begin, 0), (.begin, 1)], order: [1, 0]) == .missingEnd(TSN(0)))
        #expect(violation([([], 0), (.end, 0), ([], 0)], order: [2, 1]) == .missingBegin(TSN(2)))
        #expect(violation([(.begin, 0), (.end, 1)], order: [0, 1]) == .inconsistentFragment(TSN(1)))
        #expect(violation([(.begin, 0), (.end, 0)], order: [0, 1], stream: [1, 2]) == .inconsistentFragment(TSN(1)))
        #expect(violation([(.begin, 0), ([], 0), (.end, 0)], order: [0, 1, 2]) == .messageTooLarge(StreamID(1)))
        #expect(violation([(.begin, 0), ([], 0), (.end, 0)], order: [2, 1, 0]) == .messageTooLarge(StreamID(1)))
        #expect(
            violation([([], 0), ([.begin, .end], 1), ([.begin, .end], 1)], order: [1, 2])
                == .duplicateMessage(StreamID(1))
        )
        #expect(violation([(.begin, 0), (.end, 0)], order: [0, 1]) == nil)
    }

    @Test(arguments: UInt64(0)..<40) func `any order of any chunks gives every message once, in order`(
        seed: UInt64
    ) throws {
        var random = RandomSource.seeded(seed)
        var maker = ChunkMaker(tsn: TSN(.max - 50))
        maker.interleaved = seed % 2 == 1
        var sent: [UInt32: [[UInt8]]] = [:]
        var chunks: [(header: DataChunkHeader, payload: [UInt8])] = []
        var total = 0
        for index in 0..<120 {
            let stream = UInt16.random(in: 0..<4, using: &random)
            let unordered = UInt8.random(in: 0..<3, using: &random) == 0
            let bytes = [UInt8(index)] + random.bytes(Int.random(in: 0..<60, using: &random))
            total += bytes.count
            sent[UInt32(stream) << 1 | (unordered ? 1 : 0), default: []].append(bytes)
            chunks += maker.cut(
                bytes,
                stream: stream,
                unordered: unordered,
                size: Int.random(in: 1...20, using: &random)
            )
        }
        let reach = [1, 3, 30, 1_000][Int(seed / 2 % 4)]
        let keys = chunks.indices.map { $0 + Int.random(in: 0..<reach, using: &random) }
        let shuffled = chunks.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }

        var receiver = DataReceiver(initialTSN: TSN(.max - 50), interleaved: maker.interleaved, limits: .init())
        var got: [UInt32: [[UInt8]]] = [:]
        for index in shuffled {
            for _ in 0...(index % 5 == 0 ? 1 : 0) {
                let chunk = chunks[index]
                _ = try receiver.receive(chunk.header, payload: chunk.payload.span, at: .zero)
            }
            while let message = receiver.popMessage() {
                let key = UInt32(message.stream.rawValue) << 1 | (message.isUnordered ? 1 : 0)
                got[key, default: []].append(message.bytes)
            }
        }
        for (key, messages) in sent {
            let received = got[key] ?? []
            if key & 1 == 0 {
                #expect(received == messages, "seed \(seed)")
            } else {
                #expect(received.sorted { $0[0] < $1[0] } == messages, "seed \(seed)")
            }
        }
        #expect(receiver.hasGaps == false)
        #expect(receiver.receivedBytes == UInt64(total))
        #expect(receiver.advertisedWindow == UInt32(DataReceiver.Limits().window))
    }

    @Test(arguments: UInt64(0)..<60) func `chunks of no sense neither trap nor outgrow the window`(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        var limits = DataReceiver.Limits()
        limits.messageSize = 500
        limits.window = 4_000
        limits.maximumWindow = 4_000
        var receiver = DataReceiver(initialTSN: TSN(0), interleaved: seed % 2 == 1, limits: limits)
        for _ in 0..<2_000 {
            let tsn = receiver.cumulativeTSN.advanced(by: UInt32.random(in: 0...12, using: &random))
            let header = DataChunkHeader(
                tsn: tsn,
                stream: StreamID(UInt16.random(in: 0..<3, using: &random)),
                message: UInt32.random(in: 0..<4, using: &random),
                fragment: UInt32.random(in: 0..<4, using: &random),
                protocolID: PayloadProtocolID(51),
                flags: DataFlags(rawValue: UInt8.random(in: 0..<16, using: &random))
            )
            let payload = random.bytes(Int.random(in: 1...100, using: &random))
            do {
                _ = try receiver.receive(header, payload: payload.span, at: .zero)
            } catch {
                guard Bool.random(using: &random) else { return }
            }
            if UInt8.random(in: 0..<20, using: &random) == 0 {
                let skipped = [
                    SkippedMessage(stream: header.stream, isUnordered: seed % 3 == 0, message: header.message)
                ]
                receiver.forward(ForwardTSNChunk(newCumulativeTSN: tsn, skipped: skipped))
            }
            if UInt8.random(in: 0..<20, using: &random) == 0 { receiver.reset([header.stream]) }
            if UInt8.random(in: 0..<3, using: &random) == 0 { _ = receiver.popMessage() }
            #expect(receiver.advertisedWindow <= 4_000, "seed \(seed)")
        }
    }
}
