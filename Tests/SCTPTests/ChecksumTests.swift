// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CCRC32C
import SCTP
import Testing
import Wire

@Suite struct ChecksumTests {
    /// RFC 3720 appendix B.4, and the usual check value.
    static let vectors: [(bytes: [UInt8], crc: UInt32)] = [
        ([], 0),
        (Array("123456789".utf8), 0xE306_9283),
        ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
        ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
        (Array(0...31), 0x46DD_794E),
        (Array((0...31).reversed()), 0x113F_DB5C),
        (
            bytes(
                hex: "01c00000000000000000000000000000140000000000040000000014000000182800000000000000"
                    + "0200000000000000"
            ), 0xD996_3A56
        ),
    ]

    @Test(arguments: vectors) func `both ways give the published values`(bytes: [UInt8], crc: UInt32) {
        #expect(unsafe ccrc32c(0, bytes, bytes.count) == crc)
        #expect(unsafe ccrc32c_portable(0, bytes, bytes.count) == crc)
    }

    @Test func `hardware and plain C agree at every length and split`() {
        var random = RandomSource.seeded(1)
        let data = random.bytes(2_000)
        for count in 0...data.count {
            let bytes = Array(data[..<count])
            #expect(unsafe ccrc32c(0, bytes, count) == ccrc32c_portable(0, bytes, count))
        }
        for split in stride(from: 0, to: data.count, by: 7) {
            let head = Array(data[..<split])
            let tail = Array(data[split...])
            let crc = unsafe ccrc32c(ccrc32c(0, head, head.count), tail, tail.count)
            #expect(unsafe crc == ccrc32c_portable(0, data, data.count))
        }
    }

    @Test(arguments: Captured.all) func `browsers' packets verify, and not with a flipped bit`(hex: String) throws {
        var packet = bytes(hex: hex)
        let header = try CommonHeader(verifying: packet.span)
        #expect(header.sourcePort == 5000)
        #expect(header.destinationPort == 5000)
        for index in packet.indices {
            packet[index] ^= 1 << UInt8(index % 8)
            #expect(throws: MalformedPacket.checksum) { try CommonHeader(verifying: packet.span) }
            packet[index] ^= 1 << UInt8(index % 8)
        }
    }

    @Test func `a zero checksum is accepted only where it was agreed on`() throws {
        var writer = ByteWriter()
        let header = CommonHeader(sourcePort: 5000, destinationPort: 5001, verificationTag: 7)
        writer.beginPacket(header)
        writer.chunk(.cookieAck)
        writer.finishPacket(zeroChecksum: true)
        let packet = writer.bytes
        #expect(throws: MalformedPacket.checksum) { try CommonHeader(verifying: packet.span) }
        #expect(try CommonHeader(verifying: packet.span, acceptsZeroChecksum: true) == header)
        #expect(throws: MalformedPacket.truncated) { try CommonHeader(verifying: packet.span.extracting(0..<11)) }
    }
}
