// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Wire

extension ICEAgent {
    /// Requests of a patient agent's first check of a pair: the same pair has its turn again soon.
    private static let patientSends = 4

    /// Requests that nominate a pair, over some 8 s.
    private static let nominationSends = 10

    /// Checks of a spare pair that may go unanswered before it is no longer believed.
    private static let freshnessTries = 3

    /// Whether a check could be started now, were it not for the pacing.
    var hasChecksToStart: Bool { self.generation.remote != nil && self.checkList.hasStartable }

    /// Starts the next triggered or ordinary check.
    mutating func startNextCheck(at now: Instant) -> Bool {
        guard let id = self.checkList.popNext(role: self.role), let pair = self.checkList[id] else { return false }
        if id == self.nomination.nominating {
            self.sendCheck(id, .nomination, self.nominationRetransmission(pair, at: now), at: now)
        } else if pair.state == .succeeded {
            self.sendFreshnessCheck(id, at: now)
        } else {
            self.sendCheck(id, .connectivity, self.retransmission(at: now), at: now)
        }
        return true
    }

    /// Sends a request over a pair.
    private mutating func sendCheck(
        _ id: PairID,
        _ purpose: ConnectivityCheck.Purpose,
        _ retransmission: Retransmission,
        at now: Instant
    ) {
        guard let remote = self.generation.remote, let pair = self.checkList[id] else { return }
        let transaction = TransactionID(random: &self.random)
        // Who learns of a relayed address from a check alone must not take it for a direct one.
        let kind: CandidateKind = pair.local.kind == .relayed ? .relayed : .peerReflexive
        let transport = pair.local.transport
        let priority = Candidate.priority(
            kind: kind,
            over: transport,
            localPreference: Candidate.localPreference(pair.localPreference, of: kind, over: transport)
        )
        let local = self.generation.credentials.usernameFragment
        // A selected pair is nominated with every check: a controlled side that missed it, or chose another, follows.
        let isMeant = purpose == .nomination || (purpose == .freshness && id == self.nomination.selected)
        let isNominating = isMeant && self.role == .controlling
        let check = ConnectivityCheck(
            purpose: purpose,
            transaction: transaction,
            bytes: BindingMessages.check(
                transaction,
                username: "\(remote.credentials.usernameFragment):\(local)",
                key: remote.key,
                claim: RoleClaim(role: self.role, tieBreaker: self.tieBreaker),
                priority: priority,
                isNominating: isNominating,
                nomination: isNominating && remote.supportsRenomination ? self.nomination.number : nil
            ),
            role: self.role,
            priority: priority,
            retransmission: retransmission
        )
        self.checkList.update(id) { pair in
            pair.remember(check)
            pair.lastSent = now
            pair.requestsSent += 1
            if purpose == .connectivity {
                pair.state = .inProgress
            }
        }
        self.enqueue(ICETransmit(source: pair.base, destination: pair.destination, bytes: check.bytes))
    }

    /// RFC 8445 §14.3: the timeout grows with the number of checks that are under way.
    private func retransmission(at now: Instant) -> Retransmission {
        let timing = self.configuration.timing
        let timeout = max(timing.initialTimeout, timing.pacing * self.checkList.activeCount)
        guard self.isPatient(at: now) else { return Retransmission(at: now, timeout: timeout) }
        return Retransmission(at: now, timeout: timeout, sends: Self.patientSends, lastWait: timeout * 8)
    }

    /// A nominated pair is known to work, and how fast: its request is repeated sooner and more steadily than a blind one.
    private func nominationRetransmission(_ pair: CandidatePair, at now: Instant) -> Retransmission {
        let longest = self.configuration.timing.initialTimeout
        let timeout = min(max((pair.roundTripTime ?? longest) * 2, .milliseconds(100)), longest)
        return Retransmission(
            at: now,
            timeout: timeout,
            sends: Self.nominationSends,
            longestInterval: longest * 2,
            lastWait: longest * 4
        )
    }

    /// Repeats what is due, and draws the conclusion where no answer came.
    mutating func advanceChecks(of id: PairID, at now: Instant) {
        guard var pair = self.checkList[id] else { return }
        var repeated: [ConnectivityCheck] = []
        var givenUp: [ConnectivityCheck] = []
        for index in pair.checks.indices {
            switch pair.checks[index].retransmission.advance(at: now) {
            case .wait: continue
            case .send: repeated.append(pair.checks[index])
            case .giveUp: givenUp.append(pair.checks[index])
            }
        }
        guard !repeated.isEmpty || !givenUp.isEmpty else { return }
        for check in repeated {
            pair.lastSent = now
            pair.requestsSent += 1
            self.enqueue(ICETransmit(source: pair.base, destination: pair.destination, bytes: check.bytes))
        }
        pair.checks.removeAll { check in givenUp.contains { $0.transaction == check.transaction } }
        if givenUp.contains(where: { self.condemns($0, pair) }) {
            pair.fail()
        } else if id == self.nomination.nominating, givenUp.contains(where: { $0.purpose == .nomination }) {
            self.nomination.nominating = nil
        }
        self.checkList[id] = pair
    }

    /// Whether the pair has failed because a check was never answered; over a trusted one, consent decides.
    private func condemns(_ check: ConnectivityCheck, _ pair: CandidatePair) -> Bool {
        guard pair.id != self.trusted else { return false }
        return switch check.purpose {
        case .connectivity: !check.isCancelled && pair.state == .inProgress
        case .nomination: true
        case .freshness: pair.unansweredFreshness >= Self.freshnessTries
        }
    }
}

// MARK: - Keeping pairs warm

extension ICEAgent {
    /// Sends one request, which is not repeated: the next one comes soon enough (RFC 7675 §5.1).
    mutating func sendFreshnessCheck(_ id: PairID, at now: Instant) {
        let wait = self.configuration.timing.consentInterval * 2
        let once = Retransmission(at: now, timeout: wait, sends: 1, lastWait: wait)
        self.checkList.update(id) { $0.unansweredFreshness += 1 }
        self.sendCheck(id, .freshness, once, at: now)
    }

    /// Checks valid pairs beside the selected one from time to time: one of them may be needed.
    mutating func sendFreshnessChecks(at now: Instant) {
        let spares = self.checkList.pairs
            .filter { $0.isValid && $0.id != self.trusted }
            .sorted { $0.validPriority(self.role) > $1.validPriority(self.role) }
        for (rank, pair) in spares.enumerated() {
            guard let due = pair.nextFreshness, due <= now else { continue }
            guard rank < ICELimits.warmPairs else {
                self.checkList.update(pair.id) { $0.nextFreshness = nil }
                continue
            }
            let interval = self.configuration.timing.warmInterval
            let next = now + Consent.randomized(interval, random: &self.random)
            self.checkList.update(pair.id) { $0.nextFreshness = next }
            self.sendFreshnessCheck(pair.id, at: now)
        }
    }
}

// MARK: - Patience

extension ICEAgent {
    /// Whether failed pairs are tried again: the other side may not have started yet.
    private func isPatient(at now: Instant) -> Bool {
        guard self.configuration.isPatient || self.wasProven, self.trusted == nil, let knownAt = self.remoteKnownAt
        else { return false }
        return now < knownAt + self.configuration.timing.patience
    }

    /// How long a failed pair rests until it is tried again; nil: for ever.
    ///
    /// Beside a path that works only better ones are looked for, and without haste.
    private func rest(at now: Instant) -> Duration? {
        if self.isPatient(at: now) { return self.configuration.timing.patientInterval }
        return self.configuration.isPatient && self.trusted != nil ? self.configuration.timing.improvementInterval : nil
    }

    /// Checks the failed pair that has rested longest, with a single request.
    mutating func startPatientCheck(at now: Instant) {
        guard let due = self.patientDeadline(at: now), due <= now, let pair = self.nextPatientPair else { return }
        let wait = self.configuration.timing.patientInterval
        let once = Retransmission(at: now, timeout: wait, sends: 1, lastWait: wait)
        self.sendCheck(pair.id, .connectivity, once, at: now)
        self.nextPatientStart = now + self.configuration.timing.patientPacing
    }

    /// When a failed pair is to be tried again.
    func patientDeadline(at now: Instant) -> Instant? {
        guard let rest = self.rest(at: now), let pair = self.nextPatientPair else { return nil }
        let rested = (pair.lastSent ?? .zero) + rest
        return max(rested, self.nextPatientStart)
    }

    private var nextPatientPair: CandidatePair? {
        let selected = self.nomination.selected.flatMap { self.checkList[$0]?.validPriority(self.role) } ?? 0
        return self.checkList.pairs
            .filter { $0.state == .failed && $0.priority(self.role) > selected }
            .min { ($0.lastSent ?? .zero, $0.id) < ($1.lastSent ?? .zero, $1.id) }
    }
}
