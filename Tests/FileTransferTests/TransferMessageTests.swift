// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer
import Testing
import Wire

@Suite struct TransferMessageTests {
    static let digest = FileTransferTests.digest(of: Array("abc".utf8))

    static let samples: [TransferMessage] = [
        .entry(
            TransferEntry(
                size: 1_234,
                mode: 0o644,
                modified: FileTime(seconds: -5, nanoseconds: 999_999_999),
                name: Array("a.txt".utf8)
            )
        ),
        .entry(TransferEntry(index: 7, kind: .stream, size: nil, blockSize: 1_024, name: [])),
        .block(TransferBlock(index: 1, offset: 131_072, digest: digest, bytes: Array("abc".utf8))),
        .end(index: 0, size: 3, digest: digest),
        .done(entries: 1, size: TransferLimits.fileSize),
        .received(77),
        .ignorable(0x80),
    ]

    @Test(arguments: samples)
    func `a message reads back as it was written`(message: TransferMessage) throws {
        #expect(try parse(message.encoded) == message)
    }

    @Test func `the digest is SHA-256`() {
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(Self.digest.hexadecimal == known)
    }

    @Test func `the bytes on the wire do not change between versions`() {
        let entry = TransferEntry(size: 2, mode: 0o600, blockSize: 1_024, name: [0x78])
        let expected: [UInt8] =
            [1, 0, 0, 0, 0, 1, 3, 0x01, 0x80, 0, 0, 4, 0] + [0, 0, 0, 0, 0, 0, 0, 2]
            + [UInt8](repeating: 0, count: 12) + [0, 1, 0x78]
        #expect(TransferMessage.entry(entry).encoded == expected)
        let block = TransferBlock(index: 2, offset: 3, digest: Self.digest, bytes: [9])
        let header: [UInt8] = [2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3]
        #expect(TransferMessage.block(block).encoded == header + Self.digest.bytes + [9])
        #expect(TransferMessage.received(258).encoded == [0x21, 0, 0, 0, 0, 0, 0, 1, 2])
    }

    @Test(arguments: samples.dropLast())
    func `a message that ends early or late is refused`(message: TransferMessage) {
        let bytes = message.encoded
        for count in 0..<bytes.count {
            #expect(throws: TransferMessageError.self) {
                let message = try parse(Array(bytes[..<count]))
                // A block is as long as its message; only its digest can tell.
                if case .block = message { throw TransferMessageError.truncated }
            }
        }
        if case .block = message { return }
        #expect(throws: TransferMessageError.trailing) { try parse((bytes + [0])) }
    }

    @Test(
        arguments: [
            (7, 5), (5, 0), (5, 3), (6, 0x09), (6, 0x02), (7, 0x02), (9, 1), (10, 0), (13, 0x20), (29, 0xFF),
            (33, 0x20),
        ]
    )
    func `a field beyond its bounds is refused`(offset: Int, value: UInt8) {
        var bytes = Self.samples[0].encoded
        bytes[offset] = value
        #expect(throws: TransferMessageError.invalidField) { try parse(bytes) }
    }

    @Test func `unknown types are refused below 0x80 and ignored above`() throws {
        #expect(throws: TransferMessageError.unknownType(0)) { try parse([0 as UInt8]) }
        #expect(throws: TransferMessageError.unknownType(0x7F)) { try parse([0x7F as UInt8]) }
        #expect(throws: TransferMessageError.truncated) { try parse(([] as [UInt8])) }
        #expect(try parse([0xFF as UInt8, 1, 2]) == .ignorable(0xFF))
        let long = [UInt8](repeating: 0x80, count: 262_145)
        #expect(throws: TransferMessageError.tooLong(262_145)) { try parse(long) }
        #expect(throws: TransferMessageError.invalidField) {
            try parse(([2] + [UInt8](repeating: 0, count: 44)))
        }
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func `flipped bits and random bytes are an error or a message within bounds`(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        var bytes = Self.samples[Int(seed) % Self.samples.count].encoded
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        }
        for candidate in [bytes, random.bytes(Int.random(in: 0...100, using: &random))] {
            guard let message = try? TransferMessage(parsing: candidate.span) else { continue }
            if case .ignorable = message { continue }
            let again = try? TransferMessage(parsing: message.encoded.span)
            #expect(again == message, "seed \(seed)")
        }
    }

    @Test(arguments: [("transfer-1", 1), ("transfer-9007199254740991", 9_007_199_254_740_991)] as [(String, UInt64)])
    func `a channel's label names its transfer`(label: String, number: UInt64) throws {
        let id = try #require(TransferChannel.transfer(ofLabel: label))
        #expect(id.number == number)
        #expect(TransferChannel.label(for: id) == label)
    }

    @Test(arguments: ["", "transfer-", "transfer-0", "transfer-01", "transfer-+1", "transfer-9007199254740992", "chat"])
    func `other labels name none`(label: String) {
        #expect(TransferChannel.transfer(ofLabel: label) == nil)
    }
}
