// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

extension MailboxClient {
    /// A message came from the server; what cannot be read is ignored.
    package mutating func handle(text: Span<UInt8>, at now: Instant) {
        guard !self.isOver, let response = try? MailboxResponse(parsing: text) else { return }
        switch self.link {
        case .down, .wanted, .mining: return
        case .greeting(let since):
            if case .welcome(let welcome) = response { self.greet(welcome, since: since, at: now) }
        case .bound(var bound):
            bound.heard = now
            bound.answerBy = nil
            self.link = .bound(bound)
            self.take(response)
        }
    }

    private mutating func greet(_ welcome: MailboxWelcome, since: Instant, at now: Instant) {
        if let error = welcome.error { return self.fail(.refused(SafeText(error))) }
        self.wasWelcome = true
        self.events.append(.welcome(welcome))
        if welcome.permissions.isEmpty || welcome.permissions.contains(.none) { return self.bind(at: now) }
        for case .hashcash(let bits, let resource) in welcome.permissions {
            if let hashcash = Hashcash(
                bits: bits,
                resource: resource,
                secondsSince1970: self.secondsSince1970,
                random: &self.random
            ) {
                self.link = .mining(hashcash, since: since)
                return
            }
        }
        self.fail(.permissionRequired)
    }

    private mutating func take(_ response: MailboxResponse) {
        switch response {
        case .allocated(let nameplate): self.take(nameplate: nameplate)
        case .claimed(let mailbox): self.take(mailbox: mailbox)
        case .message(let message): self.take(message)
        case .released: self.release = .done
        case .closed: if self.closing != nil { self.end() }
        case .pong(Self.openingPing): self.finishOpening()
        case .iceServers(let servers, let expires): self.events.append(.iceServers(servers, expires: expires))
        case .error(let reason, let orig): self.take(error: reason, orig: orig?.object?.string("type"))
        case .welcome, .nameplates, .ack, .pong, .unknown: break
        }
    }

    private mutating func take(nameplate: String) {
        guard self.nameplate == nil, self.mailbox == nil else { return }
        let isNumber = nameplate.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard isNumber, !nameplate.isEmpty else { return self.fail(.misbehaving) }
        self.nameplate = nameplate
        self.events.append(.allocated(nameplate: nameplate))
        self.proceed()
    }

    private mutating func take(mailbox: String) {
        guard self.nameplate != nil, !self.hasOpened else { return }
        if mailbox != self.mailbox {
            for index in self.messages.indices { self.messages[index].wasSeen = false }
        }
        self.mailbox = mailbox
        if self.closing != nil { self.sendClose() } else { self.open(mailbox) }
    }

    private mutating func take(_ message: MailboxMessage) {
        guard self.hasOpened else { return }
        guard message.side == self.side else { return self.events.append(.message(message)) }
        for index in self.messages.indices
        where self.messages[index].phase == message.phase && self.messages[index].body == message.body {
            self.messages[index].wasSeen = true
            self.messages[index].isHere = true
        }
    }

    /// All that the mailbox held was shown: what of this side was not there has been lost.
    private mutating func finishOpening() {
        guard self.hasOpened, self.closing == nil else { return }
        self.sendMessages { _ in true }
        self.events.append(.opened)
    }

    private mutating func take(error reason: String, orig: String?) {
        if self.closing != nil {
            if orig == "close" || orig == "open" || orig == nil { self.end() }
        } else if reason.hasPrefix("crowded") {
            self.fail(.crowded)
        } else if reason.hasPrefix("reclaimed") {
            self.fail(.codeUsedUp)
        } else {
            switch orig {
            case "bind", "allocate", "claim", "open", "submit-permissions": self.fail(.refused(SafeText(reason)))
            case "release": self.release = .done
            default: self.events.append(.error(SafeText(reason)))
            }
        }
    }
}
