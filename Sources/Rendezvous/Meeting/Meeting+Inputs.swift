// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Peering
package import SPAKE2
package import Wire

extension Meeting {
    // MARK: The connection

    /// The WebSocket is open.
    package mutating func connected(at now: Instant) {
        self.client.connected(at: now)
        self.advance(at: now)
    }

    /// The WebSocket is closed, or could not be opened.
    package mutating func disconnected(at now: Instant) {
        self.client.disconnected(at: now)
        self.advance(at: now)
    }

    /// A text message came from the server.
    package mutating func handle(text: Span<UInt8>, at now: Instant) {
        self.client.handle(text: text, at: now)
        self.advance(at: now)
    }

    /// The time is `nextTimeout` or later.
    package mutating func handleTimeout(at now: Instant) {
        self.client.handleTimeout(at: now)
        self.advance(at: now)
        if let deadline = self.silenceDeadline, deadline <= now { self.fail(.otherSideSilent, at: now) }
        if let deadline = self.finishing.deadline, deadline <= now { self.leave(.happy, at: now) }
    }

    /// The words are stretched; nil if the library failed.
    package mutating func stretched(_ password: PasswordScalar?, at now: Instant) {
        guard case .code(var agreement) = self.agreement else { return }
        guard let password else { return self.fail(.cryptography, at: now) }
        let steps = agreement.begin(password)
        self.agreement = .code(agreement)
        self.take(steps, at: now)
        self.advance(at: now)
    }

    // MARK: What this side says

    /// This side's description, which the other side gets as soon as it is verified.
    ///
    /// A later one is for an ICE restart, and has the same fingerprint. It takes 16 candidates at most, and none that is
    /// an active one of TCP; all others are for `addCandidate(_:)`.
    package mutating func describe(_ description: PeerDescription) {
        guard self.description == nil || self.description?.fingerprint == description.fingerprint else { return }
        self.description = description
        let item = MeetingItem.description(InvitationBody.bytes(of: description))
        // What was found already follows the first description.
        if self.hasDescribed { self.outgoing.append(item) } else { self.outgoing.insert(item, at: 0) }
        self.hasDescribed = true
    }

    /// A candidate of this side, as the value of an `a=candidate` line.
    package mutating func addCandidate(_ candidate: String) {
        guard candidate.utf8.count <= MeetingLimits.candidateCount, self.candidateCount < MeetingLimits.candidates
        else {
            return
        }
        self.candidateCount += 1
        self.outgoing.append(.candidate(candidate))
    }

    /// This side has no more candidates.
    package mutating func endOfCandidates() { self.outgoing.append(.endOfCandidates) }

    /// This side needs the mailbox no more; it is closed when the other side says the same, or says nothing for a while.
    package mutating func finish(at now: Instant) {
        guard case .verified = self.stage, self.finishing.deadline == nil else { return }
        self.outgoing.append(.done)
        self.sealOutgoing()
        if self.finishing.isOtherSideDone {
            self.leave(.happy, at: now)
        } else {
            self.finishing.deadline = now + MeetingLimits.finishing
        }
        self.advance(at: now)
    }

    /// This side gives up, whatever the other one does.
    package mutating func abandon(at now: Instant) {
        if case .waiting = self.stage { self.leave(.lonely, at: now) } else { self.leave(.errory, at: now) }
        self.advance(at: now)
    }
}
