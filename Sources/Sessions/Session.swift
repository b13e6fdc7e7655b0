// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import DTLS
import DataChannels
import FileTransfer
import Peering
package import Reactor
import Wire

/// A session between two people, alive: chat and files over a peer.
///
/// It lives on the thread of its peer. `run()` takes what the peer tells until the connection ends; whoever shows the session
/// reads `events` and calls the rest. A reader that stops reading holds up the other side, and fills no memory.
///
/// The talk is one of three: `icetalk.v1` on one channel, a plain chat on any, or not decided yet (`Talk`).
package actor Session {
    /// How the two sides came to know each other, which decides who opens the channel of the talk.
    package enum Signaling: Sendable {
        /// Both lines were alike: the DTLS client, which has the greater fingerprint, opens it.
        case symmetric
        /// Offer and answer: the offerer opens it, and the other side may be no icetalk.
        case sdp(isOfferer: Bool)
    }

    /// Who this side is and how it behaves.
    package struct Configuration: Sendable {
        /// The name that the other side is told.
        package var name: String
        /// The version of this program.
        package var version: String
        /// How the two sides came to know each other.
        package var signaling: Signaling
        /// Whether the other side's bye finishes this side too, once what it has begun is done; otherwise `finish()` does.
        package var endsWithBye: Bool

        /// Creates a configuration.
        package init(name: String, version: String, signaling: Signaling = .symmetric, endsWithBye: Bool = true) {
            self.name = name
            self.version = version
            self.signaling = signaling
            self.endsWithBye = endsWithBye
        }
    }

    /// What is spoken with the other side, and where.
    enum Talk {
        /// No channel says.
        case undecided
        /// Our channel is open, and waits for a hello or a plain text; `isLate` when the hello should have come.
        case listening(DataChannelID, isLate: Bool)
        /// `icetalk.v1` on this channel.
        case icetalk(DataChannelID)
        /// Plain texts; on which channels says `plainChannels`.
        case plain(PlainChat)
    }

    /// How far the end has come.
    enum Stage {
        /// There may be more to say.
        case open
        /// This side has nothing more to begin.
        case finishing
        /// Our bye waits for its turn, or is said.
        case saidBye
        /// The channels close.
        case closing
    }

    /// A file on offer to the other side, or on its way there.
    struct Outgoing {
        let transfer: SendingTransfer
        var channel: DataChannelID?
        var isRunning = false
    }

    /// A file on offer from the other side, or on its way here.
    struct Incoming {
        let offer: TransferOffer
        /// Nil until it is accepted.
        var transfer: ReceivingTransfer?
        var channel: DataChannelID?
    }

    /// What happens; one task reads it, to its end.
    package nonisolated let events: AsyncStream<SessionEvent>
    package nonisolated var unownedExecutor: UnownedSerialExecutor { self.peer.unownedExecutor }

    nonisolated let peer: Peer
    nonisolated let configuration: Configuration
    nonisolated let queue: SessionEventQueue
    nonisolated let diskGate = Gate(limit: SessionLimits.waitingForDisk)

    var talk = Talk.undecided
    var stage = Stage.open
    var conversation: ConversationCore
    var isPumping = false
    var hasPeerFinished = false
    var peerHello: PeerHello?
    /// The channel that this side opened for the talk.
    var ownChannel: DataChannelID?
    /// The open channels of a plain chat, the latest last.
    var plainChannels: [DataChannelID] = []
    var outgoing: [TransferID: Outgoing] = [:]
    var incoming: [TransferID: Incoming] = [:]
    var transferChannels: [DataChannelID: TransferID] = [:]
    /// The transfers that run; they outlive their entries by what is left to do on the disk.
    var running: [TransferID: Task<Void, Never>] = [:]
    /// How the session ends, where that is known before the connection closes.
    var intendedEnd: SessionEnd?
    /// How it ended.
    var end: SessionEnd?

    private var isStarted = false
    private var isSecured = false
    private var closeReason: CloseReason?
    private var waiters: [CheckedContinuation<Void, Never>] = []
    private var timers: [UInt64: Task<Void, Never>] = [:]
    private var nextTimer: UInt64 = 0

    /// Creates a session over a peer, which nobody else asks for its events.
    package init(peer: Peer, configuration: Configuration) {
        self.peer = peer
        self.configuration = configuration
        let queue = SessionEventQueue()
        self.queue = queue
        self.events = AsyncStream(unfolding: { await queue.next() }, onCancel: { queue.finish() })
        let hello = PeerHello(name: configuration.name, version: configuration.version)
        // What follows the peer's bye is decided here, where transfers are known.
        self.conversation = ConversationCore(
            ConversationCore.Configuration(hello: hello, onPeerBye: .keepSending),
            random: .system
        )
    }

    /// Takes what the peer tells until the connection has ended and everything is freed; call it once.
    package func run() async {
        guard !self.isStarted else { return }
        self.isStarted = true
        while self.closeReason == nil, let batch = await self.peer.nextEvents() {
            for event in batch {
                self.handle(event)
            }
            self.converse()
            await self.queue.gate.room()
            await self.diskGate.room()
        }
        await self.conclude()
    }

    private func handle(_ event: PeerEvent) {
        switch event {
        case .localCandidate(let candidate):
            self.trickle([candidate])
            self.tell(.localCandidate)
        case .localDescriptionStale: self.tell(.stale)
        case .gatheringComplete: self.tell(.gatheringComplete)
        case .relayFailed(let server, let reason): self.tell(.relayFailed(server.description, SafeText(reason)))
        case .relayUnresolved(let server, let reason): self.tell(.relayFailed(server, SafeText(reason)))
        case .nameNotFound(let name): self.tell(.nameNotFound(name))
        case .path(let path): self.tell(.path(path))
        case .quiet(let isQuiet): self.tell(.quiet(isQuiet))
        case .pathLost(let limit): self.tell(.pathLost(limit))
        case .pathless: self.tell(.pathless)
        case .refused: self.giveUpUnlessConnected()
        case .impostor(let address): self.tell(.impostor(address))
        case .secured(let fingerprint):
            self.isSecured = true
            self.openTalk(with: fingerprint)
            self.tell(.secured(fingerprint))
        case .established: break
        case .channel(let event): self.handle(event)
        case .closed(let reason): self.closeReason = reason
        }
    }
}

// MARK: - The end

extension Session {
    /// This side has nothing more to say: delivers what it has begun, says bye, and returns when the session has ended.
    package func finish() async {
        if case .open = self.stage { self.stage = .finishing }
        self.finishIfIdle()
        while self.end == nil {
            await self.change()
        }
    }

    /// Tells the other side at once, as far as it can be reached, and returns when the session has ended.
    package func interrupt() async {
        if self.end == nil, self.intendedEnd == nil {
            self.intendedEnd = .interrupted
            self.queue.gate.openForGood()
            self.diskGate.openForGood()
            self.cancelAll()
            self.stage = .saidBye
            if case .icetalk = self.talk {
                self.conversation.finish()
                self.converse()
                self.after(SessionLimits.interruption) { $0.closePeer() }
            } else {
                self.closePeer()
            }
        }
        if !self.isStarted {
            self.isStarted = true
            await self.conclude()
        }
        while self.end == nil {
            await self.change()
        }
    }

    /// The other side's description was used before; a pair that is connected after all knows better.
    private func giveUpUnlessConnected() {
        self.after(SessionLimits.refusal) { session in
            guard !session.isSecured, session.intendedEnd == nil else { return }
            session.intendedEnd = .refused
            session.closePeer()
        }
    }

    /// Says bye when this side has nothing more to begin and all that was begun is done.
    func finishIfIdle() {
        guard case .finishing = self.stage, self.outgoing.isEmpty,
            self.incoming.values.allSatisfy({ $0.transfer == nil })
        else { return }
        switch self.talk {
        case .undecided, .listening(_, isLate: false):
            return
        case .listening(_, isLate: true):
            self.becomePlain()
            self.finishIfIdle()
        case .icetalk:
            self.stage = .saidBye
            for id in self.incoming.keys { self.refuse(id) }
            self.conversation.finish()
            self.converse()
        case .plain:
            self.closeTalk(as: .finished)
        }
    }

    /// Closes the channels of the talk, which delivers what was said on them; then the connection.
    func closeTalk(as end: SessionEnd) {
        if case .closing = self.stage { return }
        self.stage = .closing
        if self.intendedEnd == nil { self.intendedEnd = end }
        let channels = self.talkChannels
        guard !channels.isEmpty else { return self.closePeer() }
        for channel in channels { self.closeChannel(channel) }
        self.after(SessionLimits.farewell) { $0.closePeer() }
    }

    /// Ends the connection; `run()` does the rest.
    func closePeer() {
        self.peer.assumeIsolated { $0.close() }
    }

    /// Ends the session because of something that cannot be mended.
    func fail(_ sentence: String) {
        if self.intendedEnd == nil { self.intendedEnd = .failed(sentence) }
        self.closePeer()
    }

    private var talkChannels: [DataChannelID] {
        if case .icetalk(let channel) = self.talk { [channel] } else { self.plainChannels }
    }

    private func conclude() async {
        for entry in self.outgoing.values { entry.transfer.inbox.post(.closed) }
        for entry in self.incoming.values { entry.transfer?.inbox.post(.closed) }
        // A transfer that waits for its channel's buffer is woken by this, after the last packets have left.
        try? await Task.sleep(for: SessionLimits.lastPackets)
        await self.peer.shutDown()
        for task in self.running.values { await task.value }
        self.abandonOffers()
        for timer in self.timers.values { timer.cancel() }
        self.timers = [:]
        let end = self.howItEnded
        self.end = end
        self.tell(.ended(end))
        self.queue.finish()
        self.changed()
    }

    /// How it ends when the other side closes the channel of the talk, or the connection.
    var endByPeer: SessionEnd {
        self.hasPeerFinished && self.conversation.undelivered == 0 ? .finished : .closedByPeer
    }

    private var howItEnded: SessionEnd {
        if let intended = self.intendedEnd { return intended }
        switch self.closeReason {
        case .local: return .interrupted
        case .remote:
            if case .plain = self.talk { return .finished }
            return self.endByPeer
        case .lost, nil: return self.isSecured ? .lost : .noPath
        case .failed(let sentence): return .failed(sentence)
        }
    }
}

// MARK: - Waiting

extension Session {
    /// Tells whoever shows the session.
    func tell(_ event: SessionEvent) {
        self.queue.append(event)
    }

    /// Returns when something has changed that callers wait for.
    func change() async {
        await withCheckedContinuation { self.waiters.append($0) }
    }

    /// Wakes those who wait for a change.
    func changed() {
        let waiters = self.waiters
        self.waiters = []
        for waiter in waiters { waiter.resume() }
    }

    /// Does something later, unless the session has ended by then.
    func after(_ delay: Duration, _ body: @escaping @Sendable (isolated Session) -> Void) {
        let number = self.nextTimer
        self.nextTimer += 1
        self.timers[number] = Task { [weak self] in
            try? await Task.sleep(for: delay)
            await self?.timer(number, body)
        }
    }

    private func timer(_ number: UInt64, _ body: @Sendable (isolated Session) -> Void) {
        guard self.timers.removeValue(forKey: number) != nil, self.end == nil else { return }
        body(self)
    }
}
