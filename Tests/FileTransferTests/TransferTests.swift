// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer
import Testing
import Wire

@Suite struct TransferTests {
    @Test(arguments: [0, 1, 7_167, 7_168, 7_169, 100_000], [false, true])
    func `a file arrives whole and both sides know it`(count: Int, isStream: Bool) throws {
        var random = RandomSource.seeded(UInt64(count))
        let source = random.bytes(count)
        var pair = try TransferPair(source, isStream: isStream)
        pair.chunk = isStream ? 1_000 : .max
        pair.run(random: &random)
        let (file, part, created) = (pair.file, pair.part, pair.created)
        let events = (pair.senderEvents, pair.receiverEvents)
        #expect(file == source)
        #expect(part == nil)
        #expect(created?.mode == 0o640 && created?.name == Array("file".utf8))
        #expect(events.0 == [.sent, .delivered])
        #expect(events.1 == [.completed(size: UInt64(count), digest: digest(of: source))])
        let confirmed = pair.sender.confirmed
        #expect(confirmed == UInt64(count))
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func `any order of steps and any message size gives the same file`(seed: UInt64) throws {
        var random = RandomSource.seeded(seed)
        let source = random.bytes(Int.random(in: 0...300_000, using: &random))
        var pair = try TransferPair(source, maximumMessageCount: Int.random(in: 8_192...300_000, using: &random))
        pair.run(random: &random)
        let (file, events) = (pair.file, pair.senderEvents)
        #expect(file == source, "seed \(seed)")
        #expect(events == [.sent, .delivered], "seed \(seed)")
    }

    @Test(arguments: [8_192, 65_536, 131_117, 262_144, 1_000_000])
    func `no message is larger than the peer takes`(limit: Int) throws {
        var random = RandomSource.seeded(1)
        var pair = try TransferPair(random.bytes(400_000), maximumMessageCount: limit)
        var largest = 0
        while pair.stepSender() {
            largest = max(largest, pair.toReceiver.last?.count ?? 0)
        }
        #expect(largest <= min(limit, 131_072 + 45) && largest > min(limit, 131_072) * 7 / 8)
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func `a flipped bit in a block is found, and both sides fail with integrity or protocol`(seed: UInt64) throws {
        var random = RandomSource.seeded(seed)
        var pair = try TransferPair(random.bytes(30_000))
        while pair.stepSender() {}
        let index = Int.random(in: 1...5, using: &random)
        let offset = Int.random(in: 13..<pair.toReceiver[index].count, using: &random)
        pair.toReceiver[index][offset] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        while pair.stepReceiver() {}
        let (file, part) = (pair.file, pair.part)
        #expect(file == nil && part == nil, "seed \(seed)")
        let blockStart = UInt64((index - 1) * 7_168)
        let failures = (pair.receiverEvents, pair.senderEvents)
        #expect(failures.0 == [.failed(.blockCorrupted(offset: blockStart))], "seed \(seed)")
        #expect(failures.1.last == .failed(.cancelledByPeer(.integrity)), "seed \(seed)")
        #expect(TransferFailure.blockCorrupted(offset: 0).exitStatus == 7)
        #expect(TransferFailure.cancelledByPeer(.integrity).exitStatus == 7)
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `whatever happens to messages, a file in place is the right one`(seed: UInt64) throws {
        var random = RandomSource.seeded(seed)
        let source = random.bytes(40_000)
        var pair = try TransferPair(source)
        while pair.stepSender() {}
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            let index = Int.random(in: 0..<pair.toReceiver.count, using: &random)
            switch random.next() % 5 {
            case 0: pair.toReceiver.remove(at: index)
            case 1: pair.toReceiver.insert(pair.toReceiver[index], at: index)
            case 2: pair.toReceiver.swapAt(index, 0)
            case 3: pair.toReceiver[index].removeLast()
            default: pair.toReceiver[index] = random.bytes(Int.random(in: 0...60, using: &random))
            }
        }
        while pair.stepReceiver() {}
        let (file, completions, part) = (pair.file, pair.completions, pair.part)
        #expect(completions == 0 || file == source, "seed \(seed)")
        let isEnded = pair.receiver.isEnded
        #expect(!isEnded || part == nil, "seed \(seed)")
    }

    @Test func `a source that shrinks is noticed at once, one that changes at the end`() throws {
        var shrunk = try TransferPair([UInt8](repeating: 1, count: 50_000))
        shrunk.source.removeLast(20_000)
        while shrunk.stepSender() || shrunk.stepReceiver() {}
        let first = (shrunk.senderEvents, shrunk.receiverEvents, shrunk.file, shrunk.part)
        #expect(first.0 == [.failed(.sourceChanged)])
        #expect(first.1 == [.failed(.cancelledByPeer(.sourceChanged))])
        #expect(first.2 == nil && first.3 == nil)

        var touched = try TransferPair([UInt8](repeating: 1, count: 50_000))
        touched.sourceIsChanged = true
        while touched.stepSender() || touched.stepReceiver() {}
        let second = (touched.senderEvents, touched.file)
        #expect(second.0 == [.failed(.sourceChanged)])
        #expect(second.1 == nil)
        #expect(TransferFailure.sourceChanged.exitStatus == 8)
    }

    @Test func `a full disk fails both sides, here with local file trouble`() throws {
        var pair = try TransferPair([UInt8](repeating: 1, count: 50_000))
        pair.diskIsFull = true
        while pair.stepSender() || pair.stepReceiver() {}
        let (sender, receiver) = (pair.senderEvents, pair.receiverEvents)
        #expect(receiver == [.failed(.localFile("The disk is full."))])
        #expect(sender.last == .failed(.cancelledByPeer(.localFile)))
        #expect(TransferFailure.localFile("").exitStatus == 8)
    }

    @Test(arguments: 0..<40, [true, false])
    func `either side can cancel at any point`(steps: Int, bySender: Bool) throws {
        var pair = try TransferPair([UInt8](repeating: 7, count: 60_000))
        for step in 0..<steps {
            _ = step % 2 == 0 ? pair.stepSender() : pair.stepReceiver()
        }
        if bySender { pair.sender.cancel() } else { pair.receiver.cancel() }
        pair.drainSenderEvents()
        pair.runReceiver()
        while pair.stepSender() || pair.stepReceiver() || pair.stepBack() {}
        let (part, file, sender, receiver) = (pair.part, pair.file, pair.senderEvents, pair.receiverEvents)
        #expect(part == nil && file == nil)
        #expect(sender.last == .failed(bySender ? .cancelledHere : .cancelledByPeer(.user)))
        #expect(receiver.last == .failed(bySender ? .cancelledByPeer(.user) : .cancelledHere))
    }

    @Test func `a channel that closes early fails both sides and leaves no part`() throws {
        var pair = try TransferPair([UInt8](repeating: 7, count: 60_000))
        for _ in 0..<5 { _ = pair.stepSender() }
        while pair.stepReceiver() {}
        pair.sender.channelClosed()
        pair.receiver.channelClosed()
        pair.drainSenderEvents()
        pair.runReceiver()
        let (part, sender, receiver) = (pair.part, pair.senderEvents, pair.receiverEvents)
        #expect(part == nil)
        #expect(sender == [.failed(.channelClosed)] && receiver == [.failed(.channelClosed)])
        #expect(TransferFailure.channelClosed.exitStatus == 6)
    }
}
