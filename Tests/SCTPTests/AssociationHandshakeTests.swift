// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SCTP
import Testing
import Wire

@Suite struct AssociationHandshakeTests {
    @Test func `both sides begin at once and get one association`() throws {
        let pair = AssociationPair()
        pair.establish()
        #expect(pair.left.events == [.established])
        #expect(pair.right.events == [.established])
        try pair.send([1], from: pair.left)
        try pair.send([2], from: pair.right)
        pair.run(milliseconds: 100)
        #expect(pair.right.received == [[1]])
        #expect(pair.left.received == [[2]])
        #expect(pair.left.isPeerIcetalk == true)
    }

    @Test func `one side alone begins`() throws {
        let pair = AssociationPair()
        pair.left.association.associate(at: pair.now)
        pair.drain()
        pair.run(milliseconds: 100)
        #expect(pair.left.isEstablished && pair.right.isEstablished)
        // Four packets of 10 ms.
        #expect(pair.left.statistics.smoothedRoundTrip == .milliseconds(20))
    }

    @Test func `data travels with the cookie, in its packet alone`() throws {
        let peer = ScriptedPeer()
        for size in [3, 700, 700] { try peer.send(pattern(size)) }
        let packets = peer.establish()
        #expect(packets.map { chunkTypes(of: $0) } == [[.cookieEcho, .data, .data]])
        #expect(dataOffsets(in: packets, from: peer.remoteTSN) == [0, 1])
        // The first fragment that found no room, and what follows it.
        #expect(dataOffsets(in: peer.packets(), from: peer.remoteTSN) == [2])
    }

    @Test func `a cookie that is repeated brings its data again, and a lost one costs no window`() throws {
        let peer = ScriptedPeer()
        try peer.send([1])
        peer.association.associate(at: peer.now)
        _ = try peer.learnNext()
        peer.deliver { $0.initChunk(peer.initChunk(cookie: [9]), isAck: true) }
        let window = peer.statistics.congestionWindow
        // More often than the first packets of an association may follow each other.
        for _ in 0..<15 {
            let packets = peer.packets()
            #expect(packets.map { chunkTypes(of: $0) } == [[.cookieEcho, .data]])
            #expect(dataOffsets(in: packets, from: peer.remoteTSN) == [0])
            peer.expire()
        }
        #expect(peer.chunks() == [[.cookieEcho, .data]])
        peer.deliver { $0.chunk(.cookieAck) }
        peer.acknowledge(1)
        #expect(peer.packets().isEmpty && peer.statistics.congestionWindow >= window)
        #expect(peer.association.isIdle == true as Bool)
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `it comes about through loss, duplication and reordering`(seed: UInt64) throws {
        let pair = AssociationPair(seed: seed)
        pair.setLink(delay: 5_000_000, jitter: 30_000_000, loss: 200, duplication: 200)
        for end in [pair.left, pair.right] { try pair.send([1], from: end) }
        pair.associate()
        pair.run(milliseconds: 120_000) { pair.left.isEstablished && pair.right.isEstablished }
        pair.run(milliseconds: 5000)
        #expect(pair.left.events == [.established], "seed \(seed)")
        #expect(pair.right.events == [.established], "seed \(seed)")
        #expect(pair.left.received == [[1]] && pair.right.received == [[1]], "seed \(seed)")
    }

    @Test func `nothing is kept for an INIT until its cookie comes back`() {
        let peer = ScriptedPeer()
        for index in 0..<10_000 as Range<UInt32> {
            peer.deliver(tag: 0) { $0.initChunk(peer.initChunk(tag: index + 1), isAck: false) }
        }
        #expect(peer.packets().count <= 8)
        #expect(peer.nextTimeout == nil)
        #expect(!peer.isEstablished)
    }

    @Test func `a flood of INITs leaves an association as it is`() throws {
        let peer = ScriptedPeer()
        peer.establish()
        for index in 0..<1000 as Range<UInt32> {
            peer.deliver(tag: 0) { $0.initChunk(peer.initChunk(tag: index + 1), isAck: false) }
        }
        #expect(peer.packets().count <= 8)
        #expect(peer.isEstablished)
        try peer.send([1])
        #expect(peer.chunks() == [[.data]])
    }

    @Test func `a repeated INIT does not reset an established association`() throws {
        let peer = ScriptedPeer()
        peer.deliver(tag: 0) { $0.initChunk(peer.initChunk(), isAck: false) }
        let answer = try peer.learnNext()
        peer.deliver { $0.cookieEchoChunk(answer.stateCookie) }
        #expect(peer.events == [.established])
        #expect(peer.chunks() == [[.cookieAck]])
        let tag = peer.remoteTag
        peer.deliver(tag: 0) { $0.initChunk(peer.initChunk(), isAck: false) }
        let again = try peer.learnNext()
        #expect(again.initiateTag == tag)
        #expect(again.initialTSN == answer.initialTSN)
        peer.deliver { $0.cookieEchoChunk(again.stateCookie) }
        #expect(peer.chunks() == [[.cookieAck]])
        #expect(peer.events == [.established])
    }

    @Test func `a repeated COOKIE ECHO is answered again`() throws {
        let peer = ScriptedPeer()
        peer.deliver(tag: 0) { $0.initChunk(peer.initChunk(), isAck: false) }
        let answer = try peer.learnNext()
        for _ in 0..<3 {
            #expect(peer.deliver { $0.cookieEchoChunk(answer.stateCookie) } == nil)
            #expect(peer.chunks() == [[.cookieAck]])
        }
        #expect(peer.events == [.established])
    }

    @Test func `a peer that lost its state starts anew`() throws {
        let peer = ScriptedPeer()
        peer.establish()
        try peer.send([1])
        #expect(peer.chunks() == [[.data]])
        peer.deliver(tag: 0) { $0.initChunk(peer.initChunk(tag: 0x1234), isAck: false) }
        let answer = try peer.learnNext()
        #expect(peer.events == [.established])
        peer.deliver { $0.cookieEchoChunk(answer.stateCookie) }
        #expect(peer.events == [.established, .restarted, .established])
        #expect(peer.chunks() == [[.cookieAck]])
        try peer.send([2])
        let packets = peer.packets()
        #expect(dataOffsets(in: packets, from: answer.initialTSN) == [0])
        #expect(packets.first.map { [UInt8]($0[4..<8]) } == [0, 0, 0x12, 0x34])
    }

    @Test func `data bundled with COOKIE ECHO is taken`() throws {
        let peer = ScriptedPeer()
        peer.deliver(tag: 0) { $0.initChunk(peer.initChunk(), isAck: false) }
        let answer = try peer.learnNext()
        peer.deliver {
            $0.cookieEchoChunk(answer.stateCookie)
            peer.data(0, [7])(&$0)
        }
        let message = peer.association.receive()
        #expect(message?.bytes == [7])
        #expect(peer.chunks() == [[.cookieAck, .sack]])
    }

    @Test func `a cookie that was altered, or is of another association, is dropped`() throws {
        let peer = ScriptedPeer()
        peer.deliver(tag: 0) { $0.initChunk(peer.initChunk(), isAck: false) }
        let answer = try peer.learnNext()
        for index in answer.stateCookie.indices {
            var cookie = answer.stateCookie
            cookie[index] ^= 1
            #expect(peer.deliver { $0.cookieEchoChunk(cookie) } == .invalidCookie)
        }
        #expect(peer.deliver(tag: 1) { $0.cookieEchoChunk(answer.stateCookie) } == .invalidCookie)
        #expect(peer.deliver { $0.cookieEchoChunk([]) } == .invalidCookie)
        #expect(peer.events.isEmpty)
    }

    @Test func `a cookie that comes back after its lifetime is stale`() throws {
        let peer = ScriptedPeer()
        peer.deliver(tag: 0) { $0.initChunk(peer.initChunk(), isAck: false) }
        let answer = try peer.learnNext()
        peer.pass(milliseconds: 60_001)
        peer.deliver { $0.cookieEchoChunk(answer.stateCookie) }
        #expect(peer.chunks() == [[.error]])
        #expect(peer.events.isEmpty)
    }

    @Test func `a stale cookie of ours begins the handshake again`() {
        let peer = ScriptedPeer()
        peer.association.associate(at: peer.now)
        for packet in peer.packets() { _ = peer.learn(packet) }
        peer.deliver { $0.initChunk(peer.initChunk(cookie: [1, 2, 3]), isAck: true) }
        #expect(peer.chunks() == [[.cookieEcho]])
        peer.deliver { $0.errorChunk([.staleCookie(microseconds: 5)]) }
        #expect(peer.chunks() == [[.initiation]])
    }

    @Test func `INIT is repeated with growing delays, then given up`() {
        var configuration = Association.Configuration()
        configuration.maximumHandshakeAttempts = 5
        let peer = ScriptedPeer(configuration)
        peer.association.associate(roundTrip: .milliseconds(100), at: peer.now)
        var gaps: [UInt64] = []
        while !peer.isOver {
            #expect(peer.chunks() == [[.initiation]])
            let before = peer.now
            peer.expire()
            gaps.append((peer.now - before).wholeNanoseconds / 1_000_000)
        }
        #expect(gaps == [300, 600, 1200, 2400, 3000])
        #expect(peer.events == [.aborted(.timedOut)])
        #expect(peer.packets().isEmpty)
        #expect(peer.nextTimeout == nil)
    }

    @Test func `data while COOKIE ACK is missing stands for it`() {
        let peer = ScriptedPeer()
        peer.association.associate(at: peer.now)
        for packet in peer.packets() { _ = peer.learn(packet) }
        peer.deliver { $0.initChunk(peer.initChunk(cookie: [1, 2, 3]), isAck: true) }
        _ = peer.packets()
        peer.deliver(peer.packet { peer.data(0, [5])(&$0) })
        #expect(peer.events == [.established])
        let message = peer.association.receive()
        #expect(message?.bytes == [5])
    }

    @Test func `FORWARD-TSN before the handshake is over does no harm`() {
        let peer = ScriptedPeer()
        peer.association.associate(at: peer.now)
        for packet in peer.packets() { _ = peer.learn(packet) }
        let forward = ForwardTSNChunk(newCumulativeTSN: peer.initialTSN, skipped: [])
        peer.deliver { $0.forwardTSNChunk(forward) }
        peer.deliver { $0.initChunk(peer.initChunk(cookie: [1]), isAck: true) }
        peer.deliver { $0.forwardTSNChunk(forward) }
        peer.deliver { $0.chunk(.cookieAck) }
        #expect(peer.events == [.established])
    }

    @Test func `packets with other tags or ports are dropped`() {
        let peer = ScriptedPeer()
        peer.establish()
        let wrong = peer.remoteTag &+ 1
        #expect(peer.deliver(tag: wrong) { $0.chunk(.cookieAck) } == .wrongVerificationTag(wrong))
        #expect(peer.deliver(tag: wrong) { $0.abortChunk([]) } == .wrongVerificationTag(wrong))
        // The T bit stands for the tag of the peer, not for any.
        #expect(peer.deliver { $0.abortChunk([], reflectsTag: true) } == .wrongVerificationTag(peer.remoteTag))
        #expect(peer.deliver(tag: 5) { $0.initChunk(peer.initChunk(), isAck: false) } == .wrongVerificationTag(5))
        var bytes = peer.packet { $0.chunk(.cookieAck) }
        bytes[0] = 1
        #expect(peer.deliver(bytes) == .malformed(.checksum))
        #expect(peer.isEstablished)
        #expect(peer.statistics.droppedPackets == 5)
    }

    @Test func `an ABORT with the reflected tag ends the association`() {
        let peer = ScriptedPeer()
        peer.establish()
        peer.deliver(tag: peer.tag) { $0.abortChunk([], reflectsTag: true) }
        #expect(peer.events.last == .aborted(.peer([])))
    }

    @Test func `INIT with other chunks is dropped`() {
        let peer = ScriptedPeer()
        let failure = peer.deliver(tag: 0) {
            $0.initChunk(peer.initChunk(), isAck: false)
            $0.chunk(.cookieAck)
        }
        #expect(failure == .unexpectedChunk(.initiation))
        #expect(peer.packets().isEmpty)
    }

    @Test func `the zero checksum parameter is dropped from later INITs`() throws {
        var configuration = Association.Configuration()
        configuration.usesZeroChecksum = true
        let peer = ScriptedPeer(configuration)
        peer.association.associate(at: peer.now)
        let first = try peer.learnNext()
        #expect(first.acceptsZeroChecksum)
        peer.expire()
        let second = try peer.learnNext()
        #expect(!second.acceptsZeroChecksum)
        #expect(second.initiateTag == first.initiateTag)
    }

    @Test func `an ABORT of an INIT with the zero checksum parameter is answered with one without`() throws {
        var configuration = Association.Configuration()
        configuration.usesZeroChecksum = true
        let peer = ScriptedPeer(configuration)
        peer.association.associate(at: peer.now)
        _ = try peer.learnNext()
        peer.deliver { $0.abortChunk([]) }
        let second = try peer.learnNext()
        #expect(!second.acceptsZeroChecksum)
        #expect(peer.events.isEmpty)
        peer.deliver { $0.abortChunk([]) }
        #expect(peer.events == [.aborted(.peer([]))])
    }

    @Test func `the checksum is left out only toward a peer that said so`() throws {
        var configuration = Association.Configuration()
        configuration.usesZeroChecksum = true
        let peer = ScriptedPeer(configuration)
        peer.establish(acceptsZeroChecksum: true)
        try peer.send([1])
        let packet = try #require(peer.packets().first)
        #expect([UInt8](packet[8..<12]) == [0, 0, 0, 0])
        #expect(peer.deliver(peer.packet(zeroChecksum: true) { peer.data(0)(&$0) }) == nil)

        let other = ScriptedPeer(configuration)
        other.establish()
        try other.send([1])
        let checked = try #require(other.packets().first)
        #expect([UInt8](checked[8..<12]) != [0, 0, 0, 0])
        // This side declared it all the same.
        #expect(other.deliver(other.packet(zeroChecksum: true) { other.data(0)(&$0) }) == nil)

        let plain = ScriptedPeer()
        plain.establish(acceptsZeroChecksum: true)
        #expect(plain.deliver(plain.packet(zeroChecksum: true) { plain.data(0)(&$0) }) == .malformed(.checksum))
    }

    @Test func `window and streams come from the INIT of the peer`() throws {
        let peer = ScriptedPeer()
        peer.window = 1234
        peer.deliver(tag: 0) { $0.initChunk(peer.initChunk(), isAck: false) }
        let answer = try peer.learnNext()
        peer.deliver { $0.cookieEchoChunk(answer.stateCookie) }
        #expect(peer.statistics.peerWindow == 1234)
        #expect(peer.statistics.slowStartThreshold == 4 * 1160)
        let streams = peer.association.outboundStreams
        #expect(streams == 100)
    }
}
