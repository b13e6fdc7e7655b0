// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SCTP
import Testing
import Wire

@Suite struct AssociationResetTests {
    @Test func `a stream is reset both ways and used again from its first number`() throws {
        let pair = AssociationPair()
        pair.establish()
        for round in 0..<3 as Range<UInt8> {
            try pair.send([round, 1], from: pair.left, stream: 5)
            try pair.send([round, 2], from: pair.left, stream: 5)
            try pair.send([round, 3], from: pair.right, stream: 5)
            pair.run(milliseconds: 500)
            pair.left.events = []
            pair.right.events = []
            try pair.left.association.resetStreams([StreamID(5)], at: pair.now)
            try pair.right.association.resetStreams([StreamID(5)], at: pair.now)
            pair.drain()
            #expect(throws: SCTPError.streamIsResetting(StreamID(5))) {
                try pair.send([9], from: pair.left, stream: 5)
            }
            pair.run(milliseconds: 500)
            let expected: Set<Association.Event> = [
                .incomingStreamsReset([StreamID(5)]), .outgoingStreamsReset([StreamID(5)]),
            ]
            #expect(Set(pair.left.events) == expected)
            #expect(Set(pair.right.events) == expected)
        }
        #expect(pair.right.received == [[0, 1], [0, 2], [1, 1], [1, 2], [2, 1], [2, 2]])
        #expect(pair.left.received == [[0, 3], [1, 3], [2, 3]])
    }

    @Test(arguments: 1...15 as ClosedRange<UInt64>)
    func `a reset waits for the data of its stream and comes through loss`(seed: UInt64) throws {
        let pair = AssociationPair(seed: seed)
        pair.establish()
        pair.setLink(jitter: 8_000_000, loss: 200, duplication: 100)
        for index in 0..<20 as Range<UInt8> {
            try pair.send([index] + pattern(3000), from: pair.left, stream: 1)
        }
        try pair.left.association.resetStreams([StreamID(1), StreamID(2)], at: pair.now)
        pair.drain()
        let streams = [StreamID(1), StreamID(2)]
        pair.run(milliseconds: 600_000) {
            pair.left.events.contains(.outgoingStreamsReset([streams[0]]))
                || pair.left.events.contains(.outgoingStreamsReset(streams))
        }
        #expect(pair.right.messages.count == 20, "seed \(seed)")
        try pair.send([99], from: pair.left, stream: 1)
        pair.run(milliseconds: 60_000) { pair.right.messages.count == 21 }
        #expect(pair.right.received.last == [99], "seed \(seed)")
    }

    @Test func `a reset asked for before the handshake is done after it`() throws {
        let pair = AssociationPair()
        try pair.left.association.resetStreams([StreamID(3)], at: pair.now)
        pair.establish()
        pair.run(milliseconds: 1000)
        #expect(pair.left.events.contains(.outgoingStreamsReset([StreamID(3)])))
        #expect(pair.right.events.contains(.incomingStreamsReset([StreamID(3)])))
    }

    @Test func `a peer without RE-CONFIG is not asked`() throws {
        let peer = ScriptedPeer()
        peer.extensions = []
        try peer.association.resetStreams([StreamID(1)], at: peer.now)
        peer.establish()
        #expect(peer.events.contains(.outgoingResetDenied([StreamID(1)])))
        #expect(throws: SCTPError.resetsUnsupported) {
            try peer.association.resetStreams([StreamID(1)], at: peer.now)
        }
        #expect(peer.chunks().isEmpty)
    }

    private func reset(_ offset: UInt32, lastTSN: TSN, _ peer: ScriptedPeer, streams: [StreamID]) -> ReconfigParameter {
        .outgoingReset(
            request: ReconfigSequence(peer.initialTSN.rawValue + offset),
            response: ReconfigSequence(0),
            lastTSN: lastTSN,
            streams: streams
        )
    }

    /// The results in the answers that the association sends now.
    private func results(_ peer: ScriptedPeer) throws -> [UInt32] {
        try peer.packets().compactMap { value(of: [.reconfig], in: $0) }.flatMap { bytes in
            try ReconfigChunk(parsing: bytes.span).parameters.compactMap { parameter in
                if case .response(_, let result, _, _) = parameter { result } else { nil }
            }
        }
    }

    @Test func `a request for data that is missing is in progress until it is there`() throws {
        let peer = ScriptedPeer()
        peer.establish()
        let request = self.reset(0, lastTSN: peer.initialTSN, peer, streams: [StreamID(4)])
        peer.deliver { $0.reconfigChunk(ReconfigChunk([request])) }
        #expect(try self.results(peer) == [6])
        peer.deliver { $0.reconfigChunk(ReconfigChunk([request])) }
        #expect(try self.results(peer) == [6])
        peer.deliver(peer.packet { peer.data(0, stream: 4)(&$0) })
        #expect(try self.results(peer) == [1])
        #expect(peer.events.last == .incomingStreamsReset([StreamID(4)]))
        // Its answer was lost: it is given again, and nothing is reset again.
        let count = peer.events.count
        peer.deliver { $0.reconfigChunk(ReconfigChunk([request])) }
        #expect(try self.results(peer) == [1])
        #expect(peer.events.count == count)
    }

    @Test func `requests out of number are refused, others denied`() throws {
        let peer = ScriptedPeer()
        peer.establish()
        let early = self.reset(7, lastTSN: peer.initialTSN.previous, peer, streams: [])
        peer.deliver { $0.reconfigChunk(ReconfigChunk([early])) }
        #expect(try self.results(peer) == [5])
        let number = ReconfigSequence(peer.initialTSN.rawValue)
        peer.deliver { $0.reconfigChunk(ReconfigChunk([.addOutgoingStreams(request: number, count: 5)])) }
        #expect(try self.results(peer) == [2])
        peer.deliver { $0.reconfigChunk(ReconfigChunk([.associationReset(request: number.next)])) }
        #expect(try self.results(peer) == [2])
        let all = self.reset(2, lastTSN: peer.initialTSN.previous, peer, streams: [])
        peer.deliver { $0.reconfigChunk(ReconfigChunk([all])) }
        #expect(try self.results(peer) == [1])
        #expect(peer.events.last == .incomingStreamsReset([]))
    }

    @Test func `flags of RE-CONFIG mean nothing`() throws {
        let peer = ScriptedPeer()
        peer.establish()
        let request = self.reset(0, lastTSN: peer.initialTSN.previous, peer, streams: [StreamID(4)])
        var writer = ByteWriter()
        writer.reconfigChunk(ReconfigChunk([request]))
        writer.bytes[1] = 0xFF
        peer.deliver { $0.array(writer.bytes) }
        #expect(try self.results(peer) == [1])
    }

    @Test func `a request is repeated, also while the peer says that it is in progress`() throws {
        let peer = ScriptedPeer()
        peer.establish()
        try peer.association.resetStreams([StreamID(1)], at: peer.now)
        #expect(peer.chunks() == [[.reconfig]])
        peer.expire()
        #expect(peer.chunks() == [[.reconfig]])
        let number = ReconfigSequence(peer.remoteTSN.rawValue)
        func answer(_ result: UInt32) {
            let response = ReconfigParameter.response(
                to: number,
                result: result,
                senderNextTSN: nil,
                receiverNextTSN: nil
            )
            peer.deliver { $0.reconfigChunk(ReconfigChunk([response])) }
        }
        answer(6)
        #expect(peer.events == [.established])
        peer.expire()
        #expect(peer.chunks() == [[.reconfig]])
        answer(1)
        #expect(peer.events == [.established, .outgoingStreamsReset([StreamID(1)])])
        answer(1)
        #expect(peer.events.count == 2)
    }

    @Test func `only one request is under way at a time`() throws {
        let peer = ScriptedPeer()
        peer.establish()
        try peer.association.resetStreams([StreamID(1)], at: peer.now)
        try peer.association.resetStreams([StreamID(2), StreamID(3)], at: peer.now)
        #expect(peer.chunks() == [[.reconfig]])
        #expect(peer.chunks().isEmpty)
        let number = ReconfigSequence(peer.remoteTSN.rawValue)
        let response = ReconfigParameter.response(to: number, result: 2, senderNextTSN: nil, receiverNextTSN: nil)
        peer.deliver { $0.reconfigChunk(ReconfigChunk([response])) }
        #expect(peer.events.last == .outgoingResetDenied([StreamID(1)]))
        #expect(peer.chunks() == [[.reconfig]])
    }
}
