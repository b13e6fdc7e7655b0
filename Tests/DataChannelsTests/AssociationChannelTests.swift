// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DataChannels
import SCTP
import Testing
import Wire

/// A set of channels on a real association.
private final class Peer {
    var association: Association
    var channels = DataChannelSet(maxMessageSize: 262_144)
    var events: [DataChannelEvent] = []

    init(seed: UInt64, isDTLSClient: Bool) {
        self.association = Association(configuration: Association.Configuration(), random: .seeded(seed))
        self.channels.setPeer(maxMessageSize: 262_144, isDTLSClient: isDTLSClient)
    }

    func open(_ label: String, at now: Instant) throws -> DataChannelID {
        try self.channels.open(DataChannelParameters(label: label), on: &self.association, at: now)
    }

    func send(_ bytes: [UInt8], over id: DataChannelID, at now: Instant) throws {
        try self.channels.send(bytes, as: .binary, over: id, on: &self.association, at: now)
    }

    func close(_ id: DataChannelID, at now: Instant) {
        self.channels.close(id, on: &self.association, at: now)
    }

    func stream(of id: DataChannelID) -> StreamID? { self.channels.stream(of: id) }

    /// Passes on what the association has to say.
    func drain(at now: Instant) {
        while let message = self.association.receive() {
            self.channels.receive(message, on: &self.association, at: now)
        }
        while let event = self.association.pollEvent() {
            self.channels.handle(event, on: &self.association, at: now)
        }
        self.channels.noteProgress(on: self.association)
        while let event = self.channels.pollEvent() { self.events.append(event) }
    }

    /// Hands its packets to another one; whether there were any.
    func transmit(to other: Peer, at now: Instant) throws -> Bool {
        var writer = ByteWriter(capacity: 2_048)
        var hadAny = false
        while self.association.pollTransmit(into: &writer, at: now) {
            hadAny = true
            let packet = writer.bytes
            try other.association.handle(packet.span, at: now)
        }
        self.drain(at: now)
        other.drain(at: now)
        return hadAny
    }
}

@Suite struct AssociationChannelTests {
    private var now = Instant(nanoseconds: 1_000_000_000)

    /// Lets both talk for five seconds of virtual time, one step of a millisecond after the other.
    private mutating func run(_ left: Peer, _ right: Peer) throws {
        for _ in 0..<5_000 {
            self.now = self.now.advanced(byNanoseconds: 1_000_000)
            left.association.handleTimeout(at: self.now)
            right.association.handleTimeout(at: self.now)
            while try left.transmit(to: right, at: self.now) || right.transmit(to: left, at: self.now) {}
        }
    }

    @Test mutating func `channels open, carry a large message, close, and begin anew on the same stream`() throws {
        let left = Peer(seed: 1, isDTLSClient: true)
        let right = Peer(seed: 2, isDTLSClient: false)
        let first = try left.open("first", at: self.now)
        left.association.associate(at: self.now)
        right.association.associate(at: self.now)
        try self.run(left, right)
        #expect(left.events == [.opened(first, by: .local)])
        let theirs = DataChannelID(rawValue: 0)
        #expect(right.events == [.opened(theirs, by: .remote)])
        var random = RandomSource.seeded(9)
        let large = random.bytes(262_144)
        try left.send(large, over: first, at: self.now)
        try self.run(left, right)
        #expect(left.events.last == .bufferedAmountLow(first))
        #expect(right.events.last == .message(theirs, .binary, large))
        left.close(first, at: self.now)
        try self.run(left, right)
        #expect(left.events.last == .closed(first, .closed(by: .local)))
        #expect(right.events.last == .closed(theirs, .closed(by: .remote)))
        let second = try left.open("second", at: self.now)
        try left.send([1], over: second, at: self.now)
        try self.run(left, right)
        #expect(left.stream(of: second) == StreamID(0))
        let theirSecond = DataChannelID(rawValue: 1)
        #expect(right.events.suffix(2) == [.opened(theirSecond, by: .remote), .message(theirSecond, .binary, [1])])
        try left.send([2], over: second, at: self.now)
        left.close(second, at: self.now)
        try self.run(left, right)
        #expect(
            right.events.suffix(2) == [.message(theirSecond, .binary, [2]), .closed(theirSecond, .closed(by: .remote))]
        )
    }
}
