// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SDP
import Testing
import Wire

/// Whatever arrives, it is a description that can be printed and read again, or a typed error.
@Suite struct SessionDescriptionPropertyTests {
    private static let texts = (chromiumDescriptions + firefoxDescriptions).map(\.text) + [Sample.text]

    @Test(arguments: 0..<300 as Range<UInt64>)
    func `a description with flipped bytes is read as something that can be printed, or refused`(seed: UInt64) throws {
        var random = RandomSource.seeded(seed)
        var bytes = Array(Self.texts[Int(seed) % Self.texts.count].utf8)
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        try Self.check(bytes)
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func `a description with lines removed, doubled and shuffled is read or refused`(seed: UInt64) throws {
        var random = RandomSource.seeded(seed)
        var lines = Self.texts[Int(seed) % Self.texts.count].split(separator: "\n").map(String.init)
        for _ in 0..<6 {
            let line = lines[Int.random(in: 0..<lines.count, using: &random)]
            lines.insert(line, at: Int.random(in: 1...lines.count, using: &random))
            lines.remove(at: Int.random(in: 1..<lines.count, using: &random))
        }
        try Self.check(Array(lines.joined(separator: "\r\n").utf8))
    }

    @Test func `every truncation is read or refused`() throws {
        let bytes = Array(Sample.text.utf8)
        for count in 0..<bytes.count {
            try Self.check(Array(bytes[..<count]))
        }
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `random bytes are refused`(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        let bytes = random.bytes(Int.random(in: 0...2_000, using: &random))
        #expect(throws: SDPError.self) { try SessionDescription(parsing: bytes.span) }
        _ = CandidateAttribute(String(decoding: bytes, as: UTF8.self))
    }

    private static func check(_ bytes: [UInt8]) throws {
        let description: SessionDescription
        do throws(SDPError) {
            description = try SessionDescription(parsing: bytes.span)
        } catch {
            #expect(!error.description.isEmpty)
            return
        }
        var normalised = description
        normalised.dataChannel.ignoredCandidateCount = 0
        normalised.dataChannel.maxMessageSize = min(description.dataChannel.maxMessageSize, .max >> 1)
        #expect(try SessionDescription(parsing: description.text) == normalised)
    }
}
