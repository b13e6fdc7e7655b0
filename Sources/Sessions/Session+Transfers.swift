// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import DataChannels
package import FileTransfer
import Reactor

// MARK: - What people decide

extension Session {
    /// Offers an opened file, after waiting until there is a talk.
    ///
    /// - Throws: `.ended`, `.finished`, `.filesNotTaken`, `.nameTooLong`.
    package func offer(_ source: consuming sending SourceFile) async throws(SessionError) -> TransferID {
        while true {
            if let end = self.end { throw .ended(end) }
            guard case .open = self.stage else { throw .finished }
            switch self.talk {
            case .icetalk: return try self.offerNow(source)
            case .plain: throw .filesNotTaken
            case .undecided, .listening: await self.change()
            }
        }
    }

    private func offerNow(_ source: consuming sending SourceFile) throws(SessionError) -> TransferID {
        let id: TransferID
        do throws(ConversationCore.Refusal) {
            id = try self.conversation.offer(source.offer)
        } catch {
            if case .nameTooLong = error { throw .nameTooLong }
            throw .finished
        }
        self.outgoing[id] = Outgoing(transfer: SendingTransfer(source, id: id, gate: self.diskGate))
        self.converse()
        return id
    }

    /// Accepts an offer; the file goes to `target`.
    ///
    /// - Throws: `.ended`, `.noSuchOffer`; `.file` when the directory cannot be used: the offer stands then.
    package func accept(
        _ id: TransferID,
        into target: DownloadTarget,
        onConflict policy: ConflictPolicy = .rename
    ) async throws(SessionError) {
        if let end = self.end { throw .ended(end) }
        guard let entry = self.incoming[id], entry.transfer == nil else { throw .noSuchOffer }
        let transfer = ReceivingTransfer(entry.offer, id: id, into: target, gate: self.diskGate)
        do throws(FileFailure) {
            try await transfer.open(onConflict: policy)
        } catch {
            throw .file(error)
        }
        guard self.incoming[id]?.transfer == nil, self.conversation.accept(id) else { throw .noSuchOffer }
        self.incoming[id]?.transfer = transfer
        self.converse()
    }

    /// Declines an offer of the other side.
    package func decline(_ id: TransferID) {
        self.refuse(id)
        self.converse()
    }

    /// Ends a transfer of either direction, or withdraws or declines an offer.
    package func cancel(_ id: TransferID) {
        self.cancelWithoutTelling(id)
        self.converse()
    }

    /// Cancels every transfer and offer.
    func cancelAll() {
        for id in Array(self.outgoing.keys) + Array(self.incoming.keys) {
            self.cancelWithoutTelling(id)
        }
    }

    /// Declines an offer that was not accepted.
    func refuse(_ id: TransferID) {
        guard let entry = self.incoming[id], entry.transfer == nil else { return }
        self.incoming[id] = nil
        _ = self.conversation.decline(id)
    }

    private func cancelWithoutTelling(_ id: TransferID) {
        if self.running[id] != nil {
            self.inbox(of: id)?.post(.cancelled)
        } else if self.incoming[id] != nil, self.incoming[id]?.transfer == nil {
            self.refuse(id)
        } else if self.outgoing[id] != nil || self.incoming[id] != nil {
            self.transfer(id, endedWith: .failed(.cancelledHere))
        }
    }
}

// MARK: - What the other side decides

extension Session {
    /// The other side offers a file.
    func offered(_ id: TransferID, _ offer: TransferOffer) {
        switch self.stage {
        case .open, .finishing:
            self.incoming[id] = Incoming(offer: offer)
            self.tell(.offered(id, offer))
        case .saidBye, .closing:
            _ = self.conversation.decline(id)
        }
    }

    /// The other side accepts an offer: opens its channel.
    func accepted(_ id: TransferID) {
        guard self.outgoing[id] != nil else { return }
        let parameters = DataChannelParameters(
            label: TransferChannel.label(for: id),
            protocolName: TransferChannel.protocolName
        )
        do {
            let channel = try self.peer.assumeIsolated { try $0.openChannel(parameters) }
            self.outgoing[id]?.channel = channel
            self.transferChannels[channel] = id
        } catch {
            self.transfer(id, endedWith: .failed(.channelClosed))
        }
    }

    /// The other side declines an offer.
    func declined(_ id: TransferID) {
        guard self.outgoing.removeValue(forKey: id) != nil else { return }
        self.tell(.declined(id))
        self.finishIfIdle()
    }

    /// The other side has the whole file, if it has as many bytes as were offered.
    func completed(_ id: TransferID, size: UInt64) {
        guard let transfer = self.outgoing[id]?.transfer else { return }
        transfer.inbox.post(size == transfer.offer.size ?? size ? .completed : .cancelledByPeer(.integrity))
    }

    /// The other side ended a transfer or withdrew an offer.
    func cancelled(_ id: TransferID, _ reason: TransferCancelReason) {
        if self.running[id] != nil {
            self.inbox(of: id)?.post(.cancelledByPeer(reason))
        } else if self.outgoing[id] != nil || self.incoming[id] != nil {
            self.transfer(id, endedWith: .failed(.cancelledByPeer(reason)))
        }
    }

    /// The channel of a transfer is closed; the word that says why travels on another one, and may come later.
    func transferChannelClosed(_ id: TransferID) {
        if self.outgoing[id]?.channel != nil { self.outgoing[id]?.channel = nil }
        if self.incoming[id]?.channel != nil { self.incoming[id]?.channel = nil }
        guard self.running[id] != nil else {
            if self.outgoing[id] != nil { self.transfer(id, endedWith: .failed(.channelClosed)) }
            return
        }
        self.after(SessionLimits.closingGrace) { $0.inbox(of: id)?.post(.closed) }
    }
}

// MARK: - While a transfer runs

extension Session {
    /// Where a transfer takes what comes for it.
    func inbox(of id: TransferID) -> TransferInbox? {
        self.outgoing[id]?.transfer.inbox ?? self.incoming[id]?.transfer?.inbox
    }

    /// The channel of an accepted offer is open.
    func startSending(_ id: TransferID, on channel: DataChannelID) {
        guard let entry = self.outgoing[id], self.running[id] == nil else { return }
        let limit = self.remoteMaximumMessageCount
        let maximum = limit == 0 ? TransferLimits.messageCount : limit
        self.running[id] = Task {
            await entry.transfer.run(on: channel, maximumMessageCount: maximum, for: self)
            self.running[id] = nil
        }
    }

    /// The sender opened the channel of a transfer; false unless it was accepted and has none yet.
    func startReceiving(_ id: TransferID, on channel: DataChannelID) -> Bool {
        guard let transfer = self.incoming[id]?.transfer, self.running[id] == nil else { return false }
        self.incoming[id]?.channel = channel
        self.transferChannels[channel] = id
        self.running[id] = Task {
            await transfer.run(on: channel, for: self)
            self.running[id] = nil
        }
        return true
    }

    /// Sends messages of a transfer, waiting while the channel's buffer is full; false when the channel is gone.
    func send(_ messages: [[UInt8]], on channel: DataChannelID) async -> Bool {
        for message in messages {
            do {
                try await self.peer.send(message, as: .binary, on: channel)
            } catch {
                return false
            }
        }
        return true
    }

    /// A transfer has got on.
    func transfer(_ id: TransferID, hasProgressed progress: TransferProgress) {
        self.tell(.progress(id, progress))
    }

    /// A transfer or an offer has come to its end: tells both sides, and closes the channel.
    func transfer(_ id: TransferID, endedWith outcome: TransferOutcome) {
        let channel = self.outgoing[id]?.channel ?? self.incoming[id]?.channel
        guard self.outgoing.removeValue(forKey: id) != nil || self.incoming.removeValue(forKey: id) != nil else {
            return
        }
        if let channel { self.transferChannels[channel] = nil }
        switch outcome {
        case .received(let file):
            _ = self.conversation.complete(id, size: file.size)
        case .delivered:
            if let channel { self.closeChannel(channel) }
        case .failed(let failure):
            if let reason = failure.reasonForPeer { _ = self.conversation.cancel(id, reason) }
            if let channel { self.closeChannel(channel) }
        }
        self.tell(.transferred(id, outcome))
        self.finishIfIdle()
        self.converse()
    }

    /// Ends what was offered and never answered: the session is over.
    func abandonOffers() {
        for id in Array(self.outgoing.keys) + Array(self.incoming.keys) {
            self.transfer(id, endedWith: .failed(.channelClosed))
        }
    }
}
