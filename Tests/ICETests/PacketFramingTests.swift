// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ICE
import Testing
import Wire

@Suite struct PacketFramingTests {
    private func packets(of stream: [UInt8], in step: Int) -> [[UInt8]] {
        var deframer = PacketDeframer()
        var packets: [[UInt8]] = []
        for start in stride(from: 0, to: stream.count, by: step) {
            let piece = Array(stream[start..<min(start + step, stream.count)])
            deframer.take(piece.span) { packets.append([UInt8](copying: $0)) }
        }
        return packets
    }

    @Test(arguments: [1, 2, 3, 1000, 70_000])
    func `packets come out as they went in, in whatever pieces`(step: Int) {
        let sizes = [1, 2, 1200, 65_535, 7]
        var stream: [UInt8] = []
        var sent: [[UInt8]] = []
        for (number, size) in sizes.enumerated() {
            let packet = [UInt8](repeating: UInt8(number + 1), count: size)
            sent.append(packet)
            PacketFraming.append(packet.span, segmentSize: size, to: &stream)
        }
        #expect(stream.prefix(3) == [0, 1, 1])
        #expect(self.packets(of: stream, in: step) == sent)
    }

    @Test func `each segment is a packet, and the last may be shorter`() {
        var stream: [UInt8] = []
        PacketFraming.append([1, 2, 3, 4, 5].span, segmentSize: 2, to: &stream)
        #expect(stream == [0, 2, 1, 2, 0, 2, 3, 4, 0, 1, 5])
    }

    @Test func `an empty packet is none`() {
        #expect(self.packets(of: [0, 0, 0, 1, 7, 0, 0], in: 1) == [[7]])
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `noise is cut the same however it arrives`(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        var stream: [UInt8] = []
        for _ in 0..<20 {
            stream += [UInt8(random.next() % 3 / 2), UInt8(truncatingIfNeeded: random.next())]
            stream += random.bytes(Int(random.next() % 300))
        }
        let whole = self.packets(of: stream, in: stream.count)
        #expect(self.packets(of: stream, in: 1 + Int(random.next() % 40)) == whole)
        #expect(whole.reduce(0) { $0 + $1.count } <= stream.count)
    }
}
