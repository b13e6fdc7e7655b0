// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SCTP
import Testing
import Wire

/// A peer whose every packet is written by a test, and the association that it talks to.
final class ScriptedPeer {
    let tag: UInt32 = 0x5EED_0001
    let initialTSN = TSN(1000)
    var association: Association
    var now = Instant(nanoseconds: 1_000_000_000)
    var events: [Association.Event] = []
    var extensions: SupportedExtensions = [.reconfig, .forwardTSN]
    var window: UInt32 = 1_000_000
    /// What the association said in its INIT or INIT ACK.
    var remoteTag: UInt32 = 0
    var remoteTSN = TSN(0)

    init(_ configuration: Association.Configuration = Association.Configuration(), seed: UInt64 = 3) {
        self.association = Association(configuration: configuration, random: .seeded(seed))
    }

    var isOver: Bool { self.association.isOver }
    var isEstablished: Bool { self.association.isEstablished }
    var nextTimeout: Instant? { self.association.nextTimeout }
    var statistics: Association.Statistics { self.association.statistics }

    /// A packet with what `write` adds to it.
    func packet(tag: UInt32? = nil, zeroChecksum: Bool = false, _ write: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter()
        writer.beginPacket(
            CommonHeader(sourcePort: 5000, destinationPort: 5000, verificationTag: tag ?? self.remoteTag)
        )
        write(&writer)
        writer.finishPacket(zeroChecksum: zeroChecksum)
        return writer.bytes
    }

    /// Gives a packet to the association.
    @discardableResult
    func deliver(tag: UInt32? = nil, zeroChecksum: Bool = false, _ write: (inout ByteWriter) -> Void) -> SCTPError? {
        self.deliver(self.packet(tag: tag, zeroChecksum: zeroChecksum, write))
    }

    /// Gives bytes to the association.
    @discardableResult
    func deliver(_ bytes: [UInt8]) -> SCTPError? {
        var failure: SCTPError?
        do throws(SCTPError) {
            try self.association.handle(bytes.span, at: self.now)
        } catch {
            failure = error
        }
        self.drainEvents()
        return failure
    }

    /// All packets that the association sends now.
    func packets() -> [[UInt8]] {
        var writer = ByteWriter()
        var packets: [[UInt8]] = []
        while self.association.pollTransmit(into: &writer, at: self.now) {
            packets.append(writer.bytes)
        }
        self.drainEvents()
        return packets
    }

    /// The types of all chunks that the association sends now, a list for each packet.
    func chunks() -> [[ChunkType]] { self.packets().map { chunkTypes(of: $0) } }

    /// Lets time pass until the next timeout, which expires.
    func expire() {
        guard let timeout = self.association.nextTimeout else { return }
        self.now = max(self.now, timeout)
        self.association.handleTimeout(at: self.now)
        self.drainEvents()
    }

    func pass(milliseconds: UInt64) {
        self.now = self.now.advanced(byNanoseconds: milliseconds * 1_000_000)
    }

    func drainEvents() {
        while let event = self.association.pollEvent() { self.events.append(event) }
    }

    /// INIT or INIT ACK of this peer.
    func initChunk(cookie: [UInt8] = [], tag: UInt32? = nil, acceptsZeroChecksum: Bool = false) -> InitChunk {
        InitChunk(
            initiateTag: tag ?? self.tag,
            advertisedWindow: self.window,
            outboundStreams: 100,
            inboundStreams: 100,
            initialTSN: self.initialTSN,
            extensions: self.extensions,
            acceptsZeroChecksum: acceptsZeroChecksum,
            stateCookie: cookie
        )
    }

    /// Notes the tag of the association from its INIT or INIT ACK.
    func learn(_ packet: [UInt8]) -> InitChunk? {
        guard let chunk = value(of: [.initiation, .initiationAck], in: packet) else { return nil }
        let isAck = chunkTypes(of: packet) == [.initiationAck]
        guard let parsed = try? InitChunk(parsing: chunk.span, isAck: isAck) else { return nil }
        self.remoteTag = parsed.initiateTag
        self.remoteTSN = parsed.initialTSN
        return parsed
    }

    /// What the association says in the first packet that it sends now.
    func learnNext() throws -> InitChunk {
        let packet = try #require(self.packets().first)
        return try #require(self.learn(packet))
    }

    /// The association begins, and this peer goes along; the packets with which the cookie came back.
    @discardableResult
    func establish(
        cookie: [UInt8] = [UInt8]("dcSCTP00 and more".utf8),
        acceptsZeroChecksum: Bool = false
    ) -> [[UInt8]] {
        self.association.associate(at: self.now)
        for packet in self.packets() { _ = self.learn(packet) }
        self.pass(milliseconds: 50)
        self.deliver {
            $0.initChunk(self.initChunk(cookie: cookie, acceptsZeroChecksum: acceptsZeroChecksum), isAck: true)
        }
        let answer = self.packets()
        self.pass(milliseconds: 50)
        self.deliver { $0.chunk(.cookieAck) }
        return answer
    }

    /// A SACK of this peer.
    func acknowledge(_ count: UInt32, window: UInt32 = 1_000_000, blocks: [GapBlock] = []) {
        let sack = SACKChunk(
            cumulativeTSN: self.remoteTSN.previous.advanced(by: count),
            advertisedWindow: window,
            gapBlocks: blocks
        )
        self.deliver { $0.sackChunk(sack) }
    }

    /// DATA of this peer with the TSN `offset` after the first.
    func data(
        _ offset: UInt32,
        stream: UInt16 = 0,
        ssn: UInt32 = 0,
        _ payload: [UInt8] = [1]
    ) -> (inout ByteWriter) -> Void {
        let header = DataChunkHeader(
            tsn: self.initialTSN.advanced(by: offset),
            stream: StreamID(stream),
            message: ssn,
            protocolID: PayloadProtocolID(53),
            flags: [.begin, .end]
        )
        return { $0.dataChunk(header, payload: payload.span) }
    }

    func send(_ bytes: [UInt8], stream: UInt16 = 0, reliability: Reliability = .reliable) throws {
        try self.association.send(
            bytes,
            stream: StreamID(stream),
            protocolID: PayloadProtocolID(53),
            reliability: reliability,
            at: self.now
        )
    }
}

/// The value of the first chunk of one of these types in a packet.
func value(of types: [ChunkType], in packet: [UInt8]) -> [UInt8]? {
    var reader = ChunkReader()
    while let chunk = try? reader.next(in: packet.span) {
        if types.contains(chunk.type) { return [UInt8](packet[chunk.value]) }
    }
    return nil
}

/// The TSNs of the DATA chunks in packets, as offsets from `first`.
func dataOffsets(in packets: [[UInt8]], from first: TSN) -> [UInt32] {
    var offsets: [UInt32] = []
    for packet in packets {
        var reader = ChunkReader()
        while let chunk = try? reader.next(in: packet.span) {
            guard chunk.type == .data else { continue }
            var bytes = ByteReader(packet.span.extracting(chunk.value))
            guard let tsn = try? bytes.u32() else { continue }
            offsets.append(TSN(tsn).distance(from: first))
        }
    }
    return offsets
}
