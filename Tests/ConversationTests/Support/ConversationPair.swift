// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import FileTransfer
import Wire

/// Two conversations and what is under way between them.
struct ConversationPair: ~Copyable {
    var alice: ConversationCore
    var bob: ConversationCore
    var aliceEvents: [ConversationCore.Event] = []
    var bobEvents: [ConversationCore.Event] = []
    var toBob: [[UInt8]] = []
    var toAlice: [[UInt8]] = []

    init(onPeerBye: ConversationCore.PeerBye = .finish, seed: UInt64 = 1, isOpen: Bool = true) {
        var random = RandomSource.seeded(seed)
        self.alice = ConversationCore(Self.configuration("Alice", onPeerBye), random: random.fork())
        self.bob = ConversationCore(Self.configuration("Bob", onPeerBye), random: random.fork())
        if isOpen { self.open() }
    }

    private static func configuration(
        _ name: String,
        _ onPeerBye: ConversationCore.PeerBye
    ) -> ConversationCore.Configuration {
        .init(hello: PeerHello(name: name, version: "1", capabilities: ["transfer"]), onPeerBye: onPeerBye)
    }

    mutating func open(maximumMessageCount: Int = 65_536) {
        self.alice.channelOpened(maximumMessageCount: maximumMessageCount)
        self.bob.channelOpened(maximumMessageCount: maximumMessageCount)
    }

    /// The connection is lost with everything that is under way.
    mutating func close() {
        self.toBob = []
        self.toAlice = []
        self.alice.channelClosed()
        self.bob.channelClosed()
    }

    /// Lets everything flow until both are silent.
    mutating func run() throws {
        while try self.step() {}
    }

    /// Lets each side say one thing and hear one thing; false when both are silent.
    mutating func step() throws -> Bool {
        var didSomething = false
        if let message = self.alice.pollMessage() { self.toBob.append(message) }
        if let message = self.bob.pollMessage() { self.toAlice.append(message) }
        if !self.toBob.isEmpty {
            didSomething = true
            let message = self.toBob.removeFirst()
            try self.bob.receive(message.span)
        }
        if !self.toAlice.isEmpty {
            didSomething = true
            let message = self.toAlice.removeFirst()
            try self.alice.receive(message.span)
        }
        while let event = self.alice.pollEvent() { self.aliceEvents.append(event) }
        while let event = self.bob.pollEvent() { self.bobEvents.append(event) }
        return didSomething
    }

    /// What Bob was told by chat.
    var bobTexts: [String] {
        self.bobEvents.compactMap { if case .chat(let chat) = $0 { chat.text } else { nil } }
    }

    /// The ids that Alice knows to be delivered.
    var deliveredToBob: [ChatID] {
        self.aliceEvents.compactMap { if case .delivered(let id) = $0 { id } else { nil } }
    }
}

extension ConversationCore {
    mutating func receive(_ json: String) throws(Failure) {
        let bytes = Array(json.utf8)
        try self.receive(bytes.span)
    }

    mutating func drainMessages() -> [String] {
        var messages: [String] = []
        while let message = self.pollMessage() { messages.append(String(decoding: message, as: UTF8.self)) }
        return messages
    }

    mutating func drainEvents() -> [Event] {
        var events: [Event] = []
        while let event = self.pollEvent() { events.append(event) }
        return events
    }
}
