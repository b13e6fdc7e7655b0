// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Conversation
import DTLS
import DataChannels
import Glibc
import ICE
import Peering
import Reactor
import SDP
import Wire

// MARK: - Chat

extension Session {
    /// Says a text, after waiting until there is a talk and room in its outbox; gives its id, which a plain chat has not.
    ///
    /// - Throws: `.ended`, `.finished`, `.textTooLong`.
    @discardableResult
    package func say(_ text: String) async throws(SessionError) -> ChatID? {
        let count = text.utf8.count
        guard count <= ConversationLimits.textCount else { throw .textTooLong(count) }
        while true {
            if let end = self.end { throw .ended(end) }
            guard case .open = self.stage else { throw .finished }
            switch self.talk {
            case .icetalk:
                if self.conversation.hasRoom, let id = try self.sayInOutbox(text) { return id }
            case .plain(let chat):
                if let channel = self.plainChannels.last {
                    if await self.sayPlainly(chat.messages(for: text), on: channel) { return nil }
                    continue
                }
            case .listening(_, isLate: true):
                self.becomePlain()
                continue
            case .listening, .undecided:
                break
            }
            await self.change()
        }
    }

    /// Nil when the outbox is full.
    private func sayInOutbox(_ text: String) throws(SessionError) -> ChatID? {
        do throws(ConversationCore.Refusal) {
            let id = try self.conversation.send(text: text, time: Self.millisecondsSince1970)
            self.converse()
            return id
        } catch {
            switch error {
            case .outboxFull: return nil
            case .textTooLong(let count): throw .textTooLong(count)
            case .finished, .nameTooLong: throw .finished
            }
        }
    }

    /// False when the channel closed meanwhile: then another one may serve, or the session ends.
    private func sayPlainly(_ messages: [[UInt8]], on channel: DataChannelID) async -> Bool {
        for message in messages {
            do {
                try await self.peer.send(message, as: .text, on: channel)
            } catch {
                self.plainChannels.removeAll { $0 == channel }
                return false
            }
        }
        return true
    }

    private static var millisecondsSince1970: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(max(time.tv_sec, 0)) * 1_000 + UInt64(max(time.tv_nsec, 0)) / 1_000_000
    }
}

// MARK: - Which talk it is

extension Session {
    /// Opens the channel of the talk where this side is the one to do so; it waits for the association.
    ///
    /// Of two that are alike it is the one with the lesser fingerprint: as DTLS server it has keys before the other, so its
    /// half of the association's handshake is ahead, and the channel's announcement travels with its cookie.
    func openTalk(with fingerprint: Fingerprint) {
        let isOpener =
            switch self.configuration.signaling {
            case .symmetric: self.peer.fingerprint.bytes.lexicographicallyPrecedes(fingerprint.bytes)
            case .sdp(let isOfferer): isOfferer
            }
        guard isOpener, self.ownChannel == nil else { return }
        let parameters = DataChannelParameters(
            label: ConversationChannel.label,
            protocolName: ConversationChannel.protocolName
        )
        self.ownChannel = try? self.peer.assumeIsolated { try $0.openChannel(parameters) }
        // What is said already travels with the announcement of the channel.
        if let channel = self.ownChannel, case .symmetric = self.configuration.signaling {
            self.becomeIcetalk(on: channel)
        }
    }

    /// The channel that this side opened is open.
    func ownChannelOpened(_ channel: DataChannelID) {
        guard case .undecided = self.talk else {
            if case .plain = self.talk { self.plainChannels.insert(channel, at: 0) }
            return
        }
        self.talk = .listening(channel, isLate: false)
        self.after(SessionLimits.helloPatience) { session in
            guard case .listening(let channel, isLate: false) = session.talk else { return }
            session.talk = .listening(channel, isLate: true)
            session.finishIfIdle()
            session.changed()
        }
        self.after(SessionLimits.helloLimit) { session in
            if case .listening = session.talk { session.becomePlain() }
        }
    }

    /// The other side speaks `icetalk.v1` on this channel: says hello.
    func becomeIcetalk(on channel: DataChannelID) {
        self.talk = .icetalk(channel)
        self.plainChannels = []
        self.conversation.channelOpened(maximumMessageCount: self.remoteMaximumMessageCount)
        // What was found after the description was given out.
        self.trickle((try? self.peer.assumeIsolated { try $0.localDescription() })?.candidates ?? [])
        self.finishIfIdle()
        self.changed()
    }

    /// The other side is no icetalk: every channel but those of transfers is a chat.
    func becomePlain() {
        if case .listening(let channel, _) = self.talk { self.plainChannels.insert(channel, at: 0) }
        self.talk = .plain(PlainChat(maximumMessageCount: self.remoteMaximumMessageCount))
        self.tell(.peer(nil))
        self.changed()
    }

    /// The largest message that the other side takes, in bytes; 0 means no limit.
    var remoteMaximumMessageCount: Int {
        // RFC 8841 §6.1: 64 K where nothing was said.
        self.peer.assumeIsolated { $0.remoteMaxMessageSize.map(Int.init) } ?? 65_536
    }
}

// MARK: - The conversation

extension Session {
    /// Sends what the conversation has to say, and tells what it has heard.
    func converse() {
        self.hearConversation()
        guard case .icetalk(let channel) = self.talk, !self.isPumping else { return }
        self.isPumping = true
        Task { await self.pump(into: channel) }
    }

    private func pump(into channel: DataChannelID) async {
        while let message = self.conversation.pollMessage() {
            do {
                try await self.peer.send(message, as: .text, on: channel)
            } catch {
                // What was not acknowledged stays in the outbox; that the channel is closed comes as an event.
                break
            }
        }
        self.isPumping = false
        self.hearConversation()
        self.closeIfEnded()
        self.changed()
    }

    /// Takes a message of the talk's channel.
    func receiveInTalk(_ message: [UInt8]) {
        do throws(ConversationCore.Failure) {
            try self.conversation.receive(message.span)
        } catch {
            // Anything else was dropped, and harms nobody.
            if case .flooding = error { self.fail("The other side floods this one with messages.") }
        }
        self.hearConversation()
    }

    private func hearConversation() {
        while let event = self.conversation.pollEvent() {
            switch event {
            case .peerHello(let hello):
                guard hello != self.peerHello else { break }
                self.peerHello = hello
                self.tell(.peer(hello))
            case .chat(let chat): self.tell(.chat(chat))
            case .delivered(let id):
                self.tell(.delivered(id))
                self.changed()
            case .offered(let id, let offer): self.offered(id, offer)
            case .accepted(let id): self.accepted(id)
            case .declined(let id): self.declined(id)
            case .cancelled(let id, let reason): self.cancelled(id, reason)
            case .completed(let id, let size): self.completed(id, size: size)
            case .candidate(let text): self.takeCandidate(text)
            case .peerFinished: self.peerFinished()
            case .ended: break
            }
        }
    }

    /// Tells the other side of addresses by which this one may be reached, while it is there to hear it (RFC 8838).
    func trickle(_ candidates: [Candidate]) {
        guard case .icetalk = self.talk else { return }
        for candidate in candidates {
            self.conversation.tell(candidate: candidate.attribute.description)
        }
        self.converse()
    }

    private func takeCandidate(_ text: String) {
        guard let candidate = CandidateAttribute(text) else { return }
        try? self.peer.assumeIsolated { try $0.addRemoteCandidate(candidate) }
    }

    private func peerFinished() {
        self.hasPeerFinished = true
        guard self.configuration.endsWithBye, case .open = self.stage else { return }
        self.stage = .finishing
        self.finishIfIdle()
        self.changed()
    }

    /// Closes when both have said bye, and ours is on its way.
    func closeIfEnded() {
        guard self.conversation.isEnded, !self.isPumping else { return }
        self.closeTalk(as: .finished)
    }
}
