// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// Which pair the session hangs on.
///
/// Whoever saw both descriptions can pass checks and have a pair of his own nominated. He cannot prove above ICE that
/// he is the other side. So consent is asked of the pair where that was proven, whatever is nominated beside it.
extension ICEAgent {
    /// The pair whose consent is asked for: the proven one, else the selected one.
    var trusted: PairID? { self.proven ?? self.nomination.selected }

    /// Takes note that the other side has shown at an address, by means above ICE, that it is who it should be.
    ///
    /// A controlling agent that has named another pair names this one now; one that has named none takes its time to find the
    /// best.
    package mutating func prove(_ remote: SocketAddress, on local: SocketAddress, at now: Instant) {
        guard let id = self.checkList.find(base: local, destination: remote.scoped(like: local)), id != self.proven
        else { return }
        let before = self.trusted
        self.proven = id
        self.wasProven = true
        self.hasLostConsent = false
        self.followTrust(from: before, at: now)
        let named = [self.nomination.selected, self.nomination.nominating].compactMap(\.self)
        if self.role == .controlling, !named.isEmpty, !named.contains(id) {
            self.startNominating(id)
        }
        self.settle(at: now)
    }

    /// The pair between two addresses, whether it is valid or only the other side's checks came over it.
    package func pair(with remote: SocketAddress, on local: SocketAddress) -> SelectedPair? {
        let id = self.checkList.find(base: local, destination: remote.scoped(like: local))
        return id.flatMap { self.checkList[$0]?.selected() }
    }

    /// Begins consent anew when another pair is trusted, and lets the old one be a spare.
    mutating func followTrust(from before: PairID?, at now: Instant) {
        guard self.trusted != before else { return }
        let timing = self.configuration.timing
        if let before {
            let next = now + Consent.randomized(timing.warmInterval, random: &self.random)
            self.checkList.update(before) { $0.nextFreshness = $0.isValid ? next : nil }
        }
        guard let id = self.trusted, let pair = self.checkList[id] else {
            if self.wasProven, self.orphan == nil {
                self.orphan = Orphan(of: self.consent, quietAfter: timing.quietAfter, at: now)
            }
            self.consent = nil
            return
        }
        self.orphan = nil
        self.checkList.update(id) { pair in
            pair.nextFreshness = nil
            pair.unansweredFreshness = 0
        }
        self.consent = Consent(
            timing: timing,
            roundTrip: pair.roundTripTime,
            at: now,
            provenAt: pair.lastResponse ?? now,
            random: &self.random
        )
    }
}
