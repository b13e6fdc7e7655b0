// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DataChannels
import SCTP
import Testing
import Wire

@Suite struct DataChannelSetTests {
    @Test func `a channel opens on both sides and carries messages`() throws {
        let pair = ChannelPair()
        let parameters = DataChannelParameters(label: "icetalk", protocolName: "icetalk.v1")
        let mine = try pair.client.open(parameters)
        pair.pump()
        #expect(pair.client.drainEvents() == [.opened(mine, by: .local)])
        guard case .opened(let theirs, .remote)? = pair.server.drainEvents().first else {
            Issue.record("the other side has no channel")
            return
        }
        #expect(pair.server.parameters(of: theirs) == parameters)
        #expect(pair.client.stream(of: mine) == 0)
        try pair.client.send("hé", over: mine)
        try pair.client.send("", over: mine)
        try pair.server.send(binary: [1, 2], over: theirs)
        try pair.server.send(binary: [], over: theirs)
        pair.pump()
        #expect(
            pair.server.drainEvents() == [.message(theirs, .text, Array("hé".utf8)), .message(theirs, .text, [])]
        )
        #expect(pair.client.drainEvents() == [.message(mine, .binary, [1, 2]), .message(mine, .binary, [])])
    }

    @Test func `the DTLS client takes even streams, the server odd ones`() throws {
        let pair = ChannelPair()
        let even = try (0..<3).map { _ in try pair.client.open(DataChannelParameters(label: "")) }
        let odd = try (0..<3).map { _ in try pair.server.open(DataChannelParameters(label: "")) }
        pair.pump()
        #expect(even.map { pair.client.stream(of: $0) } == [0, 2, 4])
        #expect(odd.map { pair.server.stream(of: $0) } == [1, 3, 5])
    }

    @Test func `channels wait for the association, and what is sent on them waits with them`() throws {
        let end = ChannelEnd(isDTLSClient: false)
        let id = try end.open(DataChannelParameters(label: "early"))
        #expect(end.stream(of: id) == nil)
        try end.send("x", over: id)
        try end.send("yz", over: id)
        #expect(end.transport.sent.isEmpty && end.bufferedAmount(of: id) == 3)
        end.establish()
        #expect(end.stream(of: id) == 1)
        #expect(end.transport.sent.map(\.protocolID.rawValue) == [50, 51, 51])
    }

    @Test func `until the acknowledgement messages are in order, and DCEP always is`() throws {
        let pair = ChannelPair()
        let unreliable = DataChannelParameters(label: "u", isOrdered: false, reliability: .retransmits(0))
        let id = try pair.client.open(unreliable)
        try pair.client.send("before", over: id)
        let early = pair.client.transport.sent
        #expect(early.map(\.isUnordered) == [false, false])
        #expect(early.map(\.reliability) == [.reliable, .retransmits(0)])
        pair.client.receive([2], protocolID: 50, stream: 0)
        try pair.client.send("after", over: id)
        #expect(pair.client.transport.sent.last?.isUnordered == true)
        pair.server.receive(early[0].bytes, protocolID: 50, stream: 0)
        let acknowledgement = try #require(pair.server.transport.sent.first)
        #expect(acknowledgement.bytes == [2])
        #expect(!acknowledgement.isUnordered)
        #expect(acknowledgement.reliability == .reliable)
    }

    @Test func `data says as much as an acknowledgement`() throws {
        let pair = ChannelPair()
        let id = try pair.client.open(DataChannelParameters(label: ""))
        pair.client.receive([65], protocolID: 51, stream: 0)
        pair.client.receive([2], protocolID: 50, stream: 0)
        #expect(pair.client.drainEvents() == [.opened(id, by: .local), .message(id, .text, [65])])
    }

    @Test func `a closed channel gives its stream back when both directions are done`() throws {
        let pair = ChannelPair()
        let id = try pair.client.open(DataChannelParameters(label: "one"))
        pair.pump()
        _ = pair.client.drainEvents()
        let theirs = try #require(pair.server.channels.identifiers.first)
        _ = pair.server.drainEvents()
        pair.client.close(id)
        #expect(pair.client.transport.resets == [StreamID(0)])
        #expect(throws: DataChannelError.notOpen) { try pair.client.send("x", over: id) }
        let second = try pair.client.open(DataChannelParameters(label: "two"))
        #expect(pair.client.stream(of: second) == 2)
        pair.client.channels.outgoingStreamsReset([StreamID(0)])
        #expect(pair.client.drainEvents() == [.opened(second, by: .local)])
        let third = try pair.client.open(DataChannelParameters(label: "three"))
        #expect(pair.client.stream(of: third) == 4)
        pair.pump()
        #expect(pair.client.drainEvents().contains(.closed(id, .closed(by: .local))))
        #expect(pair.server.drainEvents().contains(.closed(theirs, .closed(by: .remote))))
        let fourth = try pair.client.open(DataChannelParameters(label: "four"))
        #expect(pair.client.stream(of: fourth) == 0)
        pair.pump()
        #expect(pair.client.drainEvents() == [.opened(fourth, by: .local)])
    }

    @Test func `what was sent before the other side closed is delivered, even if it is read later`() throws {
        let pair = ChannelPair()
        let mine = try pair.client.open(DataChannelParameters(label: ""))
        pair.pump()
        _ = pair.client.drainEvents()
        pair.client.receiveReset([0])
        pair.client.receive([65], protocolID: 51, stream: 0)
        #expect(pair.client.drainEvents() == [.message(mine, .text, [65])])
        pair.client.channels.outgoingStreamsReset([StreamID(0)])
        #expect(pair.client.drainEvents() == [.closed(mine, .closed(by: .remote))])
    }

    @Test func `both sides may close at once, and all streams may be reset`() throws {
        let pair = ChannelPair()
        let first = try pair.client.open(DataChannelParameters(label: ""))
        let second = try pair.client.open(DataChannelParameters(label: ""))
        pair.pump()
        for id in pair.server.channels.identifiers { pair.server.close(id) }
        pair.client.close(first)
        pair.pump()
        let closed = pair.client.drainEvents().suffix(2)
        #expect(Set(closed) == [.closed(first, .closed(by: .local)), .closed(second, .closed(by: .remote))])
        #expect(pair.server.channels.identifiers.isEmpty)
        let third = try pair.client.open(DataChannelParameters(label: ""))
        pair.pump()
        pair.client.receiveReset([])
        #expect(pair.client.transport.resets == [StreamID(0)])
        pair.client.channels.outgoingStreamsReset([StreamID(0)])
        #expect(pair.client.drainEvents().last == .closed(third, .closed(by: .remote)))
    }

    @Test func `a peer without resets costs the stream, nothing more`() throws {
        let pair = ChannelPair()
        let first = try pair.client.open(DataChannelParameters(label: ""))
        pair.client.transport.refusesResets = true
        pair.client.close(first)
        #expect(pair.client.drainEvents() == [.opened(first, by: .local), .closed(first, .closed(by: .local))])
        pair.client.transport.refusesResets = false
        let second = try pair.client.open(DataChannelParameters(label: ""))
        #expect(pair.client.stream(of: second) == 2)
        pair.client.close(second)
        pair.client.channels.outgoingResetDenied([StreamID(2)])
        #expect(pair.client.drainEvents() == [.opened(second, by: .local), .closed(second, .closed(by: .local))])
        #expect(pair.client.stream(of: try pair.client.open(DataChannelParameters(label: ""))) == 4)
    }

    @Test func `two OPENs on one stream close it`() throws {
        let pair = ChannelPair()
        let open = EstablishmentMessage.open(DataChannelParameters(label: "x")).bytes
        pair.server.receive(open, protocolID: 50, stream: 0)
        let id = try #require(pair.server.channels.identifiers.first)
        pair.server.receive(open, protocolID: 50, stream: 0)
        #expect(pair.server.transport.resets == [StreamID(0)])
        pair.server.receiveReset([0])
        pair.server.channels.outgoingStreamsReset([StreamID(0)])
        #expect(pair.server.drainEvents() == [.opened(id, by: .remote), .closed(id, .protocolViolation)])
    }

    @Test(arguments: ["", "03", "0303000000000000000000000000", "09"])
    func `what is no OPEN resets the stream silently`(
        hex: String
    ) {
        let pair = ChannelPair()
        pair.server.receive(bytes(hex: hex), protocolID: 50, stream: 6)
        #expect(pair.server.transport.resets == [StreamID(6)])
        pair.server.channels.outgoingStreamsReset([StreamID(6)])
        pair.server.receiveReset([6])
        #expect(pair.server.drainEvents().isEmpty)
        #expect(pair.server.channels.identifiers.isEmpty)
    }

    @Test func `an acknowledgement that nobody waits for is ignored`() {
        let pair = ChannelPair()
        pair.server.receive([2], protocolID: 50, stream: 4)
        #expect(pair.server.transport.resets.isEmpty)
        #expect(pair.server.drainEvents().isEmpty)
    }

    @Test func `a negotiated channel needs no words, and gets what came before it`() throws {
        let pair = ChannelPair()
        pair.client.receive([65], protocolID: 51, stream: 7)
        let id = try pair.client.open(DataChannelParameters(label: "n", negotiatedStream: StreamID(7)))
        #expect(pair.client.drainEvents() == [.opened(id, by: .local), .message(id, .text, [65])])
        #expect(pair.client.transport.sent.isEmpty)
        #expect(throws: DataChannelError.streamUnavailable(StreamID(7))) {
            try pair.client.open(DataChannelParameters(label: "n", negotiatedStream: StreamID(7)))
        }
        #expect(throws: DataChannelError.streamUnavailable(StreamID(.max))) {
            try pair.client.open(DataChannelParameters(label: "n", negotiatedStream: StreamID(.max)))
        }
    }

    @Test func `messages without a channel wait within limits`() {
        let pair = ChannelPair()
        for _ in 0..<300 { pair.client.receive([65], protocolID: 51, stream: 7) }
        #expect(pair.client.transport.resets == [StreamID(7)])
        pair.client.receive([UInt8](repeating: 0, count: 1 << 20), protocolID: 53, stream: 9)
        #expect(pair.client.transport.resets == [StreamID(7)])
        pair.client.receive([0], protocolID: 53, stream: 9)
        #expect(pair.client.transport.resets == [StreamID(7), StreamID(9)])
    }

    @Test func `a channel more than the peer has streams fails alone`() throws {
        let pair = ChannelPair()
        pair.client.transport.inboundStreams = 4
        let ids = try (0..<3).map { _ in try pair.client.open(DataChannelParameters(label: "")) }
        pair.pump()
        #expect(
            pair.client.drainEvents() == [
                .opened(ids[0], by: .local), .opened(ids[1], by: .local), .closed(ids[2], .noStream),
            ]
        )
    }

    @Test func `the peer opens no more channels than there may be`() {
        let pair = ChannelPair()
        let open = EstablishmentMessage.open(DataChannelParameters(label: "x")).bytes
        for stream in 0..<(DataChannelSet.maximumChannels + 1) {
            pair.server.receive(open, protocolID: 50, stream: UInt16(stream))
        }
        #expect(pair.server.transport.resets == [StreamID(UInt16(DataChannelSet.maximumChannels))])
        #expect(pair.server.drainEvents().count == DataChannelSet.maximumChannels)
        #expect(throws: DataChannelError.tooManyChannels) {
            try pair.server.open(DataChannelParameters(label: "x"))
        }
        let long = String(repeating: "x", count: DataChannelSet.maximumNameLength + 1)
        pair.client.receive(
            EstablishmentMessage.open(DataChannelParameters(label: long)).bytes,
            protocolID: 50,
            stream: 1
        )
        #expect(pair.client.transport.resets == [StreamID(1)])
    }

    @Test func `the caller's mistakes are told apart`() throws {
        let pair = ChannelPair()
        let id = try pair.client.open(DataChannelParameters(label: ""))
        pair.pump()
        #expect(throws: DataChannelError.messageTooLarge(count: 1_001, limit: 1_000)) {
            try pair.client.send(binary: [UInt8](repeating: 0, count: 1_001), over: id)
        }
        try pair.client.send(binary: [UInt8](repeating: 0, count: 1_000), over: id)
        #expect(throws: DataChannelError.noSuchChannel) {
            try pair.client.send("x", over: DataChannelID(rawValue: 99))
        }
        #expect(throws: DataChannelError.nameTooLong(65_536)) {
            try pair.client.open(DataChannelParameters(label: String(repeating: "x", count: 65_536)))
        }
    }

    @Test func `a channel that the peer used and closed before anything was read opens, speaks and closes`() throws {
        let end = ChannelEnd(isDTLSClient: true)
        end.establish()
        let id = try end.open(DataChannelParameters(label: "l"))
        end.receiveReset([0])
        end.receive(Array("hi".utf8), protocolID: 51, stream: 0)
        end.receive(Array("ho".utf8), protocolID: 51, stream: 0)
        end.channels.outgoingStreamsReset([StreamID(0)])
        let events = end.drainEvents()
        #expect(
            events == [
                .opened(id, by: .local), .message(id, .text, Array("hi".utf8)), .message(id, .text, Array("ho".utf8)),
                .closed(id, .closed(by: .remote)),
            ]
        )
    }

    @Test func `an emptied buffer is told once`() throws {
        let pair = ChannelPair()
        let id = try pair.client.open(DataChannelParameters(label: ""))
        pair.pump()
        _ = pair.client.drainEvents()
        pair.client.channels.setLowThreshold(100, of: id)
        pair.client.transport.buffered[StreamID(0)] = 500
        try pair.client.send("x", over: id)
        try pair.client.send("y", over: id)
        pair.client.channels.noteProgress(on: pair.client.transport)
        #expect(pair.client.drainEvents().isEmpty)
        pair.client.transport.buffered[StreamID(0)] = 100
        pair.client.channels.noteProgress(on: pair.client.transport)
        pair.client.channels.noteProgress(on: pair.client.transport)
        #expect(pair.client.drainEvents() == [.bufferedAmountLow(id)])
        let amount = pair.client.channels.bufferedAmount(of: id, on: pair.client.transport)
        #expect(amount == 100)
    }

    @Test func `text that is not UTF-8 is flagged, old parts are joined, other payloads ignored`() throws {
        let pair = ChannelPair()
        let id = try pair.client.open(DataChannelParameters(label: ""))
        pair.pump()
        _ = pair.client.drainEvents()
        pair.client.receive([0xC3], protocolID: 51, stream: 0)
        pair.client.receive([0xC3], protocolID: 54, stream: 0)
        pair.client.receive([0xA9], protocolID: 51, stream: 0)
        pair.client.receive([1], protocolID: 52, stream: 0)
        pair.client.receive([2], protocolID: 53, stream: 0)
        pair.client.receive([3], protocolID: 99, stream: 0)
        #expect(
            pair.client.drainEvents() == [
                .invalidText(id, [0xC3]), .message(id, .text, [0xC3, 0xA9]), .message(id, .binary, [1, 2]),
            ]
        )
        pair.client.receive([UInt8](repeating: 0, count: 1_001), protocolID: 52, stream: 0)
        #expect(pair.client.transport.resets == [StreamID(0)])
    }

    @Test func `the end of the association is the end of all channels`() throws {
        let pair = ChannelPair()
        let first = try pair.client.open(DataChannelParameters(label: ""))
        pair.pump()
        _ = pair.client.drainEvents()
        pair.client.channels.transportRestarted()
        #expect(pair.client.drainEvents() == [.closed(first, .associationEnded)])
        let second = try pair.client.open(DataChannelParameters(label: ""))
        #expect(pair.client.stream(of: second) == 0)
        pair.client.channels.transportEnded()
        let third = try pair.client.open(DataChannelParameters(label: ""))
        pair.client.channels.transportEnded()
        #expect(
            pair.client.drainEvents() == [
                .opened(second, by: .local), .closed(second, .associationEnded), .closed(third, .associationEnded),
            ]
        )
    }

    @Test(arguments: UInt64(0)..<20) func `any order of anything neither traps nor leaks`(seed: UInt64) throws {
        var random = RandomSource.seeded(seed)
        let pair = ChannelPair()
        var opened = 0
        var closed = 0
        for _ in 0..<2_000 {
            let stream = UInt16.random(in: 0..<12, using: &random)
            let end = Bool.random(using: &random) ? pair.client : pair.server
            switch Int.random(in: 0..<8, using: &random) {
            case 0: _ = try? end.open(DataChannelParameters(label: "x"))
            case 1: _ = try? end.open(DataChannelParameters(label: "x", negotiatedStream: StreamID(stream)))
            case 2: if let id = end.channels.identifiers.randomElement(using: &random) { end.close(id) }
            case 3: if let id = end.channels.identifiers.randomElement(using: &random) { try? end.send("hi", over: id) }
            case 4: end.receive(random.bytes(Int(stream)), protocolID: UInt32(stream) + 48, stream: stream)
            case 5: end.receiveReset([stream])
            case 6:
                let open = EstablishmentMessage.open(DataChannelParameters(label: "y")).bytes
                end.receive(open, protocolID: 50, stream: stream)
            default: pair.pump()
            }
            for event in pair.client.drainEvents() + pair.server.drainEvents() {
                if case .opened = event { opened += 1 }
                if case .closed = event { closed += 1 }
            }
        }
        pair.client.channels.transportEnded()
        pair.server.channels.transportEnded()
        #expect(pair.client.channels.identifiers.isEmpty)
        #expect(pair.server.channels.identifiers.isEmpty)
        #expect(opened > 0)
        #expect(closed > 0)
    }
}
