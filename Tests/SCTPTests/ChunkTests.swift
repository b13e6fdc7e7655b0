// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SCTP
import Testing
import Wire

/// Reads a packet and writes what was understood of it.
func rewritten(_ packet: [UInt8]) throws -> [UInt8] {
    var writer = ByteWriter()
    writer.beginPacket(try CommonHeader(verifying: packet.span))
    var reader = ChunkReader()
    while let chunk = try reader.next(in: packet.span) {
        try rewrite(chunk, of: packet.span, to: &writer)
    }
    writer.finishPacket()
    return writer.bytes
}

private func rewrite(_ chunk: ChunkField, of packet: Span<UInt8>, to writer: inout ByteWriter) throws {
    let value = packet.extracting(chunk.value)
    switch chunk.type {
    case .data, .interleavedData:
        let interleaved = chunk.type == .interleavedData
        var reader = ByteReader(value)
        let header = try DataChunkHeader(parsing: &reader, flags: chunk.flags, interleaved: interleaved)
        writer.dataChunk(header, interleaved: interleaved, payload: reader.rest())
    case .initiation, .initiationAck:
        let isAck = chunk.type == .initiationAck
        writer.initChunk(try InitChunk(parsing: value, isAck: isAck), isAck: isAck)
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
        let forward = try ForwardTSNChunk(parsing: value, interleaved: interleaved)
        writer.forwardTSNChunk(forward, interleaved: interleaved)
    default: writer.chunk(chunk.type, flags: chunk.flags) { $0.span(value) }
    }
}

@Suite struct ChunkTests {
    @Test(arguments: Captured.all) func `browsers' packets are understood and written alike`(hex: String) throws {
        let packet = bytes(hex: hex)
        #expect(try rewritten(packet) == packet)
    }

    @Test func `every chunk survives being written and read`() throws {
        var writer = ByteWriter()
        writer.beginPacket(CommonHeader(sourcePort: 1, destinationPort: 2, verificationTag: 3))
        let header = DataChunkHeader(
            tsn: TSN(.max),
            stream: StreamID(9),
            message: 0x1234_5678,
            fragment: 7,
            protocolID: PayloadProtocolID(0),
            flags: [.end, .immediate, .unordered]
        )
        let payload: [UInt8] = [1, 2, 3, 4, 5]
        writer.dataChunk(header, interleaved: true, payload: payload.span)
        let blocks = [GapBlock(start: 2, end: 3), GapBlock(start: 5, end: 65_535)]
        writer.sackChunk(SACKChunk(cumulativeTSN: TSN(5), gapBlocks: blocks, duplicates: [TSN(4)]))
        writer.heartbeatChunk(information: payload.span.extracting(0..<3))
        writer.heartbeatChunk(information: payload.span.extracting(0..<0), isAck: true)
        writer.shutdownChunk(ShutdownChunk(cumulativeTSN: TSN(8)))
        writer.chunk(.shutdownAck)
        writer.shutdownCompleteChunk(reflectsTag: true)
        writer.cookieEchoChunk([1, 2, 3, 4, 5])
        writer.errorChunk([
            .invalidStream(StreamID(3)), .staleCookie(microseconds: 9), .noUserData(TSN(1)),
            .missingMandatoryParameter(.stateCookie), ErrorCause(.protocolViolation, reason: "no"),
        ])
        writer.abortChunk([ErrorCause(.userInitiatedAbort, reason: "bye")], reflectsTag: true)
        let skipped = SkippedMessage(stream: StreamID(1), isUnordered: true, message: 70_000)
        writer.forwardTSNChunk(ForwardTSNChunk(newCumulativeTSN: TSN(1), skipped: [skipped]), interleaved: true)
        let ordered = SkippedMessage(stream: StreamID(1), message: 7)
        writer.forwardTSNChunk(ForwardTSNChunk(newCumulativeTSN: TSN(1), skipped: [ordered, ordered]))
        writer.padChunk(size: 21)
        let sequence = ReconfigSequence(4)
        let streams = [StreamID(1), StreamID(2), StreamID(3)]
        let parameters: [ReconfigParameter] = [
            .outgoingReset(request: sequence, response: sequence, lastTSN: TSN(3), streams: streams),
            .incomingReset(request: sequence, streams: streams),
            .associationReset(request: sequence),
            .response(to: sequence, result: 1, senderNextTSN: nil, receiverNextTSN: nil),
            .response(to: sequence, result: 6, senderNextTSN: TSN(1), receiverNextTSN: TSN(2)),
            .addOutgoingStreams(request: sequence, count: 3),
            .addIncomingStreams(request: sequence, count: 3),
        ]
        for parameter in parameters {
            writer.reconfigChunk(ReconfigChunk([parameter, parameter]))
        }
        writer.finishPacket()
        let packet = writer.bytes
        #expect(try rewritten(packet) == packet)
    }

    @Test func `INIT of the browsers says what they support`() throws {
        let chromium = bytes(hex: Captured.chromiumInit)
        let first = try InitChunk(parsing: chromium.span.extracting(16...), isAck: false)
        #expect(first.initiateTag == 0xB302_D0A3)
        #expect(first.advertisedWindow == 5_242_880)
        #expect(first.initialTSN == TSN(0x41BC_F174))
        #expect(first.extensions == [.forwardTSN, .reconfig])
        #expect(!first.acceptsZeroChecksum)
        let firefox = bytes(hex: Captured.firefoxInit)
        let second = try InitChunk(parsing: firefox.span.extracting(16...), isAck: false)
        #expect(second.extensions == [.forwardTSN, .reconfig, .interleavedData, .interleavedForwardTSN])
    }

    @Test func `unknown parameters are skipped, reported or end the reading, by their high bits`() throws {
        var writer = ByteWriter()
        let base = InitChunk(
            initiateTag: 1,
            advertisedWindow: 2,
            outboundStreams: 3,
            inboundStreams: 4,
            initialTSN: TSN(5),
            acceptsZeroChecksum: true
        )
        func parse(_ tag: UInt16) throws -> InitChunk {
            writer.removeAll()
            writer.u32(1)
            writer.u32(2)
            writer.u16(3)
            writer.u16(4)
            writer.u32(5)
            writer.parameter(ParameterType(rawValue: tag)) { $0.u8(9) }
            writer.parameter(.zeroChecksumAcceptable) { $0.u32(1) }
            return try InitChunk(parsing: writer.bytes.span, isAck: false)
        }
        let report = [[0x40, 0x77, 0, 5, 9], [0xC0, 0x77, 0, 5, 9]] as [[UInt8]]
        #expect(try parse(0x8077) == base)
        #expect(try parse(0xC077).unrecognized == [report[1]])
        #expect(try parse(0xC077).acceptsZeroChecksum)
        #expect(try parse(0x4077).unrecognized == [report[0]])
        #expect(try !parse(0x4077).acceptsZeroChecksum)
        #expect(try parse(0x0077).unrecognized.isEmpty)
        #expect(try !parse(0x0077).acceptsZeroChecksum)
        #expect(throws: MalformedPacket.hostNameAddress) { try parse(11) }
        #expect(ChunkType(rawValue: 0x3F).unrecognizedRule == .stop)
        #expect(ChunkType(rawValue: 0x7F).unrecognizedRule == .stopAndReport)
        #expect(ChunkType(rawValue: 0xBF).unrecognizedRule == .skip)
        #expect(ChunkType(rawValue: 0xFF).unrecognizedRule == .skipAndReport)
    }

    @Test func `an unknown chunk before DATA does not cost the DATA`() throws {
        var writer = ByteWriter()
        writer.beginPacket(CommonHeader(sourcePort: 1, destinationPort: 2, verificationTag: 3))
        writer.chunk(ChunkType(rawValue: 0xBF)) { $0.u8(1) }
        writer.chunk(.data, flags: 3) { $0.array([UInt8](repeating: 0, count: 13)) }
        writer.finishPacket()
        var reader = ChunkReader()
        let packet = writer.bytes
        #expect(try reader.next(in: packet.span)?.type == ChunkType(rawValue: 0xBF))
        let data = try #require(try reader.next(in: packet.span))
        #expect(data.type == .data)
        #expect(data.value == 24..<37)
        #expect(try reader.next(in: packet.span) == nil)
    }

    @Test func `what is wrong is told apart`() {
        let short: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]
        #expect(throws: MalformedPacket.noUserData(TSN(1))) {
            var reader = ByteReader(short.span)
            _ = try DataChunkHeader(parsing: &reader, flags: 3, interleaved: false)
        }
        #expect(throws: MalformedPacket.truncated) {
            var reader = ByteReader(short.span)
            _ = try DataChunkHeader(parsing: &reader, flags: 3, interleaved: true)
        }
        #expect(throws: MalformedPacket.length(tag: 0x0003, length: 3)) {
            var reader = FieldReader()
            _ = try reader.next(in: [0, 3, 0, 3].span)
        }
        #expect(throws: MalformedPacket.length(tag: 0x0003, length: 5)) {
            var reader = FieldReader()
            _ = try reader.next(in: [0, 3, 0, 5].span)
        }
        #expect(throws: MalformedPacket.invalidMandatoryParameter) {
            try InitChunk(parsing: [UInt8](repeating: 0, count: 16).span, isAck: false)
        }
        #expect(throws: MalformedPacket.missingStateCookie) {
            try InitChunk(parsing: [UInt8](repeating: 1, count: 16).span, isAck: true)
        }
        var sack = SACKChunk()
        #expect(throws: MalformedPacket.truncated) { try sack.read([UInt8](repeating: 0xFF, count: 400).span) }
        #expect(throws: MalformedPacket.unexpectedValue) {
            try sack.read([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 2].span)
        }
    }

    @Test func `serial numbers order around zero`() {
        #expect(TSN(.max).precedes(TSN(0)))
        #expect(!TSN(0).precedes(TSN(.max)))
        #expect(!TSN(0).precedes(TSN(0x8000_0000)))
        #expect(!TSN(0x8000_0000).precedes(TSN(0)))
        #expect(TSN(5).isAtMost(TSN(5)))
        #expect(SSN(.max).precedes(SSN(0)))
        #expect(SSN(.max).next == SSN(0))
        #expect(TSN(0).previous == TSN(.max))
    }

    @Test func `mangled packets end in typed errors`() {
        var random = RandomSource.seeded(2)
        for hex in Captured.all {
            let original = bytes(hex: hex)
            for round in 0..<400 {
                var packet = original
                for _ in 0...(round % 4) {
                    packet[Int.random(in: 12..<packet.count, using: &random)] = UInt8.random(
                        in: 0...255,
                        using: &random
                    )
                }
                packet.removeLast(Int.random(in: 0...min(8, packet.count - 12), using: &random))
                readAll(packet)
            }
        }
        for count in 0..<600 {
            readAll(random.bytes(count))
        }
    }

    private func readAll(_ packet: [UInt8]) {
        var writer = ByteWriter()
        var reader = ChunkReader()
        do {
            while let chunk = try reader.next(in: packet.span) {
                #expect(chunk.value.upperBound <= packet.count)
                try rewrite(chunk, of: packet.span, to: &writer)
            }
        } catch {
            #expect(error is MalformedPacket)
        }
        #expect(writer.count <= packet.count + 64)
    }
}
