// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
package import FileTransfer
package import Wire

/// What two icetalk peers say to each other on the channel `icetalk`.
///
/// The driver tells when the channel opens and closes, hands in every text message, sends what `pollMessage()` gives
/// while the channel's buffer has room, and drains `pollEvent()` after each input. Chat that was not acknowledged stays
/// in the outbox and is sent again when the channel opens anew; the receiver shows it once.
///
/// `finish()` ends this side politely: when everything is acknowledged it says `bye`. When both have said it the
/// conversation has ended, and the driver closes after the channel's buffer has drained.
package struct ConversationCore: ~Copyable {
    /// What this side does when the peer has nothing more to say.
    package enum PeerBye: Sendable {
        /// Finish too, once the outbox is acknowledged: two people who chat.
        case finish
        /// Go on until `finish()` is called: two ends of a pipe.
        case keepSending
    }

    /// Who this side is and how it behaves.
    package struct Configuration: Sendable {
        /// What the peer is told.
        package var hello: PeerHello
        /// What follows the peer's bye.
        package var onPeerBye: PeerBye

        /// Creates a configuration.
        package init(hello: PeerHello, onPeerBye: PeerBye = .finish) {
            self.hello = hello
            self.onPeerBye = onPeerBye
        }
    }

    /// What happened.
    package enum Event: Equatable, Sendable {
        /// The peer told who it is; again after each opening of the channel.
        case peerHello(PeerHello)
        /// A chat text arrived.
        case chat(ReceivedChat)
        /// A chat text of this side arrived at the peer.
        case delivered(ChatID)
        /// The peer offers a file.
        case offered(TransferID, TransferOffer)
        /// The peer accepts an offer of this side: open the transfer's channel and send.
        case accepted(TransferID)
        /// The peer declines an offer of this side.
        case declined(TransferID)
        /// The peer ended a transfer or withdrew an offer.
        case cancelled(TransferID, TransferCancelReason)
        /// A file of this side is in place at the peer, which counted this many bytes.
        case completed(TransferID, size: UInt64)
        /// The peer may be reached at another address: the value of an `a=candidate` line.
        case candidate(String)
        /// The peer has nothing more to say.
        case peerFinished
        /// Both sides have said bye.
        case ended
    }

    /// Why something that this side wants to say cannot be said.
    package enum Refusal: Error, Equatable, Sendable {
        /// `finish()` was called, or the peer's bye finished this side too.
        case finished
        /// A chat text has more than `ConversationLimits.textCount` bytes.
        case textTooLong(Int)
        /// Too much waits for its acks: try again after some `delivered`.
        case outboxFull
        /// The name of an offered file is too long for a message.
        case nameTooLong
    }

    /// What a peer did against the protocol; the message was dropped.
    package enum Failure: Error, Equatable, Sendable {
        /// It is no message.
        case malformed(ConversationMessageError)
        /// Part of a chat text that does not follow the one before, or makes it too long.
        case wrongPart
        /// Chat upon chat while acks are not taken: end the session.
        case flooding
        /// A message about a transfer that is not at that stage: harmless when messages crossed.
        case staleTransfer(TransferID)
        /// An ack of what was not sent, or was acknowledged before.
        case staleAck(ChatID)
    }

    private enum Speaking {
        case open
        case finishing
        case saidBye
    }

    private let configuration: Configuration
    private var random: RandomSource
    private var isOpen = false
    private var messageLimit = ConversationLimits.leastMessageCount
    private var speaking = Speaking.open
    private var hasPeerFinished = false
    private var hasEnded = false
    private var outbox: Outbox
    private var assembly = ChatAssembly()
    private var transfers = TransferTable()
    private var acks: Deque<ChatID> = []
    private var candidates: Deque<String> = []
    private var outgoing: Deque<ConversationMessage> = []
    private var events: Deque<Event> = []

    /// Creates a conversation whose channel is not open yet.
    package init(_ configuration: Configuration, random: RandomSource) {
        self.configuration = configuration
        self.random = random
        let firstID = UInt64.random(in: 1...(1 << 52), using: &self.random)
        self.outbox = Outbox(firstID: firstID)
    }

    /// The next message to send as text; nil when there is nothing to say, or no channel.
    ///
    /// Ask again after every input and whenever the channel's buffer has drained.
    package mutating func pollMessage() -> [UInt8]? {
        guard self.isOpen else { return nil }
        if let message = self.outgoing.popFirst() {
            return message.encoded
        }
        if let candidate = self.candidates.popFirst() {
            return ConversationMessage.candidate(candidate).encoded
        }
        if let id = self.acks.popFirst() {
            return ConversationMessage.ack(id).encoded
        }
        if let part = self.outbox.nextPart(limit: self.messageLimit) {
            return ConversationMessage.chat(part).encoded
        }
        guard case .finishing = self.speaking, self.outbox.isEmpty else { return nil }
        self.speaking = .saidBye
        self.endIfPossible()
        return ConversationMessage.bye.encoded
    }

    /// The next event; drain after every input and after `pollMessage()` gave nil.
    package mutating func pollEvent() -> Event? {
        self.events.popFirst()
    }

    /// How many chat texts were not yet acknowledged.
    package var undelivered: Int { self.outbox.undelivered }

    /// Whether there is room for more chat without piling up: a reader of long input waits while there is not.
    package var hasRoom: Bool { self.outbox.byteCount < ConversationLimits.textCount && self.outbox.hasRoom(for: 0) }

    /// Whether both sides have said bye.
    package var isEnded: Bool { self.hasEnded }
}

extension ConversationCore {
    /// The channel is open, to a peer that takes messages of this many bytes (0: of any size, RFC 8841 §6.1).
    package mutating func channelOpened(maximumMessageCount: Int) {
        let peerLimit = maximumMessageCount == 0 ? ConversationLimits.messageCount : maximumMessageCount
        self.messageLimit = min(
            max(peerLimit, ConversationLimits.leastMessageCount),
            ConversationLimits.messageCount
        )
        self.isOpen = true
        self.outbox.rewind()
        self.outgoing.prepend(.hello(self.configuration.hello))
        if case .saidBye = self.speaking, !self.hasEnded {
            self.speaking = .finishing
        }
    }

    /// The channel or the whole connection is gone; what was not acknowledged waits for the next one.
    package mutating func channelClosed() {
        self.isOpen = false
        self.acks.removeAll()
        self.candidates.removeAll()
        self.outgoing.removeAll { if case .hello = $0 { true } else { false } }
        self.assembly.reset()
    }

    /// Sends a chat text written at `time` (milliseconds since 1970 UTC) and gives its id; `delivered` follows.
    ///
    /// An empty text is a message too. Throws `finished`, `textTooLong` or `outboxFull`.
    package mutating func send(text: String, time: UInt64) throws(Refusal) -> ChatID {
        guard case .open = self.speaking else { throw .finished }
        let count = text.utf8.count
        guard count <= ConversationLimits.textCount else { throw .textTooLong(count) }
        guard self.outbox.hasRoom(for: count) else { throw .outboxFull }
        return self.outbox.append(text, time: time)
    }

    /// Tells the peer an address at which this side may be reached, while the channel is open; nothing waits for that.
    package mutating func tell(candidate: String) {
        guard self.isOpen, candidate.utf8.count <= ConversationLimits.candidateCount else { return }
        if self.candidates.count >= ConversationLimits.pendingCandidates {
            self.candidates.removeFirst()
        }
        self.candidates.append(candidate)
    }

    /// This side has nothing more to say: bye follows when everything is acknowledged.
    package mutating func finish() {
        guard case .open = self.speaking else { return }
        self.speaking = .finishing
    }

    /// Offers a file and gives the id of its transfer; throws `finished` or `nameTooLong`.
    package mutating func offer(_ offer: TransferOffer) throws(Refusal) -> TransferID {
        guard case .open = self.speaking else { throw .finished }
        var id = TransferID(from: &self.random)
        let message = ConversationMessage.offer(id, offer)
        guard offer.name.count <= TransferLimits.nameCount, message.encoded.count + 16 <= self.messageLimit else {
            throw .nameTooLong
        }
        while !self.transfers.offer(id, .outgoing) {
            id = TransferID(from: &self.random)
        }
        self.outgoing.append(.offer(id, offer))
        return id
    }

    /// Accepts an offer of the peer; false if it was withdrawn meanwhile.
    package mutating func accept(_ id: TransferID) -> Bool {
        guard self.transfers.accept(id, .incoming) else { return false }
        self.outgoing.append(.accept(id))
        return true
    }

    /// Declines an offer of the peer; false if it was withdrawn meanwhile.
    package mutating func decline(_ id: TransferID) -> Bool {
        guard self.transfers.decline(id, .incoming) else { return false }
        self.outgoing.append(.decline(id))
        return true
    }

    /// Ends a transfer of either direction or withdraws an offer; false if there is none.
    package mutating func cancel(_ id: TransferID, _ reason: TransferCancelReason) -> Bool {
        guard self.transfers.cancel(id) else { return false }
        self.outgoing.append(.cancel(id, reason))
        return true
    }

    /// Tells that the file of an incoming transfer is verified, synced and in place; false if it was cancelled.
    package mutating func complete(_ id: TransferID, size: UInt64) -> Bool {
        guard self.transfers.complete(id, .incoming) else { return false }
        self.outgoing.append(.complete(id, size: size))
        return true
    }
}

extension ConversationCore {
    /// Takes a message of the channel; an error says why it was dropped; only `flooding` asks for more than counting.
    package mutating func receive(_ message: Span<UInt8>) throws(Failure) {
        let parsed: ConversationMessage
        do throws(ConversationMessageError) {
            parsed = try ConversationMessage(parsing: message)
        } catch {
            throw .malformed(error)
        }
        switch parsed {
        case .hello(let hello): self.events.append(.peerHello(hello))
        case .chat(let part): try self.receive(part)
        case .ack(let id): try self.receiveAck(of: id)
        case .offer(let id, let offer): try self.receiveOffer(id, offer)
        case .accept(let id): try self.note(.accepted(id), of: id, if: self.transfers.accept(id, .outgoing))
        case .decline(let id): try self.note(.declined(id), of: id, if: self.transfers.decline(id, .outgoing))
        case .cancel(let id, let reason): try self.note(.cancelled(id, reason), of: id, if: self.transfers.cancel(id))
        case .complete(let id, let size):
            try self.note(.completed(id, size: size), of: id, if: self.transfers.complete(id, .outgoing))
        case .candidate(let text): self.receiveCandidate(text)
        case .bye: self.receiveBye()
        case .unknown: break
        }
    }

    private mutating func receive(_ part: ChatPart) throws(Failure) {
        switch self.assembly.append(part) {
        case .incomplete:
            break
        case .complete(let chat):
            self.events.append(.chat(chat))
            try self.acknowledge(chat.id)
        case .repeated(let id):
            try self.acknowledge(id)
        case .refused:
            throw .wrongPart
        }
    }

    private mutating func acknowledge(_ id: ChatID) throws(Failure) {
        guard self.acks.count < ConversationLimits.pendingAcks else { throw .flooding }
        self.acks.append(id)
    }

    private mutating func receiveAck(of id: ChatID) throws(Failure) {
        guard self.outbox.acknowledge(id) else { throw .staleAck(id) }
        self.events.append(.delivered(id))
    }

    private mutating func receiveOffer(_ id: TransferID, _ offer: TransferOffer) throws(Failure) {
        guard self.transfers.incomingCount < ConversationLimits.offers else {
            guard self.outgoing.count < ConversationLimits.pendingAcks else { throw .flooding }
            return self.outgoing.append(.decline(id))
        }
        try self.note(.offered(id, offer), of: id, if: self.transfers.offer(id, .incoming))
    }

    /// Whoever does not take events in time has enough with those that wait.
    private mutating func receiveCandidate(_ text: String) {
        guard self.events.count < ConversationLimits.pendingCandidates else { return }
        self.events.append(.candidate(text))
    }

    private mutating func receiveBye() {
        guard !self.hasPeerFinished else { return }
        self.hasPeerFinished = true
        self.events.append(.peerFinished)
        if case .finish = self.configuration.onPeerBye {
            self.finish()
        }
        self.endIfPossible()
    }

    private mutating func note(_ event: Event, of id: TransferID, if isExpected: Bool) throws(Failure) {
        guard isExpected else { throw .staleTransfer(id) }
        self.events.append(event)
    }

    private mutating func endIfPossible() {
        guard self.hasPeerFinished, case .saidBye = self.speaking, !self.hasEnded else { return }
        self.hasEnded = true
        self.events.append(.ended)
    }
}
