// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SCTP
import Testing
import Wire

@Suite struct AssociationShutdownTests {
    @Test func `a shutdown delivers what was sent before`() throws {
        let pair = AssociationPair()
        pair.establish()
        try pair.send(pattern(100_000), from: pair.left)
        try pair.send(pattern(50_000), from: pair.right)
        pair.left.association.shutdown(at: pair.now)
        #expect(throws: SCTPError.notOpen) { try pair.send([1], from: pair.left) }
        pair.run(milliseconds: 10_000)
        #expect(pair.right.received == [pattern(100_000)])
        #expect(pair.left.received == [pattern(50_000)])
        #expect(pair.left.events.last == .shutdownComplete)
        #expect(pair.right.events.last == .shutdownComplete)
        #expect(pair.left.nextTimeout == nil && pair.right.nextTimeout == nil)
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `both sides shut down at once, through loss`(seed: UInt64) throws {
        let pair = AssociationPair(seed: seed)
        pair.establish()
        pair.setLink(jitter: 10_000_000, loss: 200, duplication: 100)
        try pair.send(pattern(20_000), from: pair.left)
        try pair.send(pattern(20_000), from: pair.right)
        pair.left.association.shutdown(at: pair.now)
        if seed % 2 == 0 { pair.right.association.shutdown(at: pair.now) }
        pair.drain()
        pair.run(milliseconds: 1_000_000) { pair.left.isOver && pair.right.isOver }
        #expect(pair.right.received == [pattern(20_000)], "seed \(seed)")
        #expect(pair.left.received == [pattern(20_000)], "seed \(seed)")
        #expect(pair.left.events.last == .shutdownComplete, "seed \(seed)")
        #expect(pair.right.events.last == .shutdownComplete, "seed \(seed)")
    }

    @Test func `data in SHUTDOWN-SENT is answered with SHUTDOWN`() {
        let peer = ScriptedPeer()
        peer.establish()
        peer.association.shutdown(at: peer.now)
        #expect(peer.chunks() == [[.shutdown]])
        peer.deliver(peer.packet { peer.data(0)(&$0) })
        #expect(peer.chunks() == [[.sack, .shutdown]])
        peer.deliver { $0.chunk(.shutdownAck) }
        #expect(peer.chunks() == [[.shutdownComplete]])
        #expect(peer.events.last == .shutdownComplete)
    }

    @Test func `SHUTDOWN is repeated until the guard expires`() {
        let peer = ScriptedPeer()
        peer.establish()
        let start = peer.now
        peer.association.shutdown(at: peer.now)
        var count = 0
        while !peer.isOver, count < 1000 {
            _ = peer.packets()
            peer.expire()
            count += 1
        }
        #expect(peer.events.last == .aborted(.timedOut))
        #expect(peer.now - start == .seconds(300))
        #expect(peer.chunks() == [[.abort]])
    }

    @Test func `SHUTDOWN ACK without an association is answered with the reflected tag`() throws {
        let peer = ScriptedPeer()
        peer.deliver(tag: 77) { $0.chunk(.shutdownAck) }
        let packet = try #require(peer.packets().first)
        #expect([UInt8](packet[4...7]) == [0, 0, 0, 77])
        #expect([UInt8](packet[12...15]) == [14, 1, 0, 4])
    }

    @Test func `INIT in SHUTDOWN-ACK-SENT repeats SHUTDOWN ACK`() {
        let peer = ScriptedPeer()
        peer.establish()
        peer.deliver { $0.shutdownChunk(ShutdownChunk(cumulativeTSN: peer.remoteTSN.previous)) }
        #expect(peer.chunks() == [[.shutdownAck]])
        peer.deliver(tag: 0) { $0.initChunk(peer.initChunk(tag: 9), isAck: false) }
        #expect(peer.chunks() == [[.shutdownAck]])
        peer.deliver { $0.shutdownCompleteChunk() }
        #expect(peer.events.last == .shutdownComplete)
    }

    @Test func `an ABORT leaves at once and alone`() throws {
        let pair = AssociationPair()
        pair.establish()
        try pair.left.association.send(
            pattern(5000),
            stream: StreamID(0),
            protocolID: PayloadProtocolID(53),
            at: pair.now
        )
        pair.left.association.abort(reason: "Close called")
        pair.records = true
        pair.drain()
        #expect(pair.left.sent.map { chunkTypes(of: $0) } == [[.abort]])
        pair.run(milliseconds: 100)
        let cause = ErrorCause(.userInitiatedAbort, reason: "Close called")
        #expect(pair.left.events.last == .aborted(.local))
        #expect(pair.right.events.last == .aborted(.peer([cause])))
        #expect(pair.right.nextTimeout == nil)
        #expect(throws: SCTPError.notOpen) { try pair.send([1], from: pair.right) }
    }

    @Test func `a shutdown before the handshake ends at once`() {
        let peer = ScriptedPeer()
        peer.association.associate(at: peer.now)
        peer.association.shutdown(at: peer.now)
        #expect(peer.packets().isEmpty)
        peer.drainEvents()
        #expect(peer.events == [.shutdownComplete])
    }

    @Test func `DATA without user data aborts the association`() {
        let peer = ScriptedPeer()
        peer.establish()
        peer.deliver {
            $0.chunk(.data, flags: 3) { writer in
                writer.u32(peer.initialTSN.rawValue)
                writer.u64(0)
            }
        }
        #expect(peer.events.last == .aborted(.protocolViolation))
        #expect(peer.chunks() == [[.abort]])
    }
}
