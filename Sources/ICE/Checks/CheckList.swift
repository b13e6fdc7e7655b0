// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
import Wire

/// The pairs of one component and the order in which they are checked (RFC 8445 §6.1.2 and §6.1.4).
struct CheckList: Sendable {
    /// All pairs, in the order in which they were formed; at most `ICELimits.pairs`.
    private(set) var pairs: [CandidatePair] = []
    private var triggered: Deque<PairID> = []
    /// Triggered checks since the last ordinary one.
    private var triggeredInRow = 0
    private var nextNumber = 0

    /// The pair with an identifier, which must be in the list for a change to have an effect.
    subscript(id: PairID) -> CandidatePair? {
        get { self.index(of: id).map { self.pairs[$0] } }
        set {
            guard let newValue, let index = self.index(of: id) else { return }
            self.pairs[index] = newValue
        }
    }

    /// Changes a pair in place; nothing happens when it is gone.
    mutating func update(_ id: PairID, _ change: (inout CandidatePair) -> Void) {
        guard let index = self.index(of: id) else { return }
        change(&self.pairs[index])
    }

    /// The pair between a base and a remote address.
    func find(base: SocketAddress, destination: SocketAddress) -> PairID? {
        self.pairs.first { $0.destination == destination && $0.base == base }?.id
    }

    /// The pair and the index of its transaction that a response belongs to.
    func find(where isMatching: (ConnectivityCheck) -> Bool) -> (pair: PairID, check: ConnectivityCheck)? {
        for pair in self.pairs {
            if let check = pair.checks.first(where: isMatching) {
                return (pair.id, check)
            }
        }
        return nil
    }

    private func index(of id: PairID) -> Int? {
        self.pairs.firstIndex { $0.id == id }
    }
}

// MARK: - Forming

extension CheckList {
    /// Forms a pair, unless there is one between these addresses already or the list is full of better ones.
    ///
    /// Its state is that of RFC 8838 §12: Waiting when no pair of its foundation is, or when one has succeeded, else Frozen.
    @discardableResult
    mutating func form(
        local: Candidate,
        localPreference: UInt16,
        remote: Candidate,
        destination: SocketAddress,
        role: ICERole
    ) -> PairID? {
        guard self.find(base: local.address, destination: destination) == nil else { return nil }
        var pair = CandidatePair(
            id: PairID(number: self.nextNumber),
            local: local,
            localPreference: localPreference,
            remote: remote,
            destination: destination,
            state: .frozen
        )
        guard self.makeRoom(for: pair.priority(role), role: role) else { return nil }
        let family = self.pairs.filter { $0.foundation == pair.foundation }
        if family.contains(where: { $0.state == .succeeded }) || family.allSatisfy({ $0.state == .failed }) {
            pair.state = .waiting
        }
        self.nextNumber += 1
        self.pairs.append(pair)
        return pair.id
    }

    /// RFC 8445 §6.1.2.5: the pair of lowest priority goes, but never one that works.
    private mutating func makeRoom(for priority: UInt64, role: ICERole) -> Bool {
        guard self.pairs.count >= ICELimits.pairs else { return true }
        let expendable = self.pairs.filter { !$0.isValid && (!$0.isCheckedByPeer || $0.state == .failed) }
        guard let last = expendable.min(by: { $0.priority(role) < $1.priority(role) }), last.priority(role) < priority
        else { return false }
        self.remove { $0.id == last.id }
        return true
    }

    /// Begins anew after a restart (RFC 8445 §9): pairs that worked are checked first, the best of them before others.
    mutating func restart(role: ICERole) {
        let proven = self.pairs.filter(\.isValid).sorted { $0.validPriority(role) > $1.validPriority(role) }
        for index in self.pairs.indices {
            self.pairs[index].restart()
        }
        self.triggered = Deque(proven.map(\.id))
        for pair in proven {
            self.update(pair.id) { $0.state = .waiting }
        }
    }

    /// Removes pairs.
    mutating func remove(where isDoomed: (CandidatePair) -> Bool) {
        self.pairs.removeAll(where: isDoomed)
        let left = self.pairs
        self.triggered.removeAll { id in !left.contains { $0.id == id } }
    }
}

// MARK: - Scheduling

extension CheckList {
    /// Whether a triggered check waits for its turn.
    var hasTriggered: Bool { !self.triggered.isEmpty }

    /// Whether `popNext` would yield a pair.
    var hasStartable: Bool {
        if self.hasTriggered || self.pairs.contains(where: { $0.state == .waiting }) {
            return true
        }
        let busy = self.busyFoundations
        return self.pairs.contains { $0.state == .frozen && !busy.contains($0.foundation) }
    }

    /// Whether any pair may still succeed by itself.
    var isRunning: Bool {
        self.hasTriggered || self.pairs.contains { $0.state != .succeeded && $0.state != .failed }
    }

    /// How many pairs are Waiting or In-Progress: N of RFC 8445 §14.3.
    var activeCount: Int {
        self.pairs.count { $0.state == .waiting || $0.state == .inProgress }
    }

    /// Puts a pair at the end of the triggered-check queue, once (RFC 8445 §6.1.4.1).
    mutating func trigger(_ id: PairID) {
        guard !self.triggered.contains(id) else { return }
        self.triggered.append(id)
    }

    /// Triggered checks after which an ordinary one has its turn.
    private static let triggeredRun = 3

    /// The pair to check next: triggered ones first, in their order; then the best Waiting one (RFC 8445 §6.1.4.2).
    ///
    /// Two NATs that map each remote end anew, and let everybody in, show the peers a new source with each check: triggered
    /// checks beget triggered checks without end. So that others are ever made, only a few of them go first.
    mutating func popNext(role: ICERole) -> PairID? {
        if self.triggeredInRow < Self.triggeredRun, let id = self.triggered.popFirst() {
            self.triggeredInRow += 1
            return id
        }
        self.triggeredInRow = 0
        return self.nextOrdinary(role: role) ?? self.triggered.popFirst()
    }

    private mutating func nextOrdinary(role: ICERole) -> PairID? {
        let queued = self.triggered
        return self.best(role) { $0.state == .waiting && !queued.contains($0.id) } ?? self.unfreezeOne(role: role)
    }

    /// RFC 8445 §6.1.4.2: a Frozen pair thaws when no pair of its foundation is Waiting or In-Progress.
    private mutating func unfreezeOne(role: ICERole) -> PairID? {
        let busy = self.busyFoundations
        guard let id = self.best(role, where: { $0.state == .frozen && !busy.contains($0.foundation) }) else {
            return nil
        }
        self.update(id) { $0.state = .waiting }
        return id
    }

    /// Foundations of which a pair is about to be decided.
    ///
    /// A pair whose first request went unanswered no longer counts, unlike in RFC 8445: with one component there is little to
    /// learn from it, and it may be the dead address of a peer that has told a better one since.
    private var busyFoundations: Set<PairFoundation> {
        Set(
            self.pairs.filter { $0.state == .waiting || ($0.state == .inProgress && $0.requestsSent < 2) }.map(
                \.foundation
            )
        )
    }

    /// RFC 8445 §7.2.5.3.3: the success of one pair thaws all of its foundation.
    mutating func unfreeze(_ foundation: PairFoundation) {
        for index in self.pairs.indices
        where self.pairs[index].state == .frozen && self.pairs[index].foundation == foundation {
            self.pairs[index].state = .waiting
        }
    }

    /// The pair of highest priority among those that `isEligible` admits.
    func best(_ role: ICERole, where isEligible: (CandidatePair) -> Bool) -> PairID? {
        self.pairs.filter(isEligible).max { $0.priority(role) < $1.priority(role) }?.id
    }

    /// The best valid pair, by the priorities of the valid pairs.
    func bestValid(_ role: ICERole, where isEligible: (CandidatePair) -> Bool = { _ in true }) -> CandidatePair? {
        self.pairs.filter { $0.isValid && isEligible($0) }.max { $0.validPriority(role) < $1.validPriority(role) }
    }
}
