// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DataChannels
import SCTP
import Wire

/// A transport that keeps what it is given.
struct RecordingTransport: ChannelTransport {
    struct Refusal: Error {}

    struct Sent: Equatable {
        var bytes: [UInt8]
        var stream: StreamID
        var protocolID: PayloadProtocolID
        var isUnordered: Bool
        var reliability: Reliability
    }

    var outboundStreams: UInt16 = .max
    var inboundStreams: UInt16 = .max
    var buffered: [StreamID: Int] = [:]
    var sent: [Sent] = []
    var resets: [StreamID] = []
    var refusesResets = false

    func bufferedAmount(stream: StreamID) -> Int { self.buffered[stream] ?? 0 }

    mutating func send(
        _ bytes: [UInt8],
        stream: StreamID,
        protocolID: PayloadProtocolID,
        isUnordered: Bool,
        reliability: Reliability,
        at now: Instant
    ) throws(Refusal) {
        guard stream.rawValue < self.outboundStreams, !bytes.isEmpty else { throw Refusal() }
        self.sent.append(
            Sent(
                bytes: bytes,
                stream: stream,
                protocolID: protocolID,
                isUnordered: isUnordered,
                reliability: reliability
            )
        )
    }

    mutating func resetStreams(_ streams: [StreamID], at now: Instant) throws(Refusal) {
        guard !self.refusesResets else { throw Refusal() }
        self.resets += streams
    }
}

/// One side with its transport.
final class ChannelEnd {
    var channels = DataChannelSet(maxMessageSize: 1_000)
    var transport = RecordingTransport()

    init(isDTLSClient: Bool) {
        self.channels.setPeer(maxMessageSize: 1_000, isDTLSClient: isDTLSClient)
    }

    func open(_ parameters: DataChannelParameters) throws -> DataChannelID {
        try self.channels.open(parameters, on: &self.transport, at: .zero)
    }

    func send(_ text: String, over id: DataChannelID) throws {
        try self.channels.send(Array(text.utf8), as: .text, over: id, on: &self.transport, at: .zero)
    }

    func send(binary bytes: [UInt8], over id: DataChannelID) throws {
        try self.channels.send(bytes, as: .binary, over: id, on: &self.transport, at: .zero)
    }

    func close(_ id: DataChannelID) {
        self.channels.close(id, on: &self.transport, at: .zero)
    }

    func establish() {
        self.channels.transportReady(on: &self.transport, at: .zero)
    }

    func receive(_ bytes: [UInt8], protocolID: UInt32, stream: UInt16) {
        let message = ReceivedMessage(
            stream: StreamID(stream),
            protocolID: PayloadProtocolID(protocolID),
            bytes: bytes
        )
        self.channels.receive(message, on: &self.transport, at: .zero)
    }

    func receiveReset(_ streams: [UInt16]) {
        self.channels.incomingStreamsReset(streams.map { StreamID($0) }, on: &self.transport, at: .zero)
    }

    func stream(of id: DataChannelID) -> UInt16? { self.channels.stream(of: id)?.rawValue }

    func bufferedAmount(of id: DataChannelID) -> Int { self.channels.bufferedAmount(of: id, on: self.transport) }

    func parameters(of id: DataChannelID) -> DataChannelParameters? { self.channels.parameters(of: id) }

    func drainEvents() -> [DataChannelEvent] {
        var events: [DataChannelEvent] = []
        while let event = self.channels.pollEvent() { events.append(event) }
        return events
    }
}

/// Two sides that hear each other at once.
final class ChannelPair {
    let client = ChannelEnd(isDTLSClient: true)
    let server = ChannelEnd(isDTLSClient: false)

    init() {
        self.client.establish()
        self.server.establish()
    }

    /// Carries everything over until nothing is left.
    func pump() {
        while self.carry(from: self.client, to: self.server) || self.carry(from: self.server, to: self.client) {}
    }

    private func carry(from sender: ChannelEnd, to receiver: ChannelEnd) -> Bool {
        let sent = sender.transport.sent
        let resets = sender.transport.resets
        sender.transport.sent = []
        sender.transport.resets = []
        for message in sent {
            receiver.receive(message.bytes, protocolID: message.protocolID.rawValue, stream: message.stream.rawValue)
        }
        for stream in resets {
            receiver.receiveReset([stream.rawValue])
            sender.channels.outgoingStreamsReset([stream])
        }
        return !sent.isEmpty || !resets.isEmpty
    }
}

/// Bytes from hexadecimal digits.
func bytes(hex: String) -> [UInt8] {
    let digits = hex.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}
