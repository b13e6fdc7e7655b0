// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import SCTP
import Wire

// The chunks of a packet are refused, or written as what they mean; what was written stays as it is from then on.
fuzz { bytes in
    guard let once = rewritten(bytes) else { return }
    guard let twice = rewritten(once.span) else { fail("\(once)") }
    requireEqual(twice, once)
}

/// The chunks as they are understood; nil where one of them is malformed.
private func rewritten(_ chunks: Span<UInt8>) -> [UInt8]? {
    var packet = ByteWriter()
    packet.beginPacket(CommonHeader(sourcePort: 1, destinationPort: 2, verificationTag: 3))
    packet.span(chunks)
    packet.finishPacket()
    guard (try? CommonHeader(verifying: packet.bytes.span)) != nil else { fail("a wrong checksum") }
    var writer = ByteWriter()
    do throws(MalformedPacket) {
        var reader = ChunkReader()
        while let chunk = try reader.next(in: packet.bytes.span) {
            try rewrite(chunk, of: packet.bytes.span, to: &writer)
        }
    } catch {
        return nil
    }
    return writer.bytes
}

private func rewrite(_ chunk: ChunkField, of packet: Span<UInt8>, to writer: inout ByteWriter) throws(MalformedPacket) {
    let value = packet.extracting(chunk.value)
    switch chunk.type {
    case .data, .interleavedData:
        let interleaved = chunk.type == .interleavedData
        var reader = ByteReader(value)
        let header = try DataChunkHeader(parsing: &reader, flags: chunk.flags, interleaved: interleaved)
        writer.dataChunk(header, interleaved: interleaved, payload: reader.rest())
    case .initiation, .initiationAck:
        let isAck = chunk.type == .initiationAck
        var initiation = try InitChunk(parsing: value, isAck: isAck)
        // What is unrecognised is reported back, not repeated.
        initiation.unrecognized = []
        writer.initChunk(initiation, isAck: isAck)
    case .sack:
        var sack = SACKChunk()
        try sack.read(value)
        writer.sackChunk(sack)
    case .heartbeat, .heartbeatAck:
        let information = try Heartbeat.information(in: value)
        writer.heartbeatChunk(information: value.extracting(information), isAck: chunk.type == .heartbeatAck)
    case .abort: writer.abortChunk(try ErrorCause.parse(value), reflectsTag: chunk.flags & 1 != 0)
    case .error: writer.errorChunk(try ErrorCause.parse(value))
    case .shutdown: writer.shutdownChunk(try ShutdownChunk(parsing: value))
    case .reconfig: writer.reconfigChunk(try ReconfigChunk(parsing: value))
    case .forwardTSN, .interleavedForwardTSN:
        let interleaved = chunk.type == .interleavedForwardTSN
        writer.forwardTSNChunk(try ForwardTSNChunk(parsing: value, interleaved: interleaved), interleaved: interleaved)
    default: writer.chunk(chunk.type, flags: chunk.flags) { $0.span(value) }
    }
}
