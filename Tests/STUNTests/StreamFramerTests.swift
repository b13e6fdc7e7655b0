// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

@Suite struct StreamFramerTests {
    private static let messages = [RFCVector.request, RFCVector.ipv6Response, BrowserVector.firefoxCheck]

    /// ChannelData padded as RFC 8656 §12.5 wants it on streams.
    private static func channelData(_ channel: UInt16, _ payload: [UInt8]) -> [UInt8] {
        var writer = ByteWriter()
        writer.u16(channel)
        writer.u16(UInt16(payload.count))
        writer.array(payload)
        writer.pad(to: 4)
        return writer.bytes
    }

    private static func frames(
        of stream: [UInt8],
        in pieces: Int,
        acceptsChannelData: Bool = false
    ) throws(StreamFault) -> [StreamFramer.Frame] {
        var framer = StreamFramer(acceptsChannelData: acceptsChannelData)
        var frames: [StreamFramer.Frame] = []
        var start = 0
        while start < stream.count {
            let end = min(start + pieces, stream.count)
            try framer.append(Array(stream[start..<end]).span)
            start = end
            while let frame = try framer.next() {
                frames.append(frame)
            }
        }
        return frames
    }

    @Test func `messages are found however the stream is cut`() throws {
        let stream = Self.messages.flatMap { $0 }
        for pieces in 1...stream.count {
            let frames = try Self.frames(of: stream, in: pieces)
            #expect(frames == Self.messages.map { .message($0) }, "pieces of \(pieces)")
        }
    }

    @Test func `channel data comes without its padding`() throws {
        let payloads: [[UInt8]] = [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4], [UInt8](repeating: 9, count: 1_201)]
        var stream: [UInt8] = []
        var expected: [StreamFramer.Frame] = []
        for payload in payloads {
            stream += Self.channelData(0x4001, payload) + RFCVector.request
            expected += [.channelData(channel: 0x4001, payload: payload), .message(RFCVector.request)]
        }
        for pieces in [1, 2, 3, 5, 7, 64, 1_000, stream.count] {
            #expect(try Self.frames(of: stream, in: pieces, acceptsChannelData: true) == expected)
        }
    }

    @Test func `the greatest frames fit`() throws {
        let id = TransactionID(high: 0, low: 0)
        let message = STUNMessage(.binding, .request, id, attributes: [.padding(65_528)]).encoded()
        #expect(message.count == 65_552)
        let data = Self.channelData(0x4FFF, [UInt8](repeating: 7, count: 65_535))
        let frames = try Self.frames(of: message + data, in: 50_000, acceptsChannelData: true)
        #expect(frames.count == 2)
        #expect(frames.first == .message(message))
    }

    @Test(
        arguments: [
            "16fefd", "ff", "04", "3f", "40010000", "50010000", "00010000 2112a443", "00010000 21ff",
            "00010001 2112a442",
        ]
    )
    func `a stream that is no STUN is refused for good`(hex: String) throws {
        var framer = StreamFramer()
        let bytes = [UInt8](hex: hex)
        try framer.append(bytes.span)
        #expect(throws: StreamFault.unframed) { try framer.next() }
        #expect(throws: StreamFault.unframed) { try framer.next() }
        let request = RFCVector.request
        #expect(throws: StreamFault.unframed) { try framer.append(request.span) }
    }

    @Test func `channels outside of RFC 8656 are refused even where channel data is accepted`() throws {
        var framer = StreamFramer(acceptsChannelData: true)
        let bytes: [UInt8] = [0x50, 0x00, 0x00, 0x00]
        try framer.append(bytes.span)
        #expect(throws: StreamFault.unframed) { try framer.next() }
    }

    @Test func `a stream cannot fill the memory`() throws {
        var framer = StreamFramer(acceptsChannelData: true)
        let piece = [UInt8](repeating: 0x40, count: 60_000)
        try framer.append(piece.span)
        try framer.append(piece.span)
        try framer.append(piece.span)
        #expect(throws: StreamFault.overflow) { try framer.append(piece.span) }
        #expect(throws: StreamFault.overflow) { try framer.next() }
    }
}
