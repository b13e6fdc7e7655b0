// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SCTP
import Testing
import Wire

@Suite struct AssociationPropertyTests {
    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func `random bytes are refused or ignored`(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        let peer = ScriptedPeer(seed: seed)
        if seed % 2 == 0 { peer.establish() }
        for _ in 0..<50 {
            let size = Int.random(in: 0...200, using: &random)
            #expect(peer.deliver(random.bytes(size)) != nil, "seed \(seed)")
        }
        #expect(peer.packets().isEmpty)
    }

    /// A packet with chunks of random types, flags and values, some of them with lengths that lie.
    private func randomPacket(_ peer: ScriptedPeer, _ random: inout RandomSource) -> [UInt8] {
        let types: [UInt8] = [0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 0x40, 0x82, 0x82, 0x84, 0xC0, 0xC2, 0x7F]
        let tags = [peer.remoteTag, peer.remoteTag, peer.remoteTag, 0, peer.tag]
        let count = Int.random(in: 1...4, using: &random)
        return peer.packet(tag: tags.randomElement(using: &random)) { writer in
            for _ in 0..<count {
                let type = types.randomElement(using: &random) ?? 0
                let flags = UInt8.random(in: 0...255, using: &random)
                let start = (writer.count + 3) & ~3
                writer.chunk(ChunkType(rawValue: type), flags: flags) { writer in
                    if Bool.random(using: &random) {
                        let near = UInt32.random(in: 0...20, using: &random)
                        let base = [peer.initialTSN, peer.remoteTSN].randomElement(using: &random) ?? TSN(0)
                        writer.u32(base.rawValue &+ near &- 5)
                    }
                    writer.array(random.bytes(Int.random(in: 0...60, using: &random)))
                }
                if Int.random(in: 0..<10, using: &random) == 0 {
                    writer.patch(u16: UInt16.random(in: 0...90, using: &random), at: start + 2)
                }
            }
        }
    }

    @Test(arguments: 1...300 as ClosedRange<UInt64>)
    func `random chunks do not trap, and do not pile up`(seed: UInt64) throws {
        var random = RandomSource.seeded(seed)
        let peer = ScriptedPeer(seed: seed)
        peer.establish()
        for round in 0..<60 {
            if peer.isOver { break }
            if round % 7 == 0 {
                do throws(SCTPError) {
                    try peer.association.send(
                        random.bytes(3000),
                        stream: StreamID(1),
                        protocolID: PayloadProtocolID(1),
                        reliability: round % 2 == 0 ? .retransmits(1) : .reliable,
                        at: peer.now
                    )
                } catch {
                    #expect(error == .notOpen || error == .streamIsResetting(StreamID(1)), "seed \(seed)")
                }
            }
            peer.deliver(self.randomPacket(peer, &random))
            if round % 5 == 0 {
                let packets = peer.packets()
                #expect(packets.count < 200, "seed \(seed)")
                #expect(packets.allSatisfy { $0.count <= 1191 }, "seed \(seed)")
            }
            if round % 11 == 0 { peer.expire() }
            _ = peer.association.receive()
        }
    }

    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func `flipped bits under a right checksum do not trap`(seed: UInt64) throws {
        let pair = AssociationPair(seed: seed)
        var random = RandomSource.seeded(seed)
        let flip: ([UInt8]) -> [UInt8]? = { bytes in
            guard Int.random(in: 0..<4, using: &random) == 0 else { return bytes }
            var writer = ByteWriter()
            writer.bytes = bytes
            let index = Int.random(in: 12..<bytes.count, using: &random)
            writer.bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
            writer.patch(u32: 0, at: 8)
            writer.finishPacket()
            return writer.bytes
        }
        pair.establish()
        pair.left.filter = flip
        pair.right.filter = flip
        for index in 0..<20 as Range<UInt16> {
            for end in [pair.left, pair.right] where !end.isOver {
                // A flip may have begun a shutdown or a reset.
                _ = try? end.association.send(
                    pattern(2500),
                    stream: StreamID(index % 3),
                    protocolID: PayloadProtocolID(1),
                    reliability: index % 2 == 0 ? .reliable : .retransmits(1),
                    at: pair.now
                )
            }
            pair.drain()
            pair.run(milliseconds: 50)
        }
        pair.left.filter = nil
        pair.right.filter = nil
        pair.run(milliseconds: 20_000)
        #expect(pair.steps < 100_000, "seed \(seed)")
    }

    @Test func `truncated packets are refused`() throws {
        let peer = ScriptedPeer()
        peer.establish()
        let whole = peer.packet { writer in
            writer.sackChunk(SACKChunk(cumulativeTSN: peer.remoteTSN.previous, advertisedWindow: 5))
            writer.heartbeatChunk(information: [1, 2, 3, 4].span)
            peer.data(0, [1, 2, 3, 4, 5])(&writer)
        }
        for count in whole.indices {
            #expect(peer.deliver([UInt8](whole[..<count])) != nil)
        }
        #expect(peer.deliver(whole) == nil)
    }

    @Test func `heartbeats and errors of the peer do not pile up`() {
        let peer = ScriptedPeer()
        peer.establish()
        for _ in 0..<1000 {
            peer.deliver {
                $0.heartbeatChunk(information: pattern(1000).span)
                $0.chunk(ChunkType(rawValue: 0xFE)) { $0.array(pattern(100)) }
            }
        }
        let packets = peer.packets()
        #expect(packets.count <= 16)
        #expect(packets.allSatisfy { $0.count <= 1191 })
    }
}
