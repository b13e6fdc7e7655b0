// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SCTP
import Testing
import Wire

@Suite struct AssociationRecoveryTests {
    /// An association that has ten full packets in flight.
    private func flight(of count: Int = 10) throws -> ScriptedPeer {
        let peer = ScriptedPeer()
        peer.establish()
        try peer.send(pattern(1160 * 1000))
        #expect(peer.packets().count == count)
        return peer
    }

    private func sack(_ peer: ScriptedPeer, _ cumulative: UInt32, _ blocks: [ClosedRange<UInt16>]) {
        peer.acknowledge(cumulative, blocks: blocks.map { GapBlock(start: $0.lowerBound, end: $0.upperBound) })
    }

    @Test func `the third miss retransmits, once, and halves the window`() throws {
        let peer = try self.flight()
        let window = peer.statistics.congestionWindow
        self.sack(peer, 0, [2...2])
        self.sack(peer, 0, [2...3])
        #expect(peer.statistics.retransmissions == 0)
        #expect(!dataOffsets(in: peer.packets(), from: peer.remoteTSN).contains(0))
        self.sack(peer, 0, [2...4])
        let offsets = dataOffsets(in: peer.packets(), from: peer.remoteTSN)
        #expect(offsets.first == 0)
        #expect(peer.statistics.congestionWindow == window / 2)
        self.sack(peer, 0, [2...5])
        self.sack(peer, 0, [2...6])
        self.sack(peer, 0, [2...7])
        #expect(!dataOffsets(in: peer.packets(), from: peer.remoteTSN).contains(0))
        #expect(peer.statistics.retransmissions == 1)
        #expect(peer.statistics.congestionWindow == window / 2)
    }

    @Test func `the first retransmission leaves even if the window is full`() throws {
        let peer = try self.flight()
        for last in 2...4 as ClosedRange<UInt16> { self.sack(peer, 0, [2...last]) }
        // Ten packets less three that arrived and one that was lost are more than half of the window.
        #expect(peer.statistics.bytesInFlight > peer.statistics.congestionWindow)
        #expect(dataOffsets(in: peer.packets(), from: peer.remoteTSN) == [0])
    }

    @Test func `retransmissions ask for an answer at once`() throws {
        let peer = try self.flight()
        for last in 2...4 as ClosedRange<UInt16> { self.sack(peer, 0, [2...last]) }
        let packet = try #require(peer.packets().first)
        #expect(packet[13] & DataFlags.immediate.rawValue != 0)
    }

    @Test func `the last packet of a flight asks for an answer at once, those before do not`() throws {
        let peer = ScriptedPeer()
        peer.establish()
        try peer.send(pattern(1160 * 3))
        let marks = peer.packets().map { $0[13] & DataFlags.immediate.rawValue != 0 }
        #expect(marks == [false, false, true])
    }

    @Test func `the timer counts everything as lost and shrinks the window to one packet`() throws {
        let peer = try self.flight()
        peer.expire()
        #expect(peer.statistics.congestionWindow == 1160)
        #expect(dataOffsets(in: peer.packets(), from: peer.remoteTSN) == [0])
        peer.acknowledge(1)
        // Slow start: two for one.
        #expect(dataOffsets(in: peer.packets(), from: peer.remoteTSN) == [1, 2])
    }

    @Test func `the timer doubles up to three seconds, and starts over once something is acknowledged`() throws {
        let peer = try self.flight()
        var delays: [UInt64] = []
        for _ in 0..<6 {
            let before = peer.now
            peer.expire()
            delays.append((peer.now - before).wholeNanoseconds / 1_000_000)
            _ = peer.packets()
        }
        #expect(delays == [400, 800, 1600, 3000, 3000, 3000])
        #expect(peer.statistics.errorCount == 6)
        peer.acknowledge(1)
        #expect(peer.statistics.errorCount == 0)
        #expect(peer.statistics.retransmissionTimeout == .milliseconds(400))
    }

    @Test func `round-trip times come from chunks that were sent once`() throws {
        let peer = ScriptedPeer()
        peer.establish()
        let before = try #require(peer.statistics.smoothedRoundTrip)
        #expect(before == .milliseconds(50))
        try peer.send([1])
        _ = peer.packets()
        peer.expire()
        _ = peer.packets()
        peer.pass(milliseconds: 1)
        peer.acknowledge(1)
        #expect(peer.statistics.smoothedRoundTrip == before)
        try peer.send([2])
        _ = peer.packets()
        peer.pass(milliseconds: 130)
        peer.acknowledge(2)
        #expect(peer.statistics.smoothedRoundTrip == .milliseconds(60))
    }

    @Test func `an old SACK, and one about data that was never sent, change nothing`() throws {
        let peer = try self.flight()
        self.sack(peer, 5, [])
        _ = peer.packets()
        let before = peer.statistics
        self.sack(peer, 3, [])
        self.sack(peer, 60_000, [])
        self.sack(peer, 5, [2...60_000])
        #expect(peer.statistics == before)
        #expect(peer.packets().isEmpty)
        #expect(peer.isEstablished)
    }

    @Test func `what a full report leaves out is unknown, not thrown away`() throws {
        let peer = try self.flight()
        for round in 1...25 as ClosedRange<UInt32> {
            peer.acknowledge(round * 2)
            _ = peer.packets()
        }
        let flight = peer.statistics.bytesInFlight / 1160
        #expect(flight > 44)
        // Every other packet arrived: 22 runs, of which dcSCTP reports the lowest 20.
        self.sack(peer, 50, (1...20).map { UInt16($0 * 2)...UInt16($0 * 2) } + [42...42, 44...44])
        let known = peer.statistics.bytesInFlight
        self.sack(peer, 50, (1...20).map { UInt16($0 * 2)...UInt16($0 * 2) })
        #expect(peer.statistics.bytesInFlight == known)
        // Fewer runs than the limit are all there is: the peer threw something away.
        self.sack(peer, 50, (1...19).map { UInt16($0 * 2)...UInt16($0 * 2) })
        #expect(peer.statistics.bytesInFlight > known)
    }

    @Test func `reneged data is sent again`() throws {
        let peer = try self.flight()
        self.sack(peer, 0, [2...10])
        self.sack(peer, 1, [])
        var sent = Set<UInt32>()
        for _ in 0..<20 {
            sent.formUnion(dataOffsets(in: peer.packets(), from: peer.remoteTSN).filter { $0 < 10 })
            if sent.count < 9 { peer.expire() }
            peer.acknowledge(UInt32(sent.count) + 1)
        }
        #expect(sent == Set(1...9))
    }

    @Test func `a window of zero is probed with one chunk`() throws {
        let peer = try self.flight()
        peer.acknowledge(10, window: 0)
        #expect(dataOffsets(in: peer.packets(), from: peer.remoteTSN) == [10])
        peer.acknowledge(10, window: 0)
        #expect(peer.packets().isEmpty)
        peer.expire()
        #expect(dataOffsets(in: peer.packets(), from: peer.remoteTSN) == [10])
        peer.acknowledge(11, window: 100_000)
        #expect(!peer.packets().isEmpty)
    }

    @Test func `probing a shut window does not shrink the congestion window`() throws {
        let peer = try self.flight()
        peer.acknowledge(10, window: 0)
        let window = peer.statistics.congestionWindow
        for _ in 0..<5 {
            #expect(peer.packets().count == 1)
            peer.expire()
            peer.acknowledge(10, window: 0)
        }
        #expect(peer.statistics.congestionWindow == window)
    }

    @Test func `a part of the window of dcSCTP stays unused`() throws {
        let peer = ScriptedPeer()
        peer.window = 10_000
        peer.establish()
        try peer.send(pattern(50_000))
        _ = peer.packets()
        #expect(peer.statistics.bytesInFlight <= 8500)
        let other = ScriptedPeer()
        other.window = 10_000
        other.establish(cookie: [1, 2, 3])
        try other.send(pattern(50_000))
        _ = other.packets()
        #expect(other.statistics.bytesInFlight > 8500)
    }

    @Test func `after a pause the window is smaller`() throws {
        let peer = try self.flight()
        var acknowledged: UInt32 = 10
        while acknowledged < 1000 {
            peer.pass(milliseconds: 10)
            peer.acknowledge(acknowledged)
            acknowledged = min(1000, acknowledged + UInt32(dataOffsets(in: peer.packets(), from: peer.remoteTSN).count))
        }
        peer.acknowledge(1000)
        let window = peer.statistics.congestionWindow
        peer.pass(milliseconds: 10_000)
        try peer.send([1])
        #expect(peer.statistics.congestionWindow < window)
        #expect(peer.statistics.congestionWindow >= 10 * 1160)
    }

    @Test func `too many expirations in a row end the association if so configured`() throws {
        var configuration = Association.Configuration()
        configuration.maximumRetransmissions = 3
        let peer = ScriptedPeer(configuration)
        peer.establish()
        try peer.send([1])
        for _ in 0..<4 {
            _ = peer.packets()
            peer.expire()
        }
        #expect(peer.events.last == .aborted(.timedOut))
    }

    @Test func `an idle path is tested, and measured`() throws {
        let pair = AssociationPair()
        pair.establish()
        pair.records = true
        pair.run(milliseconds: 100_000)
        let sent = pair.left.sent.map { chunkTypes(of: $0) }
        #expect(sent.contains([.heartbeat]))
        #expect(sent.contains([.heartbeatAck]))
        #expect(pair.left.statistics.errorCount == 0)
        pair.left.filter = { _ in nil }
        pair.run(milliseconds: 200_000)
        #expect(pair.left.statistics.errorCount > 2)
        pair.left.filter = nil
        pair.run(milliseconds: 50_000)
        #expect(pair.left.statistics.errorCount == 0)
        #expect(pair.left.statistics.smoothedRoundTrip == .milliseconds(20))
    }

    @Test func `an unknown chunk before data is skipped or ends the packet, as its type says`() {
        let peer = ScriptedPeer()
        peer.establish()
        func deliver(_ type: UInt8, _ offset: UInt32) -> Bool {
            peer.deliver {
                $0.chunk(ChunkType(rawValue: type)) { $0.u32(7) }
                peer.data(offset, ssn: offset)(&$0)
            }
            return peer.association.receive() != nil
        }
        #expect(deliver(0xBF, 0))
        #expect(peer.chunks() == [[.sack]])
        #expect(deliver(0xFF, 1))
        #expect(peer.chunks() == [[.sack, .error]])
        #expect(!deliver(0x3F, 2))
        #expect(peer.chunks() == [])
        #expect(!deliver(0x7F, 2))
        #expect(peer.chunks() == [[.error]])
    }

    @Test func `a gap is answered at once`() {
        let peer = ScriptedPeer()
        peer.establish()
        for offset in [0, 1, 3] as [UInt32] {
            peer.deliver(peer.packet { peer.data(offset, ssn: offset)(&$0) })
            #expect(peer.chunks() == [[.sack]])
        }
    }

    @Test func `each of many packets of a batch gets its SACK in the slow start of a browser`() {
        let peer = ScriptedPeer()
        peer.establish()
        for offset in 0..<20 as Range<UInt32> {
            peer.deliver(peer.packet { peer.data(offset, ssn: offset)(&$0) })
        }
        let packets = peer.packets()
        #expect(packets.map { chunkTypes(of: $0) } == [[ChunkType]](repeating: [.sack], count: 20))
        #expect(Set(packets.map(\.count)) == [28])
    }

    @Test func `late and needless timeouts do nothing`() throws {
        let pair = AssociationPair()
        pair.establish()
        pair.records = true
        pair.left.association.handleTimeout(at: pair.now)
        pair.drain()
        #expect(pair.left.sent.isEmpty)
        try pair.send([1], from: pair.left)
        pair.run(milliseconds: 1000)
        let next = pair.left.nextTimeout
        pair.left.association.handleTimeout(at: pair.now)
        pair.left.association.handleTimeout(at: pair.now)
        #expect(pair.left.nextTimeout == next)
        #expect(pair.left.statistics.retransmissions == 0)
    }
}
