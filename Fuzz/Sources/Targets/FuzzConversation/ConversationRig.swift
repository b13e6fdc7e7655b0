// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import FileTransfer
import FuzzDriver
import Wire

/// One side and a peer that says anything.
struct ConversationRig: ~Copyable {
    private var core: ConversationCore
    private var offered: [TransferID] = []
    private var chats: [ChatID] = []
    private var hasEnded = false

    init(random: UInt8) {
        let hello = PeerHello(name: "name", version: "1")
        self.core = ConversationCore(.init(hello: hello), random: .seeded(UInt64(random)))
        self.core.channelOpened(maximumMessageCount: 0)
    }

    /// Does what the input says next.
    mutating func step(_ input: inout FuzzInput) {
        let operation = input.u8()
        switch operation & 15 {
        case 0: self.core.channelOpened(maximumMessageCount: Int(input.u16()))
        case 1: self.core.channelClosed()
        case 2: if let id = try? self.core.send(text: "hello", time: 0) { self.chats.append(id) }
        case 3:
            if let id = try? self.core.offer(TransferOffer(name: input.take(3), size: nil)) { self.offered.append(id) }
        case 4: self.core.finish()
        case 5: self.decide(&input)
        case 6: try? self.core.receive(input.block().span)
        default: try? self.core.receive(self.message(operation & 15, &input).encoded.span)
        }
        while let message = self.core.pollMessage() {
            require(message.count <= ConversationLimits.messageCount)
            require((try? ConversationMessage(parsing: message.span)) != nil, "a message that cannot be read")
        }
        self.drain()
    }

    private mutating func drain() {
        while let event = self.core.pollEvent() {
            if case .offered(let id, _) = event { self.offered.append(id) }
            if case .ended = event {
                require(!self.hasEnded, "a conversation ends once")
                self.hasEnded = true
            }
        }
        if self.offered.count > 64 { self.offered.removeFirst() }
        if self.chats.count > 64 { self.chats.removeFirst() }
    }

    private mutating func decide(_ input: inout FuzzInput) {
        let id = self.transfer(&input)
        switch input.u8() & 3 {
        case 0: _ = self.core.accept(id)
        case 1: _ = self.core.decline(id)
        case 2: _ = self.core.cancel(id, .init(token: "x"))
        default: _ = self.core.complete(id, size: 1)
        }
    }

    private func message(_ type: UInt8, _ input: inout FuzzInput) -> ConversationMessage {
        switch type {
        case 7: .hello(PeerHello(name: String(decoding: input.take(8), as: UTF8.self), version: ""))
        case 8, 9: self.chat(&input)
        case 10: .ack(self.chats.isEmpty || input.flag() ? input.u64() : self.chats[input.choice(self.chats.count)])
        case 11: .offer(self.transfer(&input), TransferOffer(name: input.take(4), size: UInt64(input.u16())))
        case 12: .accept(self.transfer(&input))
        case 13: .decline(self.transfer(&input))
        case 14: input.flag() ? .cancel(self.transfer(&input), .init(token: "")) : .bye
        default: .complete(self.transfer(&input), size: UInt64(input.u16()))
        }
    }

    private func chat(_ input: inout FuzzInput) -> ConversationMessage {
        let shape = input.u8()
        return .chat(
            ChatPart(
                id: UInt64(shape >> 4),
                time: 0,
                text: String(decoding: input.take(Int(shape & 7)), as: UTF8.self),
                part: input.choice(4),
                isLast: shape & 8 == 0
            )
        )
    }

    /// A transfer that there is, or one that there is not.
    private func transfer(_ input: inout FuzzInput) -> TransferID {
        if !self.offered.isEmpty, input.flag() { return self.offered[input.choice(self.offered.count)] }
        guard let id = TransferID(1 + UInt64(input.u8())) else { fail("a small number is a transfer's") }
        return id
    }
}
