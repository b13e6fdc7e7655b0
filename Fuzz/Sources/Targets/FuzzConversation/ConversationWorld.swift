// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import FileTransfer
import FuzzDriver
import Wire

/// One side of a conversation.
final class ConversationEnd {
    var core: ConversationCore
    var said: [String] = []
    var saidIDs: [ChatID] = []
    var delivered: [ChatID] = []
    var heard: [String] = []
    var offers: [TransferID] = []
    /// Messages on the way to this side.
    var inbox: [[UInt8]] = []
    var hasEnded = false

    init(random: UInt64) {
        let hello = PeerHello(name: "name", version: "1")
        self.core = ConversationCore(.init(hello: hello, onPeerBye: .keepSending), random: .seeded(random))
    }

    func drain() {
        while let event = self.core.pollEvent() {
            require(!self.hasEnded, "\(event) after the end")
            switch event {
            case .chat(let chat): self.heard.append(chat.text)
            case .delivered(let id): self.delivered.append(id)
            case .offered(let id, _): self.offers.append(id)
            case .ended: self.hasEnded = true
            default: break
            }
        }
    }
}

/// Two sides that mean well.
struct ConversationWorld {
    private let ends: [ConversationEnd]
    private var isOpen = false
    private var count = 0

    init(random: UInt8) {
        self.ends = [ConversationEnd(random: UInt64(random)), ConversationEnd(random: UInt64(random) + 1_000)]
    }

    /// Does what the input says next.
    mutating func step(_ input: inout FuzzInput) {
        let operation = input.u8()
        let index = Int(operation & 1)
        let end = self.ends[index]
        switch operation >> 1 & 7 {
        case 0: self.isOpen ? self.close() : self.open()
        case 1, 2: self.say(length: operation >> 4, on: end)
        case 3: _ = try? end.core.offer(TransferOffer(name: Array("a".utf8), size: 1))
        case 4 where !end.offers.isEmpty:
            let id = end.offers.removeLast()
            _ = operation & 16 == 0 ? end.core.accept(id) : end.core.decline(id)
        case 5: end.core.finish()
        case 6: self.poll(index)
        default: self.deliver(to: index)
        }
        for end in self.ends { end.drain() }
    }

    private mutating func say(length: UInt8, on end: ConversationEnd) {
        self.count += 1
        let text = String(repeating: "é", count: Int(length) * 500) + "\(self.count)"
        guard let id = try? end.core.send(text: text, time: 1) else { return }
        end.said.append(text)
        end.saidIDs.append(id)
    }

    private mutating func open() {
        self.isOpen = true
        for end in self.ends { end.core.channelOpened(maximumMessageCount: 4_096) }
    }

    private mutating func close() {
        self.isOpen = false
        for end in self.ends {
            end.inbox = []
            end.core.channelClosed()
        }
    }

    private func poll(_ index: Int) {
        guard let message = self.ends[index].core.pollMessage() else { return }
        require(self.isOpen, "a message without a channel")
        require(message.count <= 4_096, "\(message.count) bytes")
        self.ends[1 - index].inbox.append(message)
    }

    private func deliver(to index: Int) {
        guard !self.ends[index].inbox.isEmpty else { return }
        let message = self.ends[index].inbox.removeFirst()
        do throws(ConversationCore.Failure) {
            try self.ends[index].core.receive(message.span)
        } catch {
            // A channel that closed took answers along: what they were about is repeated.
            switch error {
            case .staleAck, .staleTransfer: break
            default: fail("\(error)")
            }
        }
    }

    /// With the channel open, everything arrives.
    mutating func requireDelivery() {
        if !self.isOpen { self.open() }
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            for index in 0...1 {
                while let message = self.ends[index].core.pollMessage() {
                    isQuiet = false
                    self.ends[1 - index].inbox.append(message)
                }
            }
            for index in 0...1 {
                while !self.ends[index].inbox.isEmpty { self.deliver(to: index) }
                self.ends[index].drain()
            }
        }
        for index in 0...1 {
            requireEqual(self.ends[1 - index].heard, self.ends[index].said)
            requireEqual(self.ends[index].delivered, self.ends[index].saidIDs)
            requireEqual(self.ends[index].core.undelivered, 0)
        }
    }
}
