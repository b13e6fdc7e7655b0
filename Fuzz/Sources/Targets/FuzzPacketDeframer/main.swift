// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import ICE
import Wire

// A stream is cut into the same packets however its bytes arrive, and packets that are framed come out as they were.
fuzz { bytes in
    var input = FuzzInput(bytes)
    let step = 1 + Int(input.u8())
    let stream = input.rest()
    let whole = packets(of: stream, in: max(stream.count, 1))
    requireEqual(packets(of: stream, in: step), whole)
    var framed: [UInt8] = []
    for packet in whole {
        PacketFraming.append(packet.span, segmentSize: packet.count, to: &framed)
    }
    requireEqual(packets(of: framed, in: step), whole)
}

private func packets(of stream: [UInt8], in step: Int) -> [[UInt8]] {
    var deframer = PacketDeframer()
    var packets: [[UInt8]] = []
    for start in stride(from: 0, to: stream.count, by: step) {
        let piece = Array(stream[start..<min(start + step, stream.count)])
        deframer.take(piece.span) { packets.append([UInt8](copying: $0)) }
    }
    return packets
}
