// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

extension ICEAgent {
    /// Does all that is due, tells what has changed, and computes when to be called again: the end of every input.
    mutating func settle(at now: Instant) {
        if !self.hasEnded {
            self.advanceTransactions(at: now)
            self.reconcileSelection(at: now)
            self.judgeConsent(at: now)
            self.endWithoutConsent()
            self.judgeRestart(at: now)
        }
        if !self.hasEnded {
            self.nominate(at: now)
            self.sendFreshnessChecks(at: now)
            self.startTransaction(at: now)
            self.startPatientCheck(at: now)
        }
        self.tellGathering()
        self.tellState(at: now)
        self.nextTimeout = self.hasEnded ? nil : self.deadline(at: now)
    }

    /// The earliest of all deadlines, which is always later than `now`: what could not be done now is not asked for again at
    /// once.
    private func deadline(at now: Instant) -> Instant? {
        var deadline = self.gatherer.deadline(keepingAlive: self.keepsServersAwake)
        for pair in self.checkList.pairs {
            deadline = earliest(deadline, pair.nextFreshness)
            for check in pair.checks {
                deadline = earliest(deadline, check.retransmission.deadline)
            }
        }
        if self.gatherer.hasQueued || self.hasChecksToStart {
            deadline = earliest(deadline, self.nextStart)
        }
        deadline = earliest(deadline, self.consent?.deadline)
        deadline = earliest(deadline, self.orphan?.deadline(at: now))
        deadline = earliest(deadline, self.restartDeadline)
        deadline = earliest(deadline, self.nominationDeadline(at: now))
        deadline = earliest(deadline, self.patientDeadline(at: now))
        deadline = earliest(deadline, self.failureDeadline(at: now))
        return deadline.map { Self.later($0, than: now) }
    }

    /// A deadline, or if that is past, one a moment from now.
    static func later(_ deadline: Instant, than now: Instant) -> Instant {
        max(deadline, now.advanced(byNanoseconds: 1_000_000))
    }

    /// Starts at most one new transaction each Ta, of whatever kind (RFC 8445 §14.2).
    private mutating func startTransaction(at now: Instant) {
        guard now >= self.nextStart, self.transmits.count < ICELimits.queuedTransmits else { return }
        let mayCheck = self.hasChecksToStart
        let isUrgent = mayCheck && self.checkList.hasTriggered
        if self.gatherer.hasQueued, !isUrgent, self.isGatherersTurn || !mayCheck {
            self.isGatherersTurn = false
            guard let transmit = self.gatherer.startNext(at: now, random: &self.random) else { return }
            self.transmits.append(transmit)
        } else if mayCheck {
            self.isGatherersTurn = true
            guard self.startNextCheck(at: now) else { return }
        } else {
            return
        }
        self.nextStart = now + self.configuration.timing.pacing
    }

    /// Sends again what is due, and draws the conclusions from what was never answered.
    private mutating func advanceTransactions(at now: Instant) {
        for transmit in self.gatherer.advance(at: now) {
            self.enqueue(transmit)
        }
        if self.keepsServersAwake {
            self.gatherer.keepAlive(at: now)
        }
        for pair in self.checkList.pairs where !pair.checks.isEmpty {
            self.advanceChecks(of: pair.id, at: now)
        }
    }

    /// Whether bindings at STUN servers are refreshed: as long as no pair keeps those of the NAT alive.
    private var keepsServersAwake: Bool { self.nomination.selected == nil }

    /// Tells once that gathering is complete, and again after it had begun anew.
    private mutating func tellGathering() {
        let isComplete = self.gatherer.state == .complete
        if isComplete, !self.gatheringWasComplete {
            self.events.append(.gatheringComplete)
        }
        self.gatheringWasComplete = isComplete
    }

    /// Queues a datagram, unless nobody drains the queue: STUN recovers from the loss.
    mutating func enqueue(_ transmit: ICETransmit) {
        guard self.transmits.count < ICELimits.queuedTransmits else { return }
        self.transmits.append(transmit)
    }
}

// MARK: - State

extension ICEAgent {
    private mutating func tellState(at now: Instant) {
        let state = self.judgeState(at: now)
        guard state != self.state else { return }
        self.state = state
        self.events.append(.stateChanged(state))
    }

    private func judgeState(at now: Instant) -> ICEState {
        if self.hasEnded {
            return .failed
        }
        guard self.generation.remote != nil else { return .new }
        if let consent = self.consent {
            if consent.isQuiet {
                return .disconnected
            }
            return self.checkList.isRunning ? .connected : .completed
        }
        if let orphan = self.orphan {
            return now >= orphan.quietAt ? .disconnected : self.state
        }
        guard self.isOutOfPairs, let deadline = self.conclusionDeadline, now >= deadline else { return .checking }
        return .failed
    }

    /// Whether every pair has failed; an agent without addresses waits for one and has not failed.
    private var isOutOfPairs: Bool {
        !self.locals.bases.isEmpty && self.checkList.pairs.allSatisfy { $0.state == .failed }
    }

    /// The instant before which failure is never concluded (RFC 8863 §4), or until which the agent is patient.
    private var conclusionDeadline: Instant? {
        let timing = self.configuration.timing
        return self.remoteKnownAt.map { knownAt in
            knownAt + (self.configuration.isPatient ? timing.patience : timing.patienceForCandidates)
        }
    }

    private func failureDeadline(at now: Instant) -> Instant? {
        guard self.consent == nil, self.state == .checking, let deadline = self.conclusionDeadline, deadline > now
        else { return nil }
        return deadline
    }
}
