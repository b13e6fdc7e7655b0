// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
import SDP
import STUN
package import Wire

/// A full ICE agent for one component over UDP (RFC 8445), with trickled candidates (RFC 8838) and consent (RFC 7675).
///
/// It has no socket and no clock. After each input drain `pollTransmit` and `pollEvent`, then read `nextTimeout`.
/// A base is a local address on which the owner has a socket; datagrams are named by it in both directions.
///
///     new ── setRemote ──▸ checking ── a pair is selected ──▸ connected ⇄ completed
///                             │ ▴                                  │ ▴
///                no pair left │ │ the other side is heard  silence │ │ it is heard
///                             ▾ │                                  ▾ │
///                            failed ◂──── consent expires ─── disconnected
///
/// After a restart (RFC 8445 §9) it is disconnected until a pair is selected.
package struct ICEAgent: ~Copyable {
    /// What the agent was told when it was made.
    package let configuration: Configuration
    /// Whether this side nominates; a role conflict may have changed it.
    package internal(set) var role: ICERole
    /// How far the search for a path has come.
    package internal(set) var state = ICEState.new
    /// When `handleTimeout` is to be called; nil: when something arrives.
    package internal(set) var nextTimeout: Instant?
    /// Whether the other side said that it has no more candidates; the agent works the same without it (RFC 8863).
    package internal(set) var hasAllRemoteCandidates = false

    let tieBreaker: UInt64
    var random: RandomSource
    /// The credentials in use.
    var generation: Generation
    /// Those before, with which the other side is answered until it has followed a restart.
    var predecessor: Generation?
    /// Those after, for a restart.
    var successor: Generation?
    /// Whether the successor is ready on both sides, so that either may begin it.
    var startsAlone = false
    /// When the other side of this generation became known: patience and the PAC timer (RFC 8863) count from here.
    var remoteKnownAt: Instant?
    var locals = LocalCandidates()
    var remotes = RemoteCandidates()
    var gatherer: Gatherer
    var gatheringWasComplete = false
    var checkList = CheckList()
    var early = EarlyChecks()
    var nomination = Nomination()
    /// Of the trusted pair; nil while there is none.
    var consent: Consent?
    /// The pair over which the other side has shown that it is who it should be.
    var proven: PairID?
    /// What is left of the pair that was trusted last, while there is none although one was proven.
    var orphan: Orphan?
    /// Whether the owner has ever proven a pair: from then on the end of consent is the end, or the time for a restart.
    var wasProven = false
    /// Whether the other side said that it is paired with somebody else.
    var wasRefused = false
    /// Whether consent expired on a pair that was selected.
    var hasLostConsent = false
    /// Whether consent expired and nothing is left to do.
    var hasEnded = false
    /// When the next new transaction may start (RFC 8445 §14.2).
    var nextStart: Instant
    var nextPatientStart: Instant
    /// Whether the gatherer has its turn before ordinary checks.
    var isGatherersTurn = true
    var transmits: Deque<ICETransmit> = []
    var events: Deque<Event> = []

    /// Creates an agent without addresses.
    package init(configuration: Configuration, random: RandomSource, at now: Instant) {
        self.configuration = configuration
        self.role = configuration.role
        self.random = random
        self.tieBreaker = self.random.next()
        self.generation = Generation(number: 0, credentials: configuration.localCredentials)
        self.gatherer = Gatherer(timing: configuration.timing)
        self.nextStart = now
        self.nextPatientStart = now
    }

    /// Runs what time alone has made due; a late or spurious call does no harm.
    package mutating func handleTimeout(at now: Instant) {
        guard let nextTimeout = self.nextTimeout, nextTimeout <= now else { return }
        self.settle(at: now)
    }

    /// When the next new transaction may start, be it one of the owner's with a TURN server (RFC 8445 §14.2).
    package var nextTurn: Instant { self.nextStart }

    /// Takes the turn of a new transaction for the owner; false while it is too early.
    package mutating func takeTurn(at now: Instant) -> Bool {
        guard self.nextStart <= now else { return false }
        self.nextStart = now + self.configuration.timing.pacing
        return true
    }

    /// The next datagram to send; poll again until nil.
    package mutating func pollTransmit() -> ICETransmit? {
        self.transmits.popFirst()
    }

    /// The next thing to know; poll again until nil.
    package mutating func pollEvent() -> Event? {
        self.events.popFirst()
    }
}

// MARK: - What the owner tells

extension ICEAgent {
    /// Changes who nominates.
    ///
    /// - Returns: false, and nothing happens, once the other side is known: then only a role conflict changes it.
    @discardableResult
    package mutating func setRole(_ role: ICERole) -> Bool {
        guard self.generation.remote == nil else { return false }
        self.role = role
        return true
    }

    /// Adds an address on which the owner has a socket, with a preference from `localPreferences(for:)`; the other side
    /// gets to know it by a name if there is one.
    package mutating func addLocalAddress(
        _ address: SocketAddress,
        name: String? = nil,
        localPreference: UInt16,
        at now: Instant
    ) {
        guard let base = self.locals.add(address, name: name, localPreference: localPreference) else { return }
        self.gatherer.add(base: address)
        self.use(base, at: now)
    }

    /// Adds an address for TCP (RFC 6544): one on which the owner listens, and one from which it connects.
    ///
    /// Either is a base, by which packets are named; so the owner takes care that no port is also one of UDP.
    package mutating func addTCPAddress(
        _ address: SocketAddress,
        name: String? = nil,
        localPreference: UInt16,
        at now: Instant
    ) {
        let active = SocketAddress(address.ip, port: CandidateTransport.activePort)
        for (base, type) in [(active, CandidateAttribute.TCPType.active), (address, .passive)] {
            guard let base = self.locals.add(base, over: .tcp(type), name: name, localPreference: localPreference)
            else {
                continue
            }
            self.use(base, at: now)
        }
    }

    /// Adds an address on a TURN server, through which the owner sends and receives for this agent.
    ///
    /// - Parameters:
    ///   - address: the relayed address, which becomes a base: datagrams are named by it.
    ///   - server: the server.
    ///   - relatedAddress: what the other side may learn of where this host is; nil to hide it.
    ///   - localPreference: the rank among relayed addresses.
    ///   - now: the time.
    package mutating func addRelayedAddress(
        _ address: SocketAddress,
        by server: SocketAddress,
        relatedAddress: SocketAddress?,
        localPreference: UInt16,
        at now: Instant
    ) {
        guard
            let base = self.locals.add(
                relayed: address,
                by: server.ip,
                relatedAddress: relatedAddress,
                localPreference: localPreference
            )
        else { return }
        self.use(base, at: now)
    }

    private mutating func use(_ base: LocalBase, at now: Instant) {
        self.events.append(.localCandidate(base.candidate))
        for remote in self.remotes.all {
            self.formPair(base, remote)
        }
        self.settle(at: now)
    }

    /// Removes an address whose socket or relay is gone, and every pair on it.
    package mutating func removeLocalAddress(_ address: SocketAddress, at now: Instant) {
        guard let base = self.locals.remove(address) else { return }
        for candidate in [base.candidate] + base.reflexive {
            self.events.append(.localCandidateStale(candidate))
        }
        self.gatherer.remove(base: address)
        self.early.remove(base: address)
        self.checkList.remove { $0.base == address }
        self.settle(at: now)
    }

    /// Adds a STUN server, which is asked from every base of its family.
    package mutating func addSTUNServer(_ address: SocketAddress, at now: Instant) {
        self.gatherer.add(server: address)
        self.settle(at: now)
    }

    /// Tells who the other side is; checks begin, and those it sent already are taken up.
    ///
    /// - Returns: false, and nothing happens, when a different one was told before.
    @discardableResult
    package mutating func setRemote(_ remote: RemoteAgent, at now: Instant) -> Bool {
        if let known = self.generation.remote {
            return known.credentials == remote.credentials
        }
        self.generation.remote = Generation.Remote(remote)
        self.remoteKnownAt = now
        if remote.isLite {
            // RFC 8445 §6.1.1: a full agent controls a lite one.
            self.role = .controlling
        }
        for check in self.early.takeAll(of: remote.credentials.usernameFragment) {
            self.adoptEarly(check, at: now)
        }
        self.settle(at: now)
        return true
    }

    /// Adds a candidate of the other side, before or after it is known itself; those beyond a limit are ignored.
    package mutating func addRemoteCandidate(_ candidate: Candidate, at now: Instant) {
        guard !self.hasEnded else { return }
        guard !self.configuration.isDirectOnly || candidate.kind != .relayed else {
            // It may be heard from as well.
            self.exclude(candidate.address, at: now)
            return
        }
        switch self.remotes.add(candidate) {
        case .ignored:
            return
        case .new:
            for base in self.locals.bases {
                self.formPair(base, candidate)
            }
        case .replacesReflexive:
            self.replaceReflexive(with: candidate)
        }
        self.settle(at: now)
    }

    /// Takes note that the other side has told all its candidates.
    package mutating func endOfRemoteCandidates(at now: Instant) {
        self.hasAllRemoteCandidates = true
        self.settle(at: now)
    }

    /// Takes note that data came over the selected pair: a sign of life, though no consent (RFC 7675 §5.1).
    package mutating func noteDataReceived(at now: Instant) {
        let wasSuspected = self.consent?.suspectedSince != nil
        self.consent?.noteHeard(at: now)
        if wasSuspected {
            self.settle(at: now)
        }
    }

    /// Takes note that data was sent over the selected pair: something is to be heard soon, or the path is checked.
    package mutating func noteDataSent(at now: Instant) {
        guard self.consent?.noteDataSent(at: now) == true, let deadline = self.consent?.deadline else { return }
        self.nextTimeout = earliest(self.nextTimeout, Self.later(deadline, than: now))
    }

    /// Takes note that this host or the network says that an address cannot be reached, which may be true: the path is checked.
    package mutating func noteUnreachable(_ remote: SocketAddress, on local: SocketAddress, at now: Instant) {
        self.gatherer.noteUnreachable(remote, on: local)
        if let id = self.trusted, id == self.checkList.find(base: local, destination: remote.scoped(like: local)) {
            self.consent?.doubt(at: now)
        }
        self.settle(at: now)
    }
}

// MARK: - What the owner asks

extension ICEAgent {
    /// How far the gathering of server-reflexive candidates has come.
    package var gatheringState: GatheringState { self.gatherer.state }

    /// All local candidates that may be told to the other side.
    package var localCandidates: [Candidate] {
        self.locals.bases.flatMap { [$0.candidate] + $0.reflexive }
    }

    /// All remote candidates, told and learned.
    package var remoteCandidates: [Candidate] { self.remotes.all }

    /// The pair over which data goes.
    package var selectedPair: SelectedPair? {
        self.nomination.selected.flatMap { self.checkList[$0]?.selected() }
    }

    /// The best path so far: the selected pair, else the best valid one, over which DTLS may begin.
    package var bestPair: SelectedPair? {
        self.selectedPair ?? self.checkList.bestValid(self.role)?.selected()
    }

    /// The round-trip time of the selected pair, as its last check measured it.
    package var roundTripTime: Duration? { self.selectedPair?.roundTripTime }

    /// Whether a datagram between these addresses belongs to a pair that is valid, or over which an authentic check came.
    package func isKnownSource(_ remote: SocketAddress, on local: SocketAddress) -> Bool {
        let source = remote.scoped(like: local)
        guard let id = self.checkList.find(base: local, destination: source), let pair = self.checkList[id] else {
            return self.early.contains(source, on: local)
        }
        return pair.isValid || pair.isCheckedByPeer
    }

    /// All pairs, best first.
    package var pairReports: [PairReport] {
        self.checkList.pairs
            .sorted { $0.priority(self.role) > $1.priority(self.role) }
            .map { pair in
                PairReport(
                    localKind: (pair.validLocal ?? pair.local).kind,
                    remoteKind: pair.remote.kind,
                    base: pair.base,
                    destination: pair.destination,
                    state: pair.state,
                    isValid: pair.isValid,
                    isNominated: pair.isNominated,
                    isSelected: pair.id == self.nomination.selected,
                    requestsSent: pair.requestsSent,
                    requestsReceived: pair.requestsReceived,
                    responsesReceived: pair.responsesReceived,
                    roundTripTime: pair.roundTripTime
                )
            }
    }
}
