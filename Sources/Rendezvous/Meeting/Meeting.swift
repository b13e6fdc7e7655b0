// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import Peering
package import SPAKE2
package import Wire

/// One meeting of two peers in a mailbox: from a code or a secret to the descriptions and candidates of both.
///
/// A core without sockets. Whoever drives it keeps a WebSocket to the server exactly while `wantsConnection` is true: it
/// calls `connected(at:)` when the WebSocket is open, `disconnected(at:)` when one is closed or none comes about, and
/// closes the one it has when `wantsConnection` has become false. After each input it drains `pollText()`,
/// `pollStretching()` and `pollEvent()`, and reads `wantsConnection` and `nextTimeout`.
package struct Meeting: ~Copyable {
    /// The application that both sides name to the server.
    package static let applicationID = "icetalk/v1"

    var client: MailboxClient
    var agreement: Agreement
    var stage = Stage.waiting
    var events: [MeetingEvent] = []
    var stretching: PasswordStretching?
    var random: RandomSource

    /// What this side has to say and has not sealed yet.
    var outgoing: [MeetingItem] = []
    var description: PeerDescription?
    var hasDescribed = false
    var candidateCount = 0

    /// Messages that came before the other side was verified.
    var early: [MailboxMessage] = []
    var uselessCount = 0
    var silenceDeadline: Instant?
    var finishing = Finishing()

    /// How keys are agreed on.
    enum Agreement {
        /// The server has not chosen a nameplate yet.
        case none(wordCount: Int)
        case code(CodeAgreement)
        case secret(SecretAgreement)
    }

    /// How far the meeting is.
    enum Stage {
        case waiting
        case otherSideIsHere
        /// Keys are agreed on; `description` is whether that of the other side is known.
        case verified(SealedChannel, side: String, fingerprint: Fingerprint?)
        /// It came to nothing, or is being left: nothing more is accepted.
        case over
    }

    /// Who has said that the mailbox is needed no more.
    struct Finishing {
        var deadline: Instant?
        var isOtherSideDone = false
    }

    /// Begins a meeting in a server.
    ///
    /// - Parameters:
    ///   - way: How the two sides find each other.
    ///   - server: The server as both sides name it: the mailbox of a secret depends on it.
    ///   - secondsSince1970: The time of day, for servers that ask for a proof of work.
    ///   - random: Where keys, words and names are drawn from.
    package init(_ way: MeetingWay, server: String, secondsSince1970: Int, random: RandomSource) {
        var random = random
        var side = hexadecimal(random.bytes(Self.sideCount))
        var isPatient = false
        var events: [MeetingEvent] = []
        let aim: MailboxAim
        switch way {
        case .newCode(let words):
            self.agreement = .none(wordCount: words)
            aim = .allocate
        case .chosenCode(let code), .code(let code):
            let isMaker = if case .chosenCode = way { true } else { false }
            let agreement = CodeAgreement(role: isMaker ? .a : .b, code: code, side: side, random: random.fork())
            self.stretching = agreement.stretching
            self.agreement = .code(agreement)
            events.append(.code(code))
            aim = .claim(nameplate: code.nameplate)
        case .secret(let secret, let isFirst):
            let agreement = SecretAgreement(secret, isFirst: isFirst, server: server, random: &random)
            self.agreement = .secret(agreement)
            side = agreement.side
            isPatient = true
            aim = .open(mailbox: agreement.mailbox)
        }
        self.client = MailboxClient(
            aim,
            side: side,
            isPatient: isPatient,
            secondsSince1970: secondsSince1970,
            random: random.fork()
        )
        self.events = events
        self.random = random
        if case .secret(let agreement) = self.agreement { self.take(agreement.begin(), at: .zero) }
    }

    /// Bytes of the name of a side.
    private static let sideCount = 8

    // MARK: Outputs

    /// Whether there is to be a connection to the server now.
    package var wantsConnection: Bool { self.client.wantsConnection }

    /// When `handleTimeout(at:)` is to be called; nil: not before the next input.
    package var nextTimeout: Instant? {
        earliest(self.client.nextTimeout, earliest(self.silenceDeadline, self.finishing.deadline))
    }

    /// The next text message for the server; drained after each input.
    package mutating func pollText() -> [UInt8]? {
        self.sealOutgoing()
        return self.client.pollText()
    }

    /// What has happened; drained after each input.
    package mutating func pollEvent() -> MeetingEvent? { self.events.isEmpty ? nil : self.events.removeFirst() }

    /// Words that are to be stretched into a number, which costs some 50 ms, and so is best done on another thread;
    /// drained after each input.
    package mutating func pollStretching() -> PasswordStretching? { self.stretching.take() }

    /// The role in which this side agrees on keys and seals.
    var role: SPAKE2Role {
        switch self.agreement {
        case .none: .a
        case .code(let agreement): agreement.role
        case .secret(let agreement): agreement.role
        }
    }
}
