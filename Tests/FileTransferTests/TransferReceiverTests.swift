// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer
import Testing
import Wire

@Suite struct TransferReceiverTests {
    private static let name = Array("a".utf8)
    private static let entry = TransferEntry(size: 2_000, blockSize: 1_024, name: name)
    private static let bytes = [UInt8](repeating: 5, count: 2_000)

    private static func block(_ range: Range<Int>, index: UInt32 = 0) -> TransferMessage {
        let bytes = Array(Self.bytes[range])
        let digest = FileTransferTests.digest(of: bytes)
        return .block(TransferBlock(index: index, offset: UInt64(range.lowerBound), digest: digest, bytes: bytes))
    }

    private static let end = TransferMessage.end(index: 0, size: 2_000, digest: digest(of: bytes))
    private static let whole = [.entry(entry), block(0..<1_024), block(1_024..<2_000), end]

    private func failure(of messages: [TransferMessage], size: UInt64? = 2_000) -> TransferFailure? {
        var receiver = TransferReceiver(TransferOffer(name: Self.name, size: size))
        for message in messages {
            receiver.handle(message.encoded)
            while let action = receiver.pollAction() {
                if case .write(_, let bytes) = action { receiver.wrote(bytes.count) }
            }
        }
        guard case .failed(let failure) = receiver.pollEvent() else { return nil }
        return failure
    }

    @Test(
        arguments: [
            ([block(0..<1_024)], .outOfTurn),
            ([end], .outOfTurn),
            ([.done(entries: 1, size: 0)], .outOfTurn),
            ([.received(0)], .outOfTurn),
            ([.entry(entry), .entry(entry)], .outOfTurn),
            ([.entry(entry), .done(entries: 1, size: 2_000)], .outOfTurn),
            ([.entry(TransferEntry(index: 1, size: 2_000, name: name))], .wrongEntry),
            ([.entry(TransferEntry(size: 2_000, name: Array(".bashrc".utf8)))], .notAsOffered),
            ([.entry(TransferEntry(size: 2_001, name: name))], .notAsOffered),
            ([.entry(TransferEntry(kind: .stream, size: nil, name: name))], .notAsOffered),
            ([.entry(entry), block(0..<1_024, index: 1)], .wrongEntry),
            ([.entry(entry), block(0..<1_000)], .wrongBlock),
            ([.entry(entry), block(0..<1_025)], .wrongBlock),
            ([.entry(entry), block(1_024..<2_000)], .wrongBlock),
            ([.entry(entry), block(0..<1_024), block(0..<1_024)], .wrongBlock),
            (whole.dropLast() + [block(1_999..<2_000)], .wrongBlock),
            (
                [.entry(entry), block(0..<1_024), .end(index: 0, size: 1_024, digest: digest(of: bytes))],
                .wrongSize
            ),
            (whole.dropLast() + [.end(index: 1, size: 2_000, digest: digest(of: bytes))], .wrongEntry),
            (whole + [end], .outOfTurn),
            (whole + [block(1_024..<2_000)], .outOfTurn),
            (whole + [.done(entries: 2, size: 2_000)], .wrongEntry),
            (whole + [.done(entries: 1, size: 1_999)], .wrongSize),
            (whole + [.done(entries: 1, size: 2_000), .done(entries: 1, size: 2_000)], .outOfTurn),
        ] as [([TransferMessage], TransferViolation)]
    )
    func `a sender that breaks the protocol ends the transfer`(messages: [TransferMessage], kind: TransferViolation) {
        #expect(self.failure(of: messages) == .violation(kind))
    }

    @Test func `a file whose digest differs is damaged although its blocks are whole`() {
        let wrong = TransferMessage.end(index: 0, size: 2_000, digest: digest(of: [1]))
        #expect(self.failure(of: Self.whole.dropLast() + [wrong]) == .fileCorrupted)
    }

    @Test func `a sender that exceeds the window is refused before memory grows`() {
        let blockSize = 131_072
        let entry = TransferEntry(kind: .stream, size: nil, name: Self.name)
        let bytes = [UInt8](repeating: 0, count: blockSize)
        let digest = FileTransferTests.digest(of: bytes)
        var receiver = TransferReceiver(TransferOffer(name: Self.name, size: nil))
        receiver.handle(TransferMessage.entry(entry).encoded)
        var offset: UInt64 = 0
        var event: TransferReceiver.Event?
        while event == nil, offset <= TransferLimits.window {
            let block = TransferBlock(index: 0, offset: offset, digest: digest, bytes: bytes)
            receiver.handle(TransferMessage.block(block).encoded)
            offset += UInt64(blockSize)
            event = receiver.pollEvent()
        }
        #expect(event == .failed(.violation(.windowExceeded)))
        #expect(offset == TransferLimits.window + UInt64(blockSize))
        let (first, second) = (receiver.pollAction(), receiver.pollAction())
        #expect(first == .discard && second == nil)
    }

    @Test func `the file gets its name after done, and complete follows the disk's word`() {
        var receiver = TransferReceiver(TransferOffer(name: Self.name, size: 2_000))
        for message in Self.whole { receiver.handle(message.encoded) }
        var actions: [TransferReceiver.Action] = []
        while let action = receiver.pollAction() { actions.append(action) }
        receiver.wrote(2_000)
        receiver.finished()
        let early = receiver.pollEvent()
        #expect(!actions.contains(.finish) && early == nil)
        receiver.handle(TransferMessage.done(entries: 1, size: 2_000).encoded)
        let (action, stillEarly) = (receiver.pollAction(), receiver.pollEvent())
        #expect(action == .finish && stillEarly == nil)
        receiver.finished()
        let event = receiver.pollEvent()
        #expect(event == .completed(size: 2_000, digest: digest(of: Self.bytes)))
    }

    @Test func `written bytes are reported each mebibyte and at the end`() throws {
        var random = RandomSource.seeded(3)
        var pair = try TransferPair([UInt8](repeating: 1, count: 3_500_000), maximumMessageCount: 262_144)
        var reports: [UInt64] = []
        while pair.stepSender() || pair.stepReceiver() {
            while let report = pair.toSender.first {
                if case .received(let total) = try parse(report) { reports.append(total) }
                _ = pair.stepBack()
            }
        }
        pair.run(random: &random)
        #expect(reports == [1_048_576, 2_097_152, 3_145_728, 3_500_000])
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `random messages in any order end the transfer or are ignored`(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        var receiver = TransferReceiver(TransferOffer(name: Self.name, size: 2_000))
        var isInPlace = false
        for _ in 0..<30 {
            var bytes = Self.whole[Int.random(in: 0..<4, using: &random)].encoded
            if Bool.random(using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            receiver.handle(bytes)
            while let action = receiver.pollAction() {
                if case .finish = action { isInPlace = true }
            }
        }
        let event = receiver.pollEvent()
        if case .completed = event { #expect(isInPlace, "seed \(seed)") }
        let second = receiver.pollEvent()
        #expect(second == nil, "seed \(seed)")
    }
}
