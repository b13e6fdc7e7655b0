// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import SCTP
package import Wire

extension DataChannelSet {
    /// The association knows the peer's limits, or is even established: waiting channels get streams, and are announced.
    package mutating func transportReady<Transport: ChannelTransport & ~Copyable>(
        on transport: inout Transport,
        at now: Instant
    ) {
        guard !self.isReady else { return }
        self.isReady = true
        self.openWaiting(on: &transport, at: now)
    }

    /// The peer began the association anew: its channels are gone.
    package mutating func transportRestarted() {
        self.removeAllChannels()
    }

    /// The association is over, and with it every channel.
    package mutating func transportEnded() {
        self.isReady = false
        self.removeWaitingChannels()
        self.removeAllChannels()
    }

    /// The peer closed the channels of these streams, or all if none is named.
    package mutating func incomingStreamsReset<Transport: ChannelTransport & ~Copyable>(
        _ streams: [StreamID],
        on transport: inout Transport,
        at now: Instant
    ) {
        for stream in streams.isEmpty ? Array(self.byStream.keys) : streams {
            _ = self.early.take(stream)
            guard let id = self.byStream[stream], let channel = self.channels[id] else { continue }
            if case .closing(var closing) = channel.state {
                closing.isIncomingReset = true
                self.advanceClosing(id, closing)
            } else if channel.state != .waiting {
                self.beginClosing(
                    id,
                    reason: .closed(by: .remote),
                    isIncomingReset: true,
                    on: &transport,
                    at: now
                )
            }
        }
    }

    /// The peer knows that these streams of ours begin anew.
    package mutating func outgoingStreamsReset(_ streams: [StreamID]) {
        for stream in streams {
            guard let id = self.byStream[stream], case .closing(var closing)? = self.channels[id]?.state else {
                continue
            }
            closing.isOutgoingReset = true
            self.advanceClosing(id, closing)
        }
    }

    /// The peer does not reset: the channels are closed, but their streams cannot be used again.
    package mutating func outgoingResetDenied(_ streams: [StreamID]) {
        for stream in streams {
            guard let id = self.byStream[stream], case .closing(let closing)? = self.channels[id]?.state else {
                continue
            }
            self.remove(id, reason: closing.reason, retiring: true)
        }
    }

    /// Takes in a message of the association.
    package mutating func receive<Transport: ChannelTransport & ~Copyable>(
        _ message: ReceivedMessage,
        on transport: inout Transport,
        at now: Instant
    ) {
        if message.protocolID == PayloadProtocols.establishment {
            self.receiveEstablishment(message, on: &transport, at: now)
            return
        }
        guard let id = self.byStream[message.stream], let state = self.channels[id]?.state, state != .waiting else {
            guard self.early.append(message) else {
                self.refuse(message.stream, on: &transport, at: now)
                return
            }
            return
        }
        switch state {
        case .closing(let closing) where closing.reason == .closed(by: .remote):
            // Sent before the other side closed, read later.
            break
        case .waiting, .closing:
            return
        case .opening:
            // Data on the stream says as much as the acknowledgement, which may be lost behind it (RFC 8832 §6).
            self.channels[id]?.state = .open
        case .open:
            break
        }
        self.deliver(message, to: id, on: &transport, at: now)
    }

    /// Delivers what came before the channel.
    mutating func deliverEarly<Transport: ChannelTransport & ~Copyable>(
        on stream: StreamID,
        on transport: inout Transport,
        at now: Instant
    ) {
        for message in self.early.take(stream) {
            self.receive(message, on: &transport, at: now)
        }
    }

    private mutating func receiveEstablishment<Transport: ChannelTransport & ~Copyable>(
        _ message: ReceivedMessage,
        on transport: inout Transport,
        at now: Instant
    ) {
        do throws(MalformedEstablishment) {
            switch try EstablishmentMessage(parsing: message.bytes.span) {
            case .acknowledgement:
                guard let id = self.byStream[message.stream], self.channels[id]?.state == .opening else { return }
                self.channels[id]?.state = .open
            case .open(let parameters):
                self.receiveOpen(parameters, stream: message.stream, on: &transport, at: now)
            }
        } catch {
            self.refuse(message.stream, on: &transport, at: now)
        }
    }

    private mutating func receiveOpen<Transport: ChannelTransport & ~Copyable>(
        _ parameters: DataChannelParameters,
        stream: StreamID,
        on transport: inout Transport,
        at now: Instant
    ) {
        let longest = max(parameters.label.utf8.count, parameters.protocolName.utf8.count)
        guard self.byStream[stream] == nil, longest <= Self.maximumNameLength,
            self.channels.count < Self.maximumChannels, stream.rawValue < transport.outboundStreams
        else {
            self.refuse(stream, on: &transport, at: now)
            return
        }
        let id = self.insert(Channel(parameters: parameters, state: .open, stream: stream))
        self.announce(id, by: .remote)
        self.establish(.acknowledgement, id: id, stream: stream, on: &transport, at: now)
        self.deliverEarly(on: stream, on: &transport, at: now)
    }

    private mutating func deliver<Transport: ChannelTransport & ~Copyable>(
        _ message: ReceivedMessage,
        to id: DataChannelID,
        on transport: inout Transport,
        at now: Instant
    ) {
        switch message.protocolID {
        case PayloadProtocols.text: self.deliver(text: self.joined(message.bytes, for: id), to: id)
        case PayloadProtocols.binary: self.events.append(.message(id, .binary, self.joined(message.bytes, for: id)))
        case PayloadProtocols.emptyText: self.events.append(.message(id, .text, []))
        case PayloadProtocols.emptyBinary: self.events.append(.message(id, .binary, []))
        case PayloadProtocols.partialText, PayloadProtocols.partialBinary:
            self.channels[id]?.partial.append(contentsOf: message.bytes)
            guard let count = self.channels[id]?.partial.count, count > self.maximumMessageSize else { return }
            self.beginClosing(id, reason: .protocolViolation, on: &transport, at: now)
        default:
            // Other payloads may belong to future extensions.
            break
        }
    }

    private mutating func deliver(text bytes: [UInt8], to id: DataChannelID) {
        do {
            _ = try UTF8Span(validating: bytes.span)
            self.events.append(.message(id, .text, bytes))
        } catch {
            self.events.append(.invalidText(id, bytes))
        }
    }

    /// The last part of a message behind the earlier ones, of which there are none but from very old peers.
    private mutating func joined(_ bytes: [UInt8], for id: DataChannelID) -> [UInt8] {
        guard let partial = self.channels[id]?.partial, !partial.isEmpty else { return bytes }
        self.channels[id]?.partial = []
        return partial + bytes
    }

    /// Resets a stream on which the peer does what it may not; a channel on it closes (RFC 8832 §6).
    private mutating func refuse<Transport: ChannelTransport & ~Copyable>(
        _ stream: StreamID,
        on transport: inout Transport,
        at now: Instant
    ) {
        _ = self.early.take(stream)
        if let id = self.byStream[stream] {
            guard self.channels[id]?.state != .waiting else { return }
            self.beginClosing(id, reason: .protocolViolation, on: &transport, at: now)
            return
        }
        let nameless = DataChannelParameters(label: "")
        let id = self.insert(Channel(parameters: nameless, state: .open, stream: stream))
        self.beginClosing(id, reason: nil, on: &transport, at: now)
    }

    private mutating func advanceClosing(_ id: DataChannelID, _ closing: Channel.Closing) {
        if closing.isIncomingReset, closing.isOutgoingReset {
            self.remove(id, reason: closing.reason)
        } else {
            self.channels[id]?.state = .closing(closing)
        }
    }
}
