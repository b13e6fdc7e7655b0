// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import DataChannels
import FileTransfer
import Reactor

extension Session {
    /// Takes what happened to a channel.
    func handle(_ event: DataChannelEvent) {
        switch event {
        case .opened(let channel, by: .local): self.localChannelOpened(channel)
        case .opened(let channel, by: .remote): self.remoteChannelOpened(channel)
        case .message(let channel, let kind, let bytes): self.receive(bytes, kind, on: channel)
        case .invalidText(let channel, let bytes):
            if self.plainChannels.contains(channel) { self.receivePlainly(bytes) }
        case .bufferedAmountLow: break
        case .closed(let channel, let reason): self.channelClosed(channel, reason)
        }
    }

    /// Closes a channel; what was sent on it still arrives.
    func closeChannel(_ channel: DataChannelID) {
        self.peer.assumeIsolated { $0.closeChannel(channel) }
    }

    private func localChannelOpened(_ channel: DataChannelID) {
        if channel == self.ownChannel {
            self.ownChannelOpened(channel)
        } else if let id = self.transferChannels[channel] {
            self.startSending(id, on: channel)
        }
    }

    private func remoteChannelOpened(_ channel: DataChannelID) {
        guard let parameters = self.peer.assumeIsolated({ $0.parameters(of: channel) }) else { return }
        switch parameters.protocolName {
        case TransferChannel.protocolName:
            guard let id = TransferChannel.transfer(ofLabel: parameters.label), self.startReceiving(id, on: channel)
            else { return self.closeChannel(channel) }
        case ConversationChannel.protocolName:
            guard self.mayAcceptTalk else { return self.closeChannel(channel) }
            self.becomeIcetalk(on: channel)
        default:
            self.plainChannelOpened(channel)
        }
    }

    /// Whether the other side may be the one to open the talk.
    private var mayAcceptTalk: Bool {
        switch self.talk {
        case .icetalk, .plain: false
        case .listening: true
        case .undecided: self.ownChannel == nil
        }
    }

    private func plainChannelOpened(_ channel: DataChannelID) {
        switch self.talk {
        case .undecided, .listening:
            guard case .sdp = self.configuration.signaling else { return self.closeChannel(channel) }
            self.becomePlain()
        case .plain: break
        case .icetalk: return self.closeChannel(channel)
        }
        guard self.plainChannels.count < SessionLimits.plainChannels else { return self.closeChannel(channel) }
        self.plainChannels.append(channel)
        self.finishIfIdle()
        self.changed()
    }

    private func receive(_ bytes: [UInt8], _ kind: DataChannelMessageKind, on channel: DataChannelID) {
        if let id = self.transferChannels[channel] {
            self.inbox(of: id)?.post(.message(bytes))
            return
        }
        guard case .text = kind else { return }
        switch self.talk {
        case .icetalk(channel):
            self.receiveInTalk(bytes)
        case .listening(channel, _):
            if Self.isHello(bytes) {
                self.becomeIcetalk(on: channel)
                self.receiveInTalk(bytes)
            } else {
                self.becomePlain()
                self.receivePlainly(bytes)
            }
        case .plain where self.plainChannels.contains(channel):
            // A hello that a bad path delayed beyond all patience is one all the same.
            guard channel == self.ownChannel, Self.isHello(bytes) else { return self.receivePlainly(bytes) }
            self.becomeIcetalk(on: channel)
            self.receiveInTalk(bytes)
        case .undecided, .listening, .icetalk, .plain:
            break
        }
    }

    private static func isHello(_ bytes: [UInt8]) -> Bool {
        if case .hello? = try? ConversationMessage(parsing: bytes.span) { true } else { false }
    }

    private func receivePlainly(_ bytes: [UInt8]) {
        guard case .plain(let chat) = self.talk, let text = try? chat.receive(bytes.span) else { return }
        self.tell(.chat(text))
    }

    /// The channel of the talk is gone, and with it the session.
    private func endAfterTalk() {
        if self.intendedEnd == nil { self.intendedEnd = self.endByPeer }
        self.closePeer()
    }

    private func channelClosed(_ channel: DataChannelID, _ reason: DataChannelEvent.CloseReason) {
        if let id = self.transferChannels.removeValue(forKey: channel) {
            return self.transferChannelClosed(id)
        }
        self.plainChannels.removeAll { $0 == channel }
        switch self.talk {
        case .icetalk(channel):
            self.conversation.channelClosed()
            if case .associationEnded = reason {
                // Why it ended is told next, unless the other side merely began it anew.
                self.after(SessionLimits.closingGrace) { $0.endAfterTalk() }
            } else {
                self.endAfterTalk()
            }
        case .listening(channel, _) where reason != .associationEnded:
            self.becomePlain()
            self.plainChannels.removeAll { $0 == channel }
        case .plain:
            if case .closing = self.stage, self.plainChannels.isEmpty { self.closePeer() }
        case .undecided, .listening, .icetalk:
            break
        }
        self.changed()
    }
}
