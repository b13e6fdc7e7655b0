// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The client's side of magic-wormhole's mailbox protocol, without sockets.
///
/// It finds its way to one mailbox, and back to it whenever a connection is lost: nameplate and mailbox are claimed and
/// opened again, and every message that was not seen in the mailbox since is added again, which does no harm as a side's
/// phases tell duplicates.
///
/// - All that can be asked without knowing an answer is sent at once: after the greeting `bind` with `claim` or `open`, and
///   with `open` all messages.
package struct MailboxClient: ~Copyable {
    /// What this side is called in mailboxes.
    package let side: String

    var random: RandomSource
    let secondsSince1970: Int
    /// Whether a server that is away is waited for without end.
    let isPatient: Bool

    // What is known of the place, over all connections.
    var nameplate: String?
    var mailbox: String?
    var release = Release.no
    var messages: [KeptMessage] = []
    var closing: Closing?
    var isOver = false

    // The connection.
    var link: Link
    var hasOpened = false
    var failures = 0
    var wasWelcome = false

    var texts: [[UInt8]] = []
    var events: [MailboxEvent] = []

    /// How far a connection is.
    enum Link {
        /// There is none until then; nil: for good.
        case down(until: Instant?)
        /// There should be one.
        case wanted
        /// It is open since then, and the server is to greet.
        case greeting(since: Instant)
        /// The server wants a proof of work first.
        case mining(Hashcash, since: Instant)
        /// Requests can be sent.
        case bound(Bound)
    }

    /// A connection that requests are sent over.
    struct Bound {
        let since: Instant
        var heard: Instant
        /// When the sign of life that was asked for must have come.
        var answerBy: Instant?
    }

    /// Whether the nameplate is given back.
    enum Release {
        case no
        case asked
        case done
    }

    /// The end of the meeting.
    struct Closing {
        let mood: MailboxMood
        let deadline: Instant
    }

    /// A message of this side.
    struct KeptMessage {
        let phase: String
        let body: [UInt8]
        /// Whether the server has ever shown it.
        var wasSeen = false
        /// Whether it was sent or shown on this connection.
        var isHere = false
    }

    /// Begins with an aim.
    package init(
        _ aim: MailboxAim,
        side: String,
        isPatient: Bool,
        secondsSince1970: Int,
        random: RandomSource
    ) {
        self.side = side
        self.random = random
        self.secondsSince1970 = secondsSince1970
        self.isPatient = isPatient
        self.link = .wanted
        switch aim {
        case .allocate: break
        case .claim(let nameplate): self.nameplate = nameplate
        case .open(let mailbox): self.mailbox = mailbox
        }
    }

    // MARK: What the owner wants

    /// Adds a message to the mailbox, now or as soon as it is open.
    package mutating func add(phase: String, body: [UInt8]) {
        guard self.closing == nil, !self.isOver else { return }
        self.messages.append(KeptMessage(phase: phase, body: body))
        if self.hasOpened { self.sendMessages { !$0.wasSeen } }
    }

    /// Gives the nameplate back: both sides know the mailbox.
    package mutating func releaseNameplate() {
        guard self.release == .no, self.nameplate != nil else { return }
        self.release = .asked
        if case .bound = self.link { self.sendRelease() }
    }

    /// Leaves the mailbox, once all messages are in it.
    package mutating func close(_ mood: MailboxMood, at now: Instant) {
        guard self.closing == nil, !self.isOver else { return }
        self.closing = Closing(mood: mood, deadline: now + MailboxTiming.closing)
        guard case .bound = self.link else {
            // Nothing was taken that would have to be given back.
            if self.mailbox == nil, self.nameplate == nil || !self.wasWelcome { self.end() }
            return
        }
        self.sendClose()
    }

    // MARK: Outputs

    /// The next message for the server.
    package mutating func pollText() -> [UInt8]? { self.texts.isEmpty ? nil : self.texts.removeFirst() }

    /// What has happened.
    package mutating func pollEvent() -> MailboxEvent? { self.events.isEmpty ? nil : self.events.removeFirst() }

    /// Whether there is to be a connection.
    package var wantsConnection: Bool {
        if case .down = self.link { false } else { true }
    }

    /// When `handleTimeout(at:)` is to be called.
    package var nextTimeout: Instant? {
        let next: Instant? =
            switch self.link {
            case .down(let until): until
            case .wanted: nil
            case .greeting(let since): since + MailboxTiming.welcome
            case .mining: .zero
            case .bound(let bound): bound.answerBy ?? bound.heard + MailboxTiming.silence
            }
        return self.isOver ? nil : earliest(next, self.closing?.deadline)
    }

    // MARK: Sending

    mutating func send(_ request: MailboxRequest) { self.texts.append(request.encoded) }

    /// Goes on from what is known, on a connection that is bound.
    mutating func proceed() {
        if self.closing != nil {
            self.sendClose()
        } else if let mailbox = self.mailbox, self.nameplate == nil || self.release != .no {
            self.open(mailbox)
            if self.release == .asked { self.sendRelease() }
        } else if let nameplate = self.nameplate {
            // Again after each loss: a server that forgot it all gives another mailbox.
            self.send(.claim(nameplate: nameplate))
        } else {
            self.send(.allocate)
        }
    }

    mutating func open(_ mailbox: String) {
        self.send(.open(mailbox: mailbox))
        self.hasOpened = true
        self.sendMessages { !$0.wasSeen }
        // The pong follows all that is in the mailbox.
        self.send(.ping(Self.openingPing))
    }

    /// Sends the messages that are chosen and were not sent over this connection.
    mutating func sendMessages(where isChosen: (KeptMessage) -> Bool) {
        for index in self.messages.indices where !self.messages[index].isHere && isChosen(self.messages[index]) {
            self.messages[index].isHere = true
            self.send(.add(phase: self.messages[index].phase, body: self.messages[index].body))
        }
    }

    mutating func sendRelease() { self.send(.release(nameplate: self.nameplate)) }

    mutating func sendClose() {
        guard let closing = self.closing else { return }
        if self.nameplate != nil, self.release != .done { self.sendRelease() }
        guard let mailbox = self.mailbox else { return self.end() }
        if !self.hasOpened, self.messages.contains(where: { !$0.wasSeen }) { self.open(mailbox) }
        self.send(.close(mailbox: mailbox, mood: closing.mood.rawValue))
    }

    /// The end: no connection is wanted any more.
    mutating func end() {
        guard !self.isOver else { return }
        self.isOver = true
        self.link = .down(until: nil)
        self.events.append(.closed)
    }

    /// What the pong that ends the opening holds, and what that of a sign of life holds.
    static let openingPing = JSONText(1)
    static let livenessPing = JSONText(2)
}
