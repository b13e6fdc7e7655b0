// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
package import SCTP
package import Wire

/// The data channels between two peers (RFC 8831, RFC 8832), over an association that is lent to each call.
///
/// After each call, drain `pollEvent()`; after each round of sending, call `noteProgress(on:)`.
package struct DataChannelSet: ~Copyable {
    /// The largest message that is joined from deprecated parts, in bytes.
    let maximumMessageSize: Int
    /// All channels, closing ones included.
    var channels: [DataChannelID: Channel] = [:]
    /// The channel of each stream that is in use.
    var byStream: [StreamID: DataChannelID] = [:]
    /// What came before its channel.
    var early = EarlyMessages()
    /// What was not yet told.
    var events = Deque<DataChannelEvent>()
    /// Whether channels can be announced.
    var isReady = false

    private var nextID: UInt32 = 0
    private var waiting: [DataChannelID] = []
    private var watched: [DataChannelID] = []
    private var retired: Set<StreamID> = []
    private var isDTLSClient: Bool?
    private var peerMaximumMessageSize = 65_536

    /// Creates a set without channels; `maxMessageSize` is what this side takes, in bytes, and 0 means any.
    package init(maxMessageSize: UInt32) {
        self.maximumMessageSize = Self.limit(maxMessageSize)
    }

    /// Says what is known of the peer, before which channels get no streams.
    ///
    /// That is the largest message it takes (0: any; RFC 8841 §6), and our role in DTLS, which decides who takes even
    /// streams and who odd ones (RFC 8832 §6).
    package mutating func setPeer(maxMessageSize: UInt32, isDTLSClient: Bool) {
        self.peerMaximumMessageSize = Self.limit(maxMessageSize)
        self.isDTLSClient = isDTLSClient
    }

    /// Opens a channel; `.opened` follows once it is announced, or `.closed` if the peer does not allow so many.
    ///
    /// - Throws: `.nameTooLong`, `.streamUnavailable` or `.tooManyChannels`.
    package mutating func open<Transport: ChannelTransport & ~Copyable>(
        _ parameters: DataChannelParameters,
        on transport: inout Transport,
        at now: Instant
    ) throws(DataChannelError) -> DataChannelID {
        let longest = max(parameters.label.utf8.count, parameters.protocolName.utf8.count)
        guard longest <= Int(UInt16.max) else { throw .nameTooLong(longest) }
        guard self.channels.count < Self.maximumChannels else { throw .tooManyChannels }
        if let stream = parameters.negotiatedStream {
            guard stream.rawValue < .max, self.byStream[stream] == nil, !self.retired.contains(stream) else {
                throw .streamUnavailable(stream)
            }
        }
        let id = self.insert(Channel(parameters: parameters, state: .waiting, stream: parameters.negotiatedStream))
        self.waiting.append(id)
        if self.isReady { self.openWaiting(on: &transport, at: now) }
        return id
    }

    /// Sends a message; one on a channel that waits for the association goes together with its announcement.
    ///
    /// - Throws: `.noSuchChannel`, `.notOpen`, `.messageTooLarge` or `.refusedByTransport`.
    package mutating func send<Transport: ChannelTransport & ~Copyable>(
        _ bytes: [UInt8],
        as kind: DataChannelMessageKind,
        over id: DataChannelID,
        on transport: inout Transport,
        at now: Instant
    ) throws(DataChannelError) {
        guard let channel = self.channels[id] else { throw .noSuchChannel }
        guard !channel.isClosing else { throw .notOpen }
        guard bytes.count <= self.peerMaximumMessageSize else {
            throw .messageTooLarge(count: bytes.count, limit: self.peerMaximumMessageSize)
        }
        guard channel.state != .waiting, let stream = channel.stream else {
            self.channels[id]?.held.append(Channel.HeldMessage(bytes: bytes, kind: kind))
            return
        }
        let message = PayloadProtocols.outgoing(bytes, kind)
        do {
            try transport.send(
                message.bytes,
                stream: stream,
                protocolID: message.id,
                isUnordered: !channel.parameters.isOrdered && channel.state == .open,
                reliability: channel.parameters.reliability,
                at: now
            )
        } catch {
            throw .refusedByTransport
        }
        if !channel.isAboveThreshold { self.watch(id, stream, on: transport) }
    }

    /// Closes a channel; `.closed` follows when the other side has closed it too.
    ///
    /// What was sent on it still arrives; what the other side still sends is dropped.
    package mutating func close<Transport: ChannelTransport & ~Copyable>(
        _ id: DataChannelID,
        on transport: inout Transport,
        at now: Instant
    ) {
        self.beginClosing(id, reason: .closed(by: .local), on: &transport, at: now)
    }

    /// What happened next; nil when all was told.
    package mutating func pollEvent() -> DataChannelEvent? { self.events.popFirst() }

    /// What a channel was opened with; nil if there is no such channel.
    package func parameters(of id: DataChannelID) -> DataChannelParameters? { self.channels[id]?.parameters }

    /// The stream of a channel; nil before it is known.
    package func stream(of id: DataChannelID) -> StreamID? { self.channels[id]?.stream }

    /// Whether messages can be sent.
    package func isOpen(_ id: DataChannelID) -> Bool { self.channels[id]?.state == .open }

    /// The channels that there are, closing ones included, in the order of their creation.
    package var identifiers: [DataChannelID] { self.channels.keys.sorted { $0.rawValue < $1.rawValue } }

    /// Bytes of a channel that wait to be sent.
    package func bufferedAmount<Transport: ChannelTransport & ~Copyable>(
        of id: DataChannelID,
        on transport: borrowing Transport
    ) -> Int {
        guard let channel = self.channels[id] else { return 0 }
        let held = channel.held.reduce(0) { $0 + $1.bytes.count }
        return held + (channel.stream.map { transport.bufferedAmount(stream: $0) } ?? 0)
    }

    /// Sets at how many waiting bytes `.bufferedAmountLow` is told; 0 at first.
    package mutating func setLowThreshold(_ bytes: Int, of id: DataChannelID) {
        self.channels[id]?.lowThreshold = bytes
    }

    /// Tells of channels whose buffers emptied; to be called when the association has sent.
    package mutating func noteProgress<Transport: ChannelTransport & ~Copyable>(on transport: borrowing Transport) {
        guard !self.watched.isEmpty else { return }
        var still: [DataChannelID] = []
        for id in self.watched {
            guard let channel = self.channels[id], let stream = channel.stream, !channel.isClosing else { continue }
            if transport.bufferedAmount(stream: stream) > channel.lowThreshold {
                still.append(id)
            } else {
                self.channels[id]?.isAboveThreshold = false
                self.events.append(.bufferedAmountLow(id))
            }
        }
        self.watched = still
    }

    private static func limit(_ maxMessageSize: UInt32) -> Int {
        maxMessageSize == 0 ? Self.largestMessage : min(Int(maxMessageSize), Self.largestMessage)
    }

    /// How many channels there may be, closing ones included.
    package static let maximumChannels = 1_024
    /// How long a label or a protocol of the other side may be, in bytes of UTF-8.
    package static let maximumNameLength = 4_096
    /// The most that one message may hold, whatever the peer says.
    private static let largestMessage = 1 << 30
}

extension DataChannelSet {
    /// Adds a channel under an identifier of its own.
    mutating func insert(_ channel: Channel) -> DataChannelID {
        let id = DataChannelID(rawValue: self.nextID)
        self.nextID &+= 1
        self.channels[id] = channel
        if let stream = channel.stream { self.byStream[stream] = id }
        return id
    }

    /// Tells that a channel is open, unless that was told before.
    mutating func announce(_ id: DataChannelID, by side: DataChannelEvent.Side) {
        guard self.channels[id]?.isAnnounced == false else { return }
        self.channels[id]?.isAnnounced = true
        self.events.append(.opened(id, by: side))
    }

    /// Removes a channel and tells why; its stream can be used again unless it is retired.
    mutating func remove(_ id: DataChannelID, reason: DataChannelEvent.CloseReason?, retiring: Bool = false) {
        guard let channel = self.channels.removeValue(forKey: id) else { return }
        if let stream = channel.stream {
            self.byStream[stream] = nil
            if retiring { self.retired.insert(stream) }
        }
        if let reason { self.events.append(.closed(id, reason)) }
    }

    /// Resets the outgoing stream of a channel, unless that was done before.
    mutating func beginClosing<Transport: ChannelTransport & ~Copyable>(
        _ id: DataChannelID,
        reason: DataChannelEvent.CloseReason?,
        isIncomingReset: Bool = false,
        on transport: inout Transport,
        at now: Instant
    ) {
        guard let channel = self.channels[id], !channel.isClosing else { return }
        guard channel.state != .waiting, let stream = channel.stream else {
            self.waiting.removeAll { $0 == id }
            self.remove(id, reason: reason)
            return
        }
        self.channels[id]?.partial = []
        self.channels[id]?.state = .closing(
            Channel.Closing(isIncomingReset: isIncomingReset, isOutgoingReset: false, reason: reason)
        )
        do {
            try transport.resetStreams([stream], at: now)
        } catch {
            self.remove(id, reason: reason, retiring: true)
        }
    }

    /// Gives streams to channels that wait for one, and announces them.
    mutating func openWaiting<Transport: ChannelTransport & ~Copyable>(on transport: inout Transport, at now: Instant) {
        guard self.isDTLSClient != nil else { return }
        let waiting = self.waiting
        self.waiting = []
        let limit = min(transport.outboundStreams, transport.inboundStreams, .max - 1)
        for id in waiting {
            guard let channel = self.channels[id] else { continue }
            guard let stream = channel.stream ?? self.freeStream(below: limit), stream.rawValue < limit else {
                self.remove(id, reason: .noStream)
                continue
            }
            self.channels[id]?.stream = stream
            self.byStream[stream] = id
            if channel.parameters.negotiatedStream != nil {
                self.channels[id]?.state = .open
                self.announce(id, by: .local)
                self.deliverEarly(on: stream, on: &transport, at: now)
            } else {
                self.channels[id]?.state = .opening
                self.establish(.open(channel.parameters), id: id, stream: stream, on: &transport, at: now)
                // Messages may follow before the acknowledgement (RFC 8832 §6); browsers, too, open a channel here.
                self.announce(id, by: .local)
            }
            self.sendHeld(id, on: &transport, at: now)
        }
    }

    private mutating func sendHeld<Transport: ChannelTransport & ~Copyable>(
        _ id: DataChannelID,
        on transport: inout Transport,
        at now: Instant
    ) {
        guard let held = self.channels[id]?.held, !held.isEmpty else { return }
        self.channels[id]?.held = []
        do throws(DataChannelError) {
            for message in held {
                try self.send(message.bytes, as: message.kind, over: id, on: &transport, at: now)
            }
        } catch {
            // The association takes no more: it is ending, and tells so.
            self.remove(id, reason: .associationEnded)
        }
    }

    /// Sends a DCEP message: in order and reliably, whatever the channel is (RFC 8832 §6).
    mutating func establish<Transport: ChannelTransport & ~Copyable>(
        _ message: EstablishmentMessage,
        id: DataChannelID,
        stream: StreamID,
        on transport: inout Transport,
        at now: Instant
    ) {
        do {
            try transport.send(
                message.bytes,
                stream: stream,
                protocolID: PayloadProtocols.establishment,
                isUnordered: false,
                reliability: .reliable,
                at: now
            )
        } catch {
            self.remove(id, reason: .noStream)
        }
    }

    /// Forgets everything about streams, because the association is over or new.
    mutating func removeAllChannels() {
        for id in self.identifiers where !self.waiting.contains(id) {
            var reason: DataChannelEvent.CloseReason? = .associationEnded
            if case .closing(let closing)? = self.channels[id]?.state { reason = closing.reason }
            self.remove(id, reason: reason)
        }
        self.early.removeAll()
        self.retired = []
        self.watched = []
    }

    /// Forgets the channels too that wait for an association.
    mutating func removeWaitingChannels() {
        for id in self.waiting {
            self.remove(id, reason: .associationEnded)
        }
        self.waiting = []
    }

    /// The lowest stream of our parity that nobody uses: even numbers are the DTLS client's (RFC 8832 §6).
    private func freeStream(below limit: UInt16) -> StreamID? {
        guard let isDTLSClient = self.isDTLSClient else { return nil }
        var number: UInt16 = isDTLSClient ? 0 : 1
        while number < limit {
            let stream = StreamID(number)
            if self.byStream[stream] == nil, !self.retired.contains(stream), !self.early.contains(stream) {
                return stream
            }
            number += 2
        }
        return nil
    }

    private mutating func watch<Transport: ChannelTransport & ~Copyable>(
        _ id: DataChannelID,
        _ stream: StreamID,
        on transport: borrowing Transport
    ) {
        guard let threshold = self.channels[id]?.lowThreshold, transport.bufferedAmount(stream: stream) > threshold
        else { return }
        self.channels[id]?.isAboveThreshold = true
        self.watched.append(id)
    }
}
