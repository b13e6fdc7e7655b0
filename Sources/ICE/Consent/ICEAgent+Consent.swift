// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

extension ICEAgent {
    /// Asks for consent when it is time, notices silence, and ends the sending when consent has expired.
    mutating func judgeConsent(at now: Instant) {
        guard var consent = self.consent, let id = self.trusted else {
            self.judgeOrphan(at: now)
            return
        }
        guard now < consent.expiresAt else {
            self.expireConsent(id, at: now)
            return
        }
        let wasSuspected = consent.suspectedSince != nil
        consent.judgeSilence(at: now)
        let isDue = consent.isRequestDue(at: now)
        let isDoubted = consent.isDoubted
        if isDue {
            consent.noteRequest(at: now, random: &self.random)
            self.sendFreshnessCheck(id, at: now)
        }
        self.consent = consent
        let isSuspected = consent.suspectedSince != nil
        if isDue || isSuspected != wasSuspected {
            self.probeSpares(atMost: isSuspected ? .max : isDoubted ? 1 : 0)
        }
    }

    /// Asks other valid pairs at once, the best first: the one that answers may take the place of the silent one.
    private mutating func probeSpares(atMost count: Int) {
        let spares = self.checkList.pairs
            .filter { $0.isValid && $0.id != self.trusted && $0.id != self.nomination.nominating }
            .sorted { $0.validPriority(self.role) > $1.validPriority(self.role) }
        for pair in spares.prefix(count) {
            self.checkList.trigger(pair.id)
        }
    }

    /// A session without any pair to trust has the consent of the pair that was trusted last, for the rest of its time.
    private mutating func judgeOrphan(at now: Instant) {
        guard let orphan = self.orphan, orphan.isConsented, orphan.consentedUntil <= now else { return }
        self.orphan?.isConsented = false
        self.hasLostConsent = true
        self.events.append(.consentExpired)
    }

    /// Nothing may be sent any more over the pair (RFC 7675 §5.1), nor over others that were silent as long.
    private mutating func expireConsent(_ id: PairID, at now: Instant) {
        self.checkList.update(id) { $0.fail() }
        let oldest = self.configuration.timing.consentExpiry
        for pair in self.checkList.pairs where pair.isValid {
            guard let response = pair.lastResponse, now < response + oldest else {
                self.checkList.update(pair.id) { $0.fail() }
                continue
            }
        }
        self.reconcileSelection(at: now)
        self.hasLostConsent = true
    }

    /// Once consent was lost, an agent without a valid pair is at its end: its credentials are not used again.
    ///
    /// One with others ready goes on with them. A patient one goes on while nothing was proven: whoever it was that has gone, the
    /// other side may still come.
    mutating func endWithoutConsent() {
        guard self.wasProven || !self.configuration.isPatient, !self.isSelfReliant else { return }
        guard self.hasLostConsent, !self.checkList.pairs.contains(where: \.isValid) else { return }
        self.hasEnded = true
        self.orphan?.isConsented = false
        self.events.append(.consentExpired)
        self.transmits.removeAll()
        self.checkList.remove { _ in true }
        self.early = EarlyChecks()
    }
}
