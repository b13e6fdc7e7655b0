// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

@testable import Rendezvous

/// An honest mailbox server in memory, with the rules of magic-wormhole's.
///
/// Whoever uses it hands over requests by connection, and takes from `responses` what is to be delivered to whom.
struct MemoryMailbox {
    /// What every client is greeted with.
    var welcome = MailboxWelcome()
    /// What is to be delivered, in order.
    var responses: [(connection: Int, response: MailboxResponse)] = []
    /// The texts of all errors that were sent.
    private(set) var errors: [String] = []
    /// The moods that mailboxes were closed with.
    private(set) var moods: [String] = []
    /// Every message that was added.
    private(set) var added: [MailboxMessage] = []

    private var connections: [Int: Connection] = [:]
    private var nameplates: [String: Nameplate] = [:]
    private var mailboxes: [String: Mailbox] = [:]
    private var mailboxCount = 0

    private struct Connection {
        var side: String?
        var mailbox: String?
        var hasAllocated = false
        var hasClaimed = false
        var isAllowed: Bool
    }

    private struct Nameplate {
        let mailbox: String
        var claims: [String: Bool] = [:]
    }

    private struct Mailbox {
        var sides: [String: Bool] = [:]
        var messages: [MailboxMessage] = []
    }

    /// Whether nothing is kept any more.
    var isEmpty: Bool { self.nameplates.isEmpty && self.mailboxes.isEmpty }

    /// Nameplates that are in use.
    var usedNameplates: [String] { self.nameplates.keys.sorted() }

    mutating func connect(_ connection: Int) {
        self.connections[connection] = Connection(isAllowed: self.welcome.permissions.isEmpty)
        self.respond(.welcome(self.welcome), to: connection)
    }

    mutating func disconnect(_ connection: Int) { self.connections[connection] = nil }

    /// Loses everything, as a server that keeps nothing on disk does when it is started again.
    mutating func forget() {
        self.nameplates = [:]
        self.mailboxes = [:]
    }

    mutating func handle(_ text: [UInt8], from connection: Int) {
        guard self.connections[connection] != nil else { return }
        guard let request = try? MailboxRequest(parsing: text.span) else {
            return self.refuse("unknown", text, to: connection)
        }
        self.respond(.ack(id: nil), to: connection)
        if case .ping(let value) = request { return self.respond(.pong(value), to: connection) }
        if let reason = self.obey(request, from: connection) { self.refuse(reason, text, to: connection) }
    }

    private mutating func refuse(_ reason: String, _ text: [UInt8], to connection: Int) {
        self.errors.append(reason)
        self.respond(.error(reason, orig: JSONText(validating: text)), to: connection)
    }

    private mutating func respond(_ response: MailboxResponse, to connection: Int) {
        self.responses.append((connection, response))
    }

    /// Does what is asked; the reason if it is refused.
    private mutating func obey(_ request: MailboxRequest, from number: Int) -> String? {
        guard var connection = self.connections[number] else { return nil }
        defer { self.connections[number] = connection }
        switch request {
        case .submitPermissions:
            connection.isAllowed = true
            return nil
        case .bind(_, let side, _):
            guard connection.isAllowed else { return "permission required" }
            guard connection.side == nil else { return "already bound" }
            connection.side = side
            return nil
        default: break
        }
        guard let side = connection.side else { return "must bind first" }
        switch request {
        case .allocate:
            guard !connection.hasAllocated else { return "already allocated" }
            connection.hasAllocated = true
            let nameplate = (1...).lazy.map(String.init).first { self.nameplates[$0] == nil } ?? "1"
            _ = self.claim(nameplate, side: side)
            self.respond(.allocated(nameplate: nameplate), to: number)
        case .claim(let nameplate):
            guard !connection.hasClaimed else { return "only one claim per connection" }
            connection.hasClaimed = true
            switch self.claim(nameplate, side: side) {
            case .success(let mailbox): self.respond(.claimed(mailbox: mailbox), to: number)
            case .failure(let refusal): return refusal.reason
            }
        case .release(let nameplate):
            guard let nameplate else { return "release without nameplate" }
            self.release(nameplate, side: side)
            self.respond(.released, to: number)
        case .open(let mailbox):
            guard connection.mailbox == nil else { return "only one open per connection" }
            guard self.open(mailbox, side: side) else { return "crowded" }
            connection.mailbox = mailbox
            for message in self.mailboxes[mailbox]?.messages ?? [] { self.respond(.message(message), to: number) }
        case .add(let phase, let body):
            guard let mailbox = connection.mailbox else { return "must open mailbox before adding" }
            let message = MailboxMessage(side: side, phase: phase, body: body)
            self.added.append(message)
            self.mailboxes[mailbox]?.messages.append(message)
            self.connections[number] = connection
            for (listener, other) in self.connections.sorted(by: { $0.key < $1.key }) where other.mailbox == mailbox {
                self.respond(.message(message), to: listener)
            }
        case .close(let name, let mood):
            guard let mailbox = name ?? connection.mailbox else { return "close without mailbox" }
            if connection.mailbox == nil, !self.open(mailbox, side: side) { return "crowded" }
            connection.mailbox = nil
            self.close(mailbox, side: side, mood: mood)
            self.respond(.closed, to: number)
        case .list: self.respond(.nameplates(self.usedNameplates), to: number)
        case .bind, .ping, .submitPermissions: break
        }
        return nil
    }

    private struct Refusal: Error {
        let reason: String
    }

    private mutating func claim(_ name: String, side: String) -> Result<String, Refusal> {
        var nameplate = self.nameplates[name]
        if nameplate == nil {
            self.mailboxCount += 1
            nameplate = Nameplate(mailbox: "mailbox\(self.mailboxCount)")
        }
        guard var nameplate else { return .failure(Refusal(reason: "unknown")) }
        if nameplate.claims[side] == false { return .failure(Refusal(reason: "reclaimed")) }
        nameplate.claims[side] = true
        self.nameplates[name] = nameplate
        return self.open(nameplate.mailbox, side: side)
            ? .success(nameplate.mailbox) : .failure(Refusal(reason: "crowded"))
    }

    private mutating func release(_ name: String, side: String) {
        guard var nameplate = self.nameplates[name], nameplate.claims[side] != nil else { return }
        nameplate.claims[side] = false
        self.nameplates[name] = nameplate.claims.values.contains(true) ? nameplate : nil
    }

    private mutating func open(_ name: String, side: String) -> Bool {
        var mailbox = self.mailboxes[name] ?? Mailbox()
        guard mailbox.sides[side] != nil || mailbox.sides.count < 2 else { return false }
        mailbox.sides[side] = mailbox.sides[side] ?? true
        self.mailboxes[name] = mailbox
        return true
    }

    private mutating func close(_ name: String, side: String, mood: String?) {
        self.moods.append(mood ?? "")
        self.mailboxes[name]?.sides[side] = false
        guard let mailbox = self.mailboxes[name], !mailbox.sides.values.contains(true) else { return }
        self.mailboxes[name] = nil
        self.nameplates = self.nameplates.filter { $0.value.mailbox != name }
    }
}
