// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Which pair is used, and which is about to be (RFC 8445 §8).
struct Nomination: Sendable {
    /// The pair over which data goes.
    var selected: PairID?
    /// Since when.
    private(set) var selectedAt = Instant.zero
    /// The pair that this side nominates, until the other side has confirmed it.
    var nominating: PairID?
    /// When the first pair became valid, while none is selected.
    var firstValidAt: Instant?
    /// How many pairs this side has nominated: the number of the last nomination (draft-thatcher-ice-renomination).
    var number: UInt32 = 0
    /// The greatest number of a nomination by the other side.
    var highestNumber: UInt32 = 0

    /// A peer that nominates everything has named all its pairs after this time; a later nomination is a change of mind.
    static let renomination = Duration.seconds(10)

    /// Forgets all about the pair before, except how often one was nominated.
    mutating func select(_ id: PairID?, at now: Instant) {
        self.selected = id
        self.selectedAt = now
        self.nominating = nil
        self.firstValidAt = nil
    }

    /// How long a better pair than `pair` is waited for after the first one became valid.
    ///
    /// A better pair that works answers within a few round trips. One without a relay may take longer than a relayed one, and
    /// is worth it.
    static func patience(with pair: CandidatePair, atMost longest: Duration) -> Duration {
        guard !pair.isRelayed else { return min(.milliseconds(1_500), longest) }
        let roundTrips = (pair.roundTripTime ?? .zero) * 4
        return min(max(roundTrips, .milliseconds(200)), .seconds(1), longest)
    }
}

// MARK: - The controlling side

extension ICEAgent {
    /// Nominates a pair when the time has come, or another one when the selected pair is worse than it should be.
    mutating func nominate(at now: Instant) {
        guard self.role == .controlling, self.generation.remote != nil, self.nomination.nominating == nil else {
            return
        }
        if let id = self.nomination.selected {
            guard let selected = self.checkList[id], let other = self.replacement(for: selected, at: now) else {
                return
            }
            self.startNominating(other.id)
            return
        }
        guard let best = self.nominee else {
            self.nomination.firstValidAt = nil
            return
        }
        self.nomination.firstValidAt = self.nomination.firstValidAt ?? now
        guard let deadline = self.settlingDeadline(best), now >= deadline || !self.mayImprove(on: best) else { return }
        self.startNominating(best.id)
    }

    /// When the best valid pair is nominated although a better one may come; nil when that is no question.
    func nominationDeadline(at now: Instant) -> Instant? {
        guard self.role == .controlling, self.nomination.nominating == nil else { return nil }
        if let selected = self.nomination.selected.flatMap({ self.checkList[$0] }) {
            let deadline = self.improvement(on: selected, at: now).map { self.improvementDeadline($0, selected) }
            return deadline.flatMap { $0 > now ? $0 : nil }
        }
        guard let best = self.nominee, let deadline = self.settlingDeadline(best), deadline > now
        else { return nil }
        return deadline
    }

    /// The best valid pair; once the other side has proven itself somewhere, only an address that it has told may be better.
    private var nominee: CandidatePair? {
        self.checkList.bestValid(self.role) { pair in
            self.proven == nil || pair.id == self.proven || self.remotes.isSignalled(pair.destination)
        }
    }

    private func settlingDeadline(_ best: CandidatePair) -> Instant? {
        let longest = self.configuration.timing.settling
        return self.nomination.firstValidAt.map { $0 + Nomination.patience(with: best, atMost: longest) }
    }

    /// Whether a pair of higher priority is still being checked.
    private func mayImprove(on best: CandidatePair) -> Bool {
        self.checkList.pairs.contains { pair in
            pair.state != .succeeded && pair.state != .failed
                && pair.priority(self.role) > best.priority(self.role)
        }
    }

    /// A pair that should take the place of the selected one: it answers while the other is silent, or it is better.
    private mutating func replacement(for selected: CandidatePair, at now: Instant) -> CandidatePair? {
        if let awaitedSince = self.consent?.awaitedSince, self.consent?.suspectedSince != nil {
            guard selected.id == self.trusted || (selected.lastResponse ?? .zero) < awaitedSince else { return nil }
            let other = self.checkList.bestValid(self.role) { pair in
                pair.id != selected.id && (pair.lastResponse ?? .zero) >= awaitedSince
            }
            if other != nil {
                let distrusted = now + self.configuration.timing.distrust
                self.checkList.update(selected.id) { $0.distrustedUntil = distrusted }
            }
            return other
        }
        guard let other = self.improvement(on: selected, at: now) else { return nil }
        return self.improvementDeadline(other, selected) <= now ? other : nil
    }

    private func improvement(on selected: CandidatePair, at now: Instant) -> CandidatePair? {
        let priority = selected.validPriority(self.role)
        return self.checkList.bestValid(self.role) { pair in
            pair.validPriority(self.role) > priority && pair.distrustedUntil <= now
        }
    }

    /// A path without a relay is worth a change at once; otherwise the best pair of all is waited for.
    private func improvementDeadline(_ other: CandidatePair, _ selected: CandidatePair) -> Instant {
        let isLeap = selected.isRelayed && !other.isRelayed
        return isLeap ? self.nomination.selectedAt : self.nomination.selectedAt + self.configuration.timing.settling
    }

    /// RFC 8445 §8.1.1: the check is repeated with USE-CANDIDATE.
    mutating func startNominating(_ id: PairID) {
        self.nomination.nominating = id
        self.nomination.number = min(self.nomination.number + 1, 0xFF_FFFF)
        self.checkList.trigger(id)
    }
}

// MARK: - The controlled side

extension ICEAgent {
    /// RFC 8445 §7.3.1.5: the other side nominates a pair, which may not be valid yet.
    ///
    /// Of nominations with numbers the greatest one counts, whatever pair it is for and in whatever order they come.
    mutating func receiveNomination(_ id: PairID, number: UInt32?, at now: Instant) {
        if let number {
            guard number >= self.nomination.highestNumber else { return }
            self.nomination.highestNumber = number
        }
        self.checkList.update(id) { pair in
            pair.nominationNumber = number
            pair.lastNominated = now
            pair.isNominated = pair.isValid
            pair.isNominatedOnSuccess = !pair.isValid
        }
        self.followNomination(id, at: now)
    }

    /// Selects a nominated pair, unless the selected one is better and still meant.
    ///
    /// A peer may nominate each pair that works: the best of them wins, and later checks change nothing. A peer that
    /// nominates another pair and no longer the selected one has changed its mind.
    private mutating func followNomination(_ id: PairID, at now: Instant) {
        guard let pair = self.checkList[id], pair.isValid, pair.isNominated, id != self.nomination.selected else {
            return
        }
        if let selected = self.nomination.selected.flatMap({ self.checkList[$0] }) {
            let isBetter = pair.priority(self.role) > selected.priority(self.role)
            let isSuspected = self.consent?.suspectedSince != nil
            let oldest = (selected.lastNominated ?? .zero) + Nomination.renomination
            let isLatest = pair.nominationNumber == self.nomination.highestNumber
            guard isLatest || isBetter || isSuspected || (pair.lastNominated ?? .zero) >= oldest else { return }
        }
        self.select(id, at: now)
    }
}

// MARK: - Selection

extension ICEAgent {
    /// A check over a pair has succeeded: a nomination may be complete with it.
    mutating func concludeNomination(_ id: PairID, _ check: ConnectivityCheck, at now: Instant) {
        switch self.role {
        case .controlling:
            guard id == self.nomination.nominating, check.purpose == .nomination else { return }
            self.checkList.update(id) { $0.isNominated = true }
            self.select(id, at: now)
        case .controlled:
            guard self.checkList[id]?.isNominatedOnSuccess ?? false else { return }
            self.checkList.update(id) { pair in
                pair.isNominatedOnSuccess = false
                pair.isNominated = true
            }
            self.followNomination(id, at: now)
        }
    }

    /// Data goes over another pair from now on; the old one is kept warm.
    private mutating func select(_ id: PairID, at now: Instant) {
        guard let pair = self.checkList[id] else { return }
        let before = self.trusted
        self.nomination.select(id, at: now)
        self.followTrust(from: before, at: now)
        self.events.append(.selected(pair.selected()))
    }

    /// Notices that the selected pair, or the one being nominated, has failed or is gone, and falls back to another.
    mutating func reconcileSelection(at now: Instant) {
        if let id = self.nomination.nominating, self.checkList[id]?.isValid != true {
            self.nomination.nominating = nil
        }
        let before = self.trusted
        if let id = self.proven, self.checkList[id].map({ $0.state == .failed }) ?? true {
            self.proven = nil
        }
        guard let id = self.nomination.selected, self.checkList[id]?.isValid != true else {
            self.followTrust(from: before, at: now)
            return
        }
        self.nomination.select(nil, at: now)
        self.followTrust(from: before, at: now)
        guard self.role == .controlled, let other = self.checkList.bestValid(self.role, where: \.isNominated) else {
            return
        }
        self.select(other.id, at: now)
    }
}
