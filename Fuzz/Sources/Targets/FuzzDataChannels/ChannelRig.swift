// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DataChannels
import FuzzDriver
import SCTP
import Wire

/// A transport that takes everything, or nothing.
struct Sink: ChannelTransport {
    struct Refusal: Error {}

    var outboundStreams: UInt16
    var inboundStreams: UInt16
    var refuses = false

    func bufferedAmount(stream: StreamID) -> Int { self.refuses ? 1_000 : 0 }

    mutating func send(
        _ bytes: [UInt8],
        stream: StreamID,
        protocolID: PayloadProtocolID,
        isUnordered: Bool,
        reliability: Reliability,
        at now: Instant
    ) throws(Refusal) {
        require(!bytes.isEmpty, "SCTP carries no empty message")
        guard !self.refuses, stream.rawValue < self.outboundStreams else { throw Refusal() }
    }

    mutating func resetStreams(_ streams: [StreamID], at now: Instant) throws(Refusal) {
        guard !self.refuses else { throw Refusal() }
    }
}

/// One side of the channels, with the input as everything around it.
struct ChannelRig: ~Copyable {
    private enum Life {
        case open
        case closed
    }

    private var channels: DataChannelSet
    private var sink: Sink
    private var lives: [DataChannelID: Life] = [:]

    init(_ input: inout FuzzInput) {
        let shape = input.u8()
        self.channels = DataChannelSet(maxMessageSize: 1_000)
        let streams: UInt16 = shape & 1 == 0 ? .max : 8
        self.sink = Sink(outboundStreams: streams, inboundStreams: streams)
        if shape & 2 == 0 { self.channels.setPeer(maxMessageSize: UInt32(shape), isDTLSClient: shape & 4 == 0) }
        if shape & 8 == 0 { self.channels.transportReady(on: &self.sink, at: .zero) }
    }

    /// Does what the input says next.
    mutating func step(_ input: inout FuzzInput) {
        let operation = input.u8()
        let stream = StreamID(UInt16(operation >> 4))
        let known = self.channels.identifiers
        switch operation & 15 {
        case 0, 1:
            let parameters = DataChannelParameters(label: "l", negotiatedStream: operation & 1 == 0 ? nil : stream)
            _ = try? self.channels.open(parameters, on: &self.sink, at: .zero)
        case 2 where !known.isEmpty:
            let id = known[input.choice(known.count)]
            try? self.channels.send(input.take(3), as: .text, over: id, on: &self.sink, at: .zero)
        case 3 where !known.isEmpty:
            self.channels.close(known[input.choice(known.count)], on: &self.sink, at: .zero)
        case 4: self.channels.incomingStreamsReset([stream], on: &self.sink, at: .zero)
        case 5: self.channels.outgoingStreamsReset([stream])
        case 6: self.channels.outgoingResetDenied([stream])
        case 7: self.channels.noteProgress(on: self.sink)
        case 8: self.receive(EstablishmentMessage.acknowledgement.bytes, stream, 50)
        case 9: self.receive(EstablishmentMessage.open(DataChannelParameters(label: "r")).bytes, stream, 50)
        case 10: self.receive(input.take(Int(input.u8())), stream, 50)
        case 11, 12: self.receive(input.take(1 + Int(input.u8())), stream, 51 + UInt32(input.u8() % 8))
        case 13: self.sink.refuses = input.flag()
        case 14 where input.u8() == 0xC1: self.channels.transportEnded()
        case 15 where input.u8() == 0xC1: self.channels.transportRestarted()
        default: self.channels.transportReady(on: &self.sink, at: .zero)
        }
    }

    private mutating func receive(_ bytes: [UInt8], _ stream: StreamID, _ protocolID: UInt32) {
        let message = ReceivedMessage(stream: stream, protocolID: PayloadProtocolID(protocolID), bytes: bytes)
        self.channels.receive(message, on: &self.sink, at: .zero)
    }

    /// Takes what happened and checks that it could.
    mutating func drain() {
        while let event = self.channels.pollEvent() {
            switch event {
            case .opened(let id, _):
                require(self.lives[id] == nil, "a channel opens once")
                self.lives[id] = .open
            case .message(let id, _, let bytes), .invalidText(let id, let bytes):
                require(self.lives[id] == .open, "\(event), but it is not open")
                require(bytes.count <= 2_000)
            case .bufferedAmountLow(let id):
                require(self.lives[id] == .open || self.lives[id] == nil, "a closed channel speaks")
            case .closed(let id, _):
                require(self.lives[id] != .closed, "a channel closes once")
                self.lives[id] = .closed
            }
        }
        require(self.channels.identifiers.count <= DataChannelSet.maximumChannels)
    }

    /// Nothing is left open when the transport ends.
    mutating func end() {
        self.channels.transportEnded()
        self.drain()
        require(self.lives.values.allSatisfy { $0 == .closed }, "a channel outlived its association")
        require(self.channels.identifiers.isEmpty)
    }
}
