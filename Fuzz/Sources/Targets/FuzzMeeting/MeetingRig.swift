// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Rendezvous
import SPAKE2
import Wire

/// A meeting, and a script that tells what its server sends and what its owner does.
///
/// Texts are whatever the script says, or well-formed responses with fields from the script and from what the meeting itself
/// has sent, so that it is led beyond the greeting. Nobody who knows the words is there: it must never be verified.
struct MeetingRig: ~Copyable {
    private var meeting: Meeting
    private var now = Instant(nanoseconds: 1)
    private var sent: [MailboxMessage] = []
    private var side = ""
    private var mailbox = "m"
    private var isConnected = false
    private var isClosed = false

    init(_ input: inout FuzzInput) {
        var random = RandomSource.seeded(1)
        let code = Code(nameplate: "7", wordCount: 2, random: &random)
        let secret = RendezvousSecret(random: &random)
        let ways: [MeetingWay] = [
            .newCode(words: 2), .chosenCode(code), .code(code), .secret(secret, isFirst: true),
        ]
        self.meeting = Meeting(
            ways[input.choice(ways.count)],
            server: "s",
            secondsSince1970: 1,
            random: .seeded(2)
        )
    }

    mutating func step(_ input: inout FuzzInput) {
        switch input.choice(12) {
        case 0:
            if self.meeting.wantsConnection {
                self.meeting.connected(at: self.now)
                self.isConnected = true
                self.handle(.welcome(MailboxWelcome()))
            }
        case 1:
            self.meeting.disconnected(at: self.now)
            self.isConnected = false
        case 2: self.meeting.handle(text: input.block().span, at: self.now)
        case 3:
            self.now = self.now + .milliseconds(Int(input.u16()))
            self.meeting.handleTimeout(at: self.now)
        case 4: self.handle(.claimed(mailbox: self.mailbox))
        case 5: self.handle(.allocated(nameplate: String(input.u8())))
        case 6: self.handle(.pong(JSONText(input.choice(3))))
        case 7: self.handle(.error(input.flag() ? "crowded" : "no", orig: nil))
        case 8: self.handle(self.message(&input))
        case 9: self.meeting.stretched(input.flag() ? password : nil, at: self.now)
        case 10:
            self.meeting.addCandidate(String(decoding: input.block(), as: UTF8.self))
            self.meeting.endOfCandidates()
        default: input.flag() ? self.meeting.finish(at: self.now) : self.meeting.abandon(at: self.now)
        }
        self.drain()
    }

    private mutating func handle(_ response: MailboxResponse) {
        self.meeting.handle(text: response.encoded.span, at: self.now)
    }

    /// A message of somebody, made of what the meeting has sent.
    private mutating func message(_ input: inout FuzzInput) -> MailboxResponse {
        let phases = ["pake", "confirm", "1", "2", "hello-1", "confirm-1"]
        var message = MailboxMessage(side: "x", phase: phases[input.choice(phases.count)], body: [])
        if input.flag(), !self.sent.isEmpty {
            let other = self.sent[input.choice(self.sent.count)]
            message.body = other.body
            if input.flag() { message.phase = other.phase }
        } else {
            message.body = input.block()
        }
        if input.flag() { message.side = self.side }
        input.damage(&message.body)
        return .message(message)
    }

    private mutating func drain() {
        while let text = self.meeting.pollText() {
            switch try? MailboxRequest(parsing: text.span) {
            case .bind(_, let side, _): self.side = side
            case .add(let phase, let body):
                if self.sent.count < 64 { self.sent.append(MailboxMessage(side: self.side, phase: phase, body: body)) }
            case .none: fail("a request cannot be read")
            default: break
            }
        }
        _ = self.meeting.pollStretching()
        while let event = self.meeting.pollEvent() {
            require(!self.isClosed, "something follows the end")
            switch event {
            case .verified, .description, .candidate, .endOfCandidates: fail("a stranger was verified")
            case .closed: self.isClosed = true
            default: break
            }
        }
        if self.isClosed { require(!self.meeting.wantsConnection && self.meeting.nextTimeout == nil) }
    }
}

private let password: PasswordScalar = {
    do throws(SPAKE2Error) {
        return try PasswordStretching(password: [1], salt: [2]).run()
    } catch {
        fail("\(error)")
    }
}()
