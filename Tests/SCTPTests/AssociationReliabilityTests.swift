// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SCTP
import Testing
import Wire

@Suite struct AssociationReliabilityTests {
    @Test func `a message without retransmissions is given up, and the next ones do not wait for it`() throws {
        let pair = AssociationPair()
        pair.establish()
        pair.left.filter = { _ in nil }
        try pair.send([1], from: pair.left, stream: 2, reliability: .retransmits(0))
        pair.left.filter = nil
        for value in 2...5 as ClosedRange<UInt8> {
            try pair.send([value], from: pair.left, stream: 2)
            pair.run(milliseconds: 30)
        }
        pair.run(milliseconds: 5000)
        #expect(pair.right.received == [[2], [3], [4], [5]])
        #expect(pair.left.events.contains(.messageAbandoned(StreamID(2))))
        #expect(pair.left.isIdle)
    }

    @Test func `a message is retransmitted as often as allowed`() throws {
        let peer = ScriptedPeer()
        peer.establish()
        try peer.send([1], reliability: .retransmits(2))
        for _ in 0..<3 {
            #expect(peer.chunks() == [[.data]])
            peer.expire()
        }
        #expect(peer.chunks() == [[.forwardTSN]])
        #expect(peer.events.last == .messageAbandoned(StreamID(0)))
        // FORWARD-TSN is repeated until it is acknowledged.
        peer.expire()
        #expect(peer.chunks() == [[.forwardTSN]])
        peer.acknowledge(1)
        #expect(peer.association.isIdle == true as Bool)
    }

    @Test func `a message whose time is over is given up with all its fragments`() throws {
        let peer = ScriptedPeer()
        peer.establish()
        try peer.send(pattern(30_000), stream: 3, reliability: .lifetime(.milliseconds(100)))
        let sent = dataOffsets(in: peer.packets(), from: peer.remoteTSN)
        #expect(sent.count == 10)
        peer.pass(milliseconds: 150)
        peer.acknowledge(10)
        // All that was sent is acknowledged, but its end was not sent: a placeholder stands for it.
        let packet = try #require(peer.packets().first)
        let bytes = try #require(value(of: [.forwardTSN], in: packet))
        let forward = try ForwardTSNChunk(parsing: bytes.span, interleaved: false)
        #expect(forward.newCumulativeTSN == peer.remoteTSN.advanced(by: 10))
        #expect(forward.skipped == [SkippedMessage(stream: StreamID(3), message: 0)])
        try peer.send([1], stream: 3)
        let next = peer.packets()
        #expect(dataOffsets(in: next, from: peer.remoteTSN) == [11])
    }

    @Test func `a message whose time is over before it was sent leaves no trace`() throws {
        let peer = ScriptedPeer()
        peer.window = 100
        try peer.send([1], reliability: .lifetime(.milliseconds(10)))
        try peer.send([2])
        let packets = peer.establish()
        #expect(dataOffsets(in: packets, from: peer.remoteTSN) == [0])
        #expect(packets.first.flatMap { value(of: [.data], in: $0) }?.last == 2)
        #expect(peer.events.contains(.messageAbandoned(StreamID(0))))
    }

    @Test func `FORWARD-TSN names ordered messages only`() throws {
        let peer = ScriptedPeer()
        peer.establish()
        for isUnordered in [true, false, false] {
            try peer.association.send(
                [1],
                stream: StreamID(isUnordered ? 1 : 2),
                protocolID: PayloadProtocolID(53),
                isUnordered: isUnordered,
                reliability: .retransmits(0),
                at: peer.now
            )
        }
        _ = peer.packets()
        peer.expire()
        let packet = try #require(peer.packets().first)
        let bytes = try #require(value(of: [.forwardTSN], in: packet))
        let forward = try ForwardTSNChunk(parsing: bytes.span, interleaved: false)
        #expect(forward.newCumulativeTSN == peer.remoteTSN.advanced(by: 2))
        #expect(forward.skipped == [SkippedMessage(stream: StreamID(2), message: 1)])
    }

    @Test func `abandoned data makes way for reliable data while the window is shut`() throws {
        let peer = ScriptedPeer()
        peer.establish()
        try peer.send([0])
        _ = peer.packets()
        peer.acknowledge(1, window: 0)
        try peer.send(pattern(1000), stream: 1, reliability: .retransmits(0))
        try peer.send(pattern(1000), stream: 1, reliability: .retransmits(0))
        try peer.send([50], stream: 2)
        #expect(dataOffsets(in: peer.packets(), from: peer.remoteTSN) == [1])
        var offsets: [UInt32] = []
        for _ in 0..<5 where !offsets.contains(2) {
            peer.expire()
            let packets = peer.packets()
            offsets += dataOffsets(in: packets, from: peer.remoteTSN)
            for bytes in packets.compactMap({ value(of: [.forwardTSN], in: $0) }) {
                let forward = try ForwardTSNChunk(parsing: bytes.span, interleaved: false)
                peer.acknowledge(forward.newCumulativeTSN.distance(from: peer.remoteTSN) + 1, window: 0)
            }
            offsets += dataOffsets(in: peer.packets(), from: peer.remoteTSN)
        }
        // Streams take turns: the reliable message is the next one, and is tried again and again.
        #expect(Set(offsets) == [2])
        peer.expire()
        #expect(dataOffsets(in: peer.packets(), from: peer.remoteTSN) == [2])
        peer.expire()
        #expect(dataOffsets(in: peer.packets(), from: peer.remoteTSN) == [2])
    }

    @Test func `toward a peer without FORWARD-TSN everything is reliable`() throws {
        let peer = ScriptedPeer()
        peer.extensions = []
        peer.establish()
        try peer.send([1], reliability: .retransmits(0))
        for _ in 0..<5 {
            #expect(peer.chunks() == [[.data]])
            peer.expire()
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `reliable messages arrive among unreliable ones`(seed: UInt64) throws {
        let pair = AssociationPair(seed: seed)
        pair.establish()
        pair.setLink(jitter: 10_000_000, loss: 150, duplication: 50)
        var random = RandomSource.seeded(seed)
        for index in 0..<100 as Range<UInt8> {
            let size = Int.random(in: 1...4000, using: &random)
            let isUnordered = Bool.random(using: &random)
            let message = [index] + random.bytes(size)
            try pair.send(message, from: pair.left, stream: 1, isUnordered: isUnordered, reliability: .retransmits(0))
            try pair.send([index], from: pair.left, stream: 2)
            try pair.send(message, from: pair.left, stream: 3, reliability: .lifetime(.milliseconds(150)))
            if index % 10 == 0 { pair.run(milliseconds: 40) }
        }
        pair.run(milliseconds: 300_000) { pair.left.isIdle }
        pair.run(milliseconds: 1000)
        #expect(pair.left.isIdle, "seed \(seed)")
        let reliable = pair.right.messages.filter { $0.stream == StreamID(2) }.map(\.bytes)
        #expect(reliable == (0..<100).map { [$0] }, "seed \(seed)")
        for stream in [1, 3] as [UInt16] {
            let ordered = pair.right.messages.filter { $0.stream == StreamID(stream) && !$0.isUnordered }
            #expect(ordered.map { $0.bytes[0] } == ordered.map { $0.bytes[0] }.sorted(), "seed \(seed)")
        }
        #expect(pair.left.events.contains(.messageAbandoned(StreamID(1))), "seed \(seed)")
    }
}
