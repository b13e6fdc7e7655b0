// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DequeModule

/// Joins the parts of chat texts and recognises those that came before.
struct ChatAssembly: Sendable {
    /// What a part leads to.
    enum Result: Equatable {
        /// More parts are to come.
        case incomplete
        /// A text is whole.
        case complete(ReceivedChat)
        /// A text is whole that was complete before: its ack was lost.
        case repeated(ChatID)
        /// The part does not follow the one before, or makes the text too long.
        case refused
    }

    private var current: ReceivedChat?
    private var nextPart = 0
    private var remembered: Set<ChatID> = []
    private var order: Deque<ChatID> = []

    /// Takes a part.
    mutating func append(_ part: ChatPart) -> Result {
        var chat = ReceivedChat(id: part.id, time: part.time, text: "")
        if part.part > 0 {
            guard let current = self.current, current.id == part.id, part.part == self.nextPart else {
                self.current = nil
                return .refused
            }
            chat = current
            // Otherwise the assembly would keep a second reference, and every part would copy all before it.
            self.current = nil
        }
        guard chat.text.utf8.count + part.text.utf8.count <= ConversationLimits.textCount else {
            self.current = nil
            return .refused
        }
        chat.text += part.text
        guard part.isLast else {
            self.current = chat
            self.nextPart = part.part + 1
            return .incomplete
        }
        self.current = nil
        return self.remember(chat.id) ? .complete(chat) : .repeated(chat.id)
    }

    /// Forgets an unfinished text: the connection was lost.
    mutating func reset() {
        self.current = nil
    }

    private mutating func remember(_ id: ChatID) -> Bool {
        guard self.remembered.insert(id).inserted else { return false }
        self.order.append(id)
        if self.order.count > ConversationLimits.rememberedIDs {
            self.remembered.remove(self.order.removeFirst())
        }
        return true
    }
}
