// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import Peering
import SPAKE2
import Wire

extension Meeting {
    /// Takes what the client has to tell.
    mutating func advance(at now: Instant) {
        while let event = self.client.pollEvent() {
            switch event {
            case .welcome(let welcome):
                self.events.append(.welcome(notice: welcome.motd.map { SafeText($0) }, iceServers: welcome.iceServers))
            case .iceServers(let servers, let expires):
                self.events.append(.iceServers(servers, expires: expires))
            case .allocated(let nameplate): self.drawWords(for: nameplate)
            case .opened: if case .waiting = self.stage { self.events.append(.waiting) }
            case .message(let message): self.take(message, at: now)
            case .disconnected: self.events.append(.disconnected)
            case .error(let reason): self.events.append(.serverError(reason))
            case .failed(let failure): self.end(with: failure)
            case .closed:
                self.end(with: nil)
                self.events.append(.closed)
            }
        }
    }

    private mutating func drawWords(for nameplate: String) {
        guard case .none(let wordCount) = self.agreement else { return }
        let code = Code(nameplate: nameplate, wordCount: wordCount, random: &self.random)
        let agreement = CodeAgreement(role: .a, code: code, side: self.client.side, random: self.random.fork())
        self.stretching = agreement.stretching
        self.agreement = .code(agreement)
        self.events.append(.code(code))
    }

    // MARK: Messages

    private mutating func take(_ message: MailboxMessage, at now: Instant) {
        switch self.stage {
        case .over: return
        case .waiting, .otherSideIsHere: self.agree(message, at: now)
        case .verified(var channel, let side, let fingerprint):
            guard message.side == side else { return self.count(uselessAt: now) }
            let outcome = channel.take(message)
            self.stage = .verified(channel, side: side, fingerprint: fingerprint)
            switch outcome {
            case .messages(let messages): self.read(messages, at: now)
            case .nothing: break
            // What the agreement left in the mailbox is shown again after each loss of the connection.
            case .useless: self.count(uselessAt: now)
            }
        }
    }

    private mutating func agree(_ message: MailboxMessage, at now: Instant) {
        let steps: [AgreementStep]
        switch self.agreement {
        case .none: steps = [.useless]
        case .code(var agreement):
            steps = agreement.take(message)
            self.agreement = .code(agreement)
        case .secret(var agreement):
            steps = agreement.take(message)
            self.agreement = .secret(agreement)
        }
        if case .notMine = steps.first {
            guard self.early.count < MeetingLimits.heldMessages else { return self.count(uselessAt: now) }
            self.early.append(message)
        }
        self.take(steps, at: now)
    }

    /// Follows the steps of an agreement.
    mutating func take(_ steps: [AgreementStep], at now: Instant) {
        var isEarlyReadable = false
        for step in steps {
            switch step {
            case .add(let phase, let body): self.client.add(phase: phase, body: body)
            case .otherSideIsHere:
                self.greet(at: now)
                isEarlyReadable = true
            case .checking: self.events.append(.checking)
            case .verified(let keys, let side, let prefix):
                self.silenceDeadline = now + MeetingLimits.silence
                let channel = SealedChannel(keys, role: self.role, phasePrefix: prefix)
                self.stage = .verified(channel, side: side, fingerprint: nil)
                self.events.append(.verified)
                isEarlyReadable = true
            case .failed(let failure): self.fail(failure, at: now)
            case .notMine: break
            case .useless: self.count(uselessAt: now)
            }
        }
        if isEarlyReadable { self.takeEarly(at: now) }
    }

    /// The other side is there: the nameplate has had its time.
    private mutating func greet(at now: Instant) {
        if case .waiting = self.stage {
            self.stage = .otherSideIsHere
            self.events.append(.otherSideIsHere)
            // Under a secret it may be what an earlier program left there: waiting goes on.
            if case .code = self.agreement { self.silenceDeadline = now + MeetingLimits.silence }
        }
        self.client.releaseNameplate()
    }

    private mutating func takeEarly(at now: Instant) {
        let early = self.early
        self.early = []
        for message in early { self.take(message, at: now) }
    }

    // MARK: Sealed messages

    private mutating func read(_ messages: [[UInt8]], at now: Instant) {
        for message in messages {
            for item in MeetingItem.items(of: message) { self.take(item, at: now) }
            guard case .verified(_, _, let fingerprint) = self.stage else { return }
            // The first message holds the description.
            if fingerprint == nil { return self.fail(.misbehaving, at: now) }
        }
    }

    private mutating func take(_ item: MeetingItem, at now: Instant) {
        guard case .verified(_, _, let fingerprint) = self.stage else { return }
        switch item {
        case .description(let body): self.take(description: body, at: now)
        case .candidate(let candidate):
            if fingerprint != nil { self.events.append(.candidate(candidate)) }
        case .endOfCandidates:
            if fingerprint != nil { self.events.append(.endOfCandidates) }
        case .done:
            self.finishing.isOtherSideDone = true
            if self.finishing.deadline != nil { self.leave(.happy, at: now) }
        }
    }

    private mutating func take(description body: [UInt8], at now: Instant) {
        guard case .verified(var channel, let side, let fingerprint) = self.stage,
            let description = try? InvitationBody.description(of: body),
            fingerprint == nil || fingerprint == description.fingerprint
        else { return }
        self.events.append(.description(description))
        guard fingerprint == nil else { return }
        self.silenceDeadline = nil
        let messages = channel.bind(other: description.fingerprint)
        self.stage = .verified(channel, side: side, fingerprint: description.fingerprint)
        self.read(messages, at: now)
    }

    /// Seals what this side has to say, if the other side may hear it.
    mutating func sealOutgoing() {
        guard case .verified(var channel, let side, let fingerprint) = self.stage, self.hasDescribed,
            let description = self.description
        else { return }
        while !self.outgoing.isEmpty, let sealed = channel.seal(MeetingItem.message(taking: &self.outgoing)) {
            channel.bind(own: description.fingerprint)
            self.client.add(phase: sealed.phase, body: sealed.body)
        }
        self.stage = .verified(channel, side: side, fingerprint: fingerprint)
    }

    // MARK: Ends

    private mutating func count(uselessAt now: Instant) {
        self.uselessCount += 1
        if self.uselessCount > MeetingLimits.uselessMessages { self.fail(.flooded, at: now) }
    }

    /// Gives up: whatever else arrives is not looked at.
    mutating func fail(_ failure: MeetingFailure, at now: Instant) {
        if case .over = self.stage { return }
        self.end(with: failure)
        switch failure {
        case .wrongCode, .misbehaving, .flooded: self.client.close(.scary, at: now)
        default: self.client.close(.errory, at: now)
        }
    }

    /// Leaves the mailbox.
    mutating func leave(_ mood: MailboxMood, at now: Instant) {
        if case .over = self.stage { return }
        self.sealOutgoing()
        self.end(with: nil)
        self.client.close(mood, at: now)
    }

    private mutating func end(with failure: MeetingFailure?) {
        if case .over = self.stage { return }
        if let failure { self.events.append(.failed(failure)) }
        self.stage = .over
        self.stretching = nil
        self.early = []
        self.outgoing = []
        self.silenceDeadline = nil
        self.finishing.deadline = nil
    }
}
