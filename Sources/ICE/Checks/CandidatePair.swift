// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Where the check of a pair stands (RFC 8445 §6.1.2.6).
package enum CandidatePairState: String, Hashable, Sendable, CaseIterable {
    /// Waits until a pair of the same foundation has succeeded.
    case frozen
    /// May be checked as soon as its turn comes.
    case waiting
    /// A check was sent and is not decided.
    case inProgress
    /// A check succeeded.
    case succeeded
    /// A check failed; a triggered or a patient check may revive it.
    case failed
}

/// What identifies a pair for as long as the agent lives.
struct PairID: Hashable, Sendable, Comparable {
    /// Counts up.
    let number: Int

    /// Whether `left` was formed earlier.
    static func < (left: PairID, right: PairID) -> Bool { left.number < right.number }
}

/// The foundations of both candidates (RFC 8445 §6.1.2.6).
struct PairFoundation: Hashable, Sendable {
    /// Of the local candidate.
    let local: String
    /// Of the remote candidate.
    let remote: String
}

/// A base and a remote address, with all that is known of the path between them (RFC 8445 §6.1.2).
///
/// Local candidates other than bases and relayed ones never form pairs (RFC 8445 §6.1.2.4), so that base and remote address
/// identify a pair. The valid pair that a check produces may have another local candidate (RFC 8445 §7.2.5.3.2); its base
/// and remote address are the same, therefore it is a property of this one.
struct CandidatePair: Sendable {
    /// Identifies the pair.
    let id: PairID
    /// The local candidate, whose address is the base.
    let local: Candidate
    /// The local preference of the base, for the PRIORITY of checks.
    let localPreference: UInt16
    /// The remote candidate; a signalled one takes the place of a peer-reflexive one.
    var remote: Candidate
    /// The address to send to: that of the remote candidate, with the scope that it has on this host.
    let destination: SocketAddress

    /// Where the check stands.
    var state: CandidatePairState
    /// The local candidate of the valid pair; nil while the pair is not valid.
    var validLocal: Candidate?
    /// Whether `valid` was told.
    var wasAnnounced = false
    /// Whether it was nominated, by us with success or by the other side.
    var isNominated = false
    /// Whether the other side nominated it before it was valid (RFC 8445 §7.3.1.5).
    var isNominatedOnSuccess = false
    /// Checks that nominated it since this side last set about that.
    var nominations = 0
    /// The number with which the other side nominated it; nil where that has none.
    var nominationNumber: UInt32?
    /// Until when it is not nominated again because it fell silent.
    var distrustedUntil = Instant.zero
    /// When the other side nominated it last.
    var lastNominated: Instant?
    /// Whether an authenticated request came over it.
    var isCheckedByPeer = false
    /// Transactions that are not decided.
    var checks: [ConnectivityCheck] = []

    /// When the last request was sent, new ones and retransmissions alike.
    var lastSent: Instant?
    /// When the last valid response came: the age of consent.
    var lastResponse: Instant?
    /// When the pair is to be checked again to keep it warm.
    var nextFreshness: Instant?
    /// Checks for freshness since the last valid response.
    var unansweredFreshness = 0
    /// The last round-trip time that could be measured.
    var roundTripTime: Duration?
    /// Requests sent, retransmissions included.
    var requestsSent = 0
    /// Authenticated requests received.
    var requestsReceived = 0
    /// Valid responses received.
    var responsesReceived = 0

    /// Creates a pair.
    init(
        id: PairID,
        local: Candidate,
        localPreference: UInt16,
        remote: Candidate,
        destination: SocketAddress,
        state: CandidatePairState
    ) {
        self.id = id
        self.local = local
        self.localPreference = localPreference
        self.remote = remote
        self.destination = destination
        self.state = state
    }

    /// The local address to send from.
    var base: SocketAddress { self.local.address }

    /// Whether a check over it succeeded and it is still believed.
    var isValid: Bool { self.validLocal != nil }

    /// What it has in common with pairs that will probably fare alike.
    var foundation: PairFoundation {
        PairFoundation(local: self.local.foundation, remote: self.remote.foundation)
    }

    /// Whether a relay forwards what is sent over it.
    var isRelayed: Bool { self.local.kind == .relayed || self.remote.kind == .relayed }

    /// RFC 8445 §6.1.2.3 for the agent's present role.
    func priority(_ role: ICERole) -> UInt64 {
        Self.priority(local: self.local.priority, remote: self.remote.priority, role: role)
    }

    /// The priority of the valid pair that the check produced; that of the pair itself while there is none.
    func validPriority(_ role: ICERole) -> UInt64 {
        let local = self.validLocal?.priority ?? self.local.priority
        return Self.priority(local: local, remote: self.remote.priority, role: role)
    }

    /// `2^32 * MIN(G, D) + 2 * MAX(G, D) + (G > D ? 1 : 0)`, with G of the controlling and D of the controlled side.
    ///
    /// Priorities beyond 2^31 - 1, which RFC 8445 §5.1.2 forbids, count as that.
    static func priority(local: UInt32, remote: UInt32, role: ICERole) -> UInt64 {
        let controlling = UInt64(min(role == .controlling ? local : remote, 0x7FFF_FFFF))
        let controlled = UInt64(min(role == .controlling ? remote : local, 0x7FFF_FFFF))
        let larger = max(controlling, controlled)
        return min(controlling, controlled) << 32 &+ larger &* 2 &+ (controlling > controlled ? 1 : 0)
    }

    /// The valid pair, as the owner of the agent sees it.
    func selected() -> SelectedPair {
        SelectedPair(
            local: self.validLocal ?? self.local,
            remote: self.remote,
            base: self.base,
            destination: self.destination,
            roundTripTime: self.roundTripTime
        )
    }

    /// Remembers a transaction; the oldest one is forgotten when there are too many.
    mutating func remember(_ check: ConnectivityCheck) {
        if self.checks.count >= ICELimits.transactionsPerPair {
            self.checks.removeFirst()
        }
        self.checks.append(check)
    }

    /// Begins anew after a restart (RFC 8445 §9); how fast it was is still the best guess.
    mutating func restart() {
        self.fail()
        self.state = .frozen
        self.isNominatedOnSuccess = false
        self.nominationNumber = nil
        self.lastNominated = nil
        self.isCheckedByPeer = false
    }

    /// Ends the belief in the pair and all its transactions.
    mutating func fail() {
        self.state = .failed
        self.validLocal = nil
        self.wasAnnounced = false
        self.isNominated = false
        self.nextFreshness = nil
        self.unansweredFreshness = 0
        self.checks.removeAll()
    }
}
