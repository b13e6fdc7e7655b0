// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import DataChannels
import DequeModule
import ICE
import SCTP
package import Wire

extension PeerConnection {
    /// Takes a datagram that came from `source` to the local address `local`.
    ///
    /// What cannot be understood or is not authentic is dropped: anyone may send here.
    package mutating func handle(
        _ datagram: Span<UInt8>,
        from source: SocketAddress,
        on local: SocketAddress,
        at now: Instant
    ) {
        guard !self.isClosed else {
            // A server may want to be told once more that it is not needed any longer.
            _ = self.relays.handle(datagram, from: source, on: local, at: now) { _, _, _ in }
            return
        }
        let isRelayed = self.relays.handle(datagram, from: source, on: local, at: now) { payload, peer, relayed in
            self.receive(payload, on: Path(local: relayed, remote: peer), at: now)
        }
        if !isRelayed {
            // As ICE names it: a path that has two names would be two paths.
            self.receive(datagram, on: Path(local: local, remote: source.scoped(like: local)), at: now)
        }
        self.pump(at: now)
    }

    /// Takes a datagram that a peer sent, wherever it came through.
    mutating func receive(_ datagram: Span<UInt8>, on path: Path, at now: Instant) {
        switch PacketKind(datagram) {
        case .stun:
            guard self.secure?.isBanned(path.remote) != true else { return }
            do throws(ICEError) {
                try self.agent.handle(datagram, from: path.remote, on: path.local, at: now)
            } catch {
                self.rejectedDatagrams &+= 1
            }
        case .dtls:
            self.handleDTLS(datagram, on: path, at: now)
        case .turnChannel, .unknown:
            self.rejectedDatagrams &+= 1
        }
    }

    /// Takes note that datagrams to an address did not get there; a hint that may be forged, and makes ICE look for itself.
    package mutating func noteUnreachable(_ remote: SocketAddress, on local: SocketAddress, at now: Instant) {
        guard !self.isClosed else { return }
        self.agent.noteUnreachable(remote, on: local, at: now)
        self.pump(at: now)
    }

    /// Runs every timer that has expired; a spurious call does nothing.
    package mutating func handleTimeout(at now: Instant) {
        self.relays.handleTimeout(at: now)
        self.tcp.handleTimeout(at: now)
        guard !self.isClosed else { return }
        self.startAllocation(at: now)
        self.agent.handleTimeout(at: now)
        self.secure?.handleTimeout(at: now)
        self.association.handleTimeout(at: now)
        self.startFurtherHandshakes(at: now)
        self.probeSelectedPath(at: now)
        self.judgeSearch(at: now)
        self.judgeReconnect(at: now)
        self.pump(at: now)
    }

    /// When `handleTimeout` has something to do; nil: never.
    package var nextTimeout: Instant? {
        guard !self.isClosed else { return earliest(self.relays.nextTimeout, self.tcp.nextTimeout) }
        var next = earliest(self.agent.nextTimeout, self.tcp.nextTimeout)
        next = earliest(next, self.secure?.nextTimeout)
        next = earliest(next, self.relays.nextTimeout)
        if self.relays.hasWaiting { next = earliest(next, self.agent.nextTurn) }
        next = earliest(next, self.nextProbe)
        next = earliest(next, self.pathlessDeadline)
        next = earliest(next, self.reconnectDeadline)
        return earliest(next, self.association.nextTimeout)
    }
}

extension PeerConnection {
    /// Asks a TURN server when it is the turn of a new transaction: all of STUN and TURN share one pace (RFC 8445 §14.2).
    mutating func startAllocation(at now: Instant) {
        guard self.relays.hasWaiting, self.agent.takeTurn(at: now) else { return }
        self.relays.startNext(at: now)
    }

    private mutating func handleDTLS(_ datagram: Span<UInt8>, on path: Path, at now: Instant) {
        guard let secure = self.secure else {
            self.early.keep(datagram, on: path)
            return
        }
        // During a restart the path of before is not checked yet; what comes there is as authentic as it was.
        guard self.agent.isKnownSource(path.remote, on: path.local) || path == self.route.current else {
            // Its check may be on the way: a ClientHello is kept until then.
            if !secure.isEstablished { self.early.keep(datagram, on: path) }
            return
        }
        self.takeEarlyHandshakes(at: now)
        self.take(datagram, on: path, through: secure, at: now)
    }

    /// Takes up what came before its source was known to be a peer's.
    mutating func takeEarlyHandshakes(at now: Instant) {
        guard let secure = self.secure, !self.early.isEmpty else { return }
        for path in self.early.paths where self.agent.isKnownSource(path.remote, on: path.local) {
            for kept in self.early.take(path) {
                self.take(kept.span, on: path, through: secure, at: now)
            }
        }
    }

    private mutating func take(
        _ datagram: Span<UInt8>,
        on path: Path,
        through secure: SecureTransport,
        at now: Instant
    ) {
        let isTold = !self.isSecuredThere && self.agent.isSignalled(path.remote)
        let outcome = secure.handle(datagram, on: path, isTold: isTold, at: now) { packet in
            do throws(SCTPError) {
                try self.association.handle(packet, at: now)
            } catch {
                self.rejectedDatagrams &+= 1
            }
        }
        switch outcome {
        case .none:
            break
        case .authentic(let path):
            self.prove(path, at: now)
            if !self.isSecuredThere { self.noteSecuredThere() }
            if path == self.route.current { self.agent.noteDataReceived(at: now) }
        case .secured(let path):
            self.prove(path, at: now)
            self.early.removeAll()
            self.tellSecured()
            // A client has seen the server's last flight. A server's may be on its way still.
            self.isSecuredThere = secure.role == .client
            self.deriveRestartCredentials()
            let pair = self.agent.pair(with: path.remote, on: path.local)
            // Has no effect where the handshake was begun anew.
            self.association.associate(roundTrip: pair?.roundTripTime, at: now)
        case .impostor(let path):
            self.agent.exclude(path.remote, at: now)
            self.tcp.exclude(path.remote)
            self.events.append(.impostor(path.remote))
        case .closed:
            self.end(.remote)
        }
    }

    private mutating func tellSecured() {
        guard !self.hasToldSecured, case .paired(let remote) = self.signaling else { return }
        self.hasToldSecured = true
        self.events.append(.secured(remote.fingerprint))
    }

    /// As DTLS client: what happens on the selected path may be the doing of somebody who only knows the descriptions,
    /// so further paths are tried beside it.
    private mutating func startFurtherHandshakes(at now: Instant) {
        guard let secure = self.secure, !secure.isEstablished else { return }
        let paths = self.agent.validPairs.map { pair in
            (path: Path(local: pair.base, remote: pair.destination), isTold: self.agent.isSignalled(pair.destination))
        }
        secure.startFurther(on: paths, at: now)
    }

    /// The other side has shown itself on a path.
    private mutating func prove(_ path: Path, at now: Instant) {
        guard self.route.prove(path, at: now) else { return }
        self.agent.prove(path.remote, on: path.local, at: now)
        self.startProbing(at: now)
        self.tellPath()
    }

    /// Tells which path is in use, if that has changed.
    ///
    /// A path is told with its round-trip time, which is known before the handshakes are over unless answers are lost.
    private mutating func tellPath() {
        guard let path = self.route.current, let pair = self.agent.pair(with: path.remote, on: path.local),
            pair.roundTripTime != nil || self.association.isEstablished
        else { return }
        let description = PathDescription(local: pair.local, remote: pair.remote, roundTripTime: pair.roundTripTime)
        if let told = self.toldPath, told.local == description.local, told.remote == description.remote { return }
        self.toldPath = description
        self.isPathless = false
        self.pathlessDeadline = nil
        self.events.append(.path(description))
    }

    /// Lets the other side prove itself on the path that ICE selected, where another one is proven.
    private mutating func startProbing(at now: Instant) {
        guard self.route.isUndecided else { return }
        self.probesLeft = Self.maximumProbes
        self.nextProbe = now
        self.probeSelectedPath(at: now)
    }

    /// A path that ICE selected while another is proven carries what goes there as well, so there must be something to go.
    private mutating func probeSelectedPath(at now: Instant) {
        guard let due = self.nextProbe, due <= now else { return }
        guard self.route.isUndecided, self.probesLeft > 0 else {
            self.nextProbe = nil
            return
        }
        self.probesLeft -= 1
        self.nextProbe = now.advanced(byNanoseconds: Self.probeInterval)
        self.association.sendHeartbeat(at: now)
    }

    /// Carries events from each part to the one above it, and to the owner.
    mutating func pump(at now: Instant) {
        self.pumpRelays(at: now)
        self.pumpAgent(at: now)
        self.pumpAssociation(at: now)
    }

    /// Whether the other side may learn where a relay is used from: not with relays alone, nor behind names.
    private var tellsOrigins: Bool {
        self.configuration.policy != .relay && !self.localCandidates.contains { $0.name != nil }
    }

    private mutating func pumpRelays(at now: Instant) {
        for event in self.relays.takeEvents(at: now) {
            switch event {
            case .gained(let relayed):
                self.agent.addRelayedAddress(
                    relayed.address,
                    by: relayed.server,
                    relatedAddress: self.tellsOrigins ? relayed.mapped : nil,
                    localPreference: relayed.localPreference,
                    at: now
                )
            case .lost(let address):
                self.agent.removeLocalAddress(address, at: now)
            case .failed(let server, let reason):
                self.events.append(.relayFailed(server, reason))
            }
        }
        self.startAllocation(at: now)
        guard self.relays.hasGathered != self.relaysHadGathered else { return }
        self.relaysHadGathered = self.relays.hasGathered
        if self.relaysHadGathered, self.agent.gatheringState != .gathering { self.events.append(.gatheringComplete) }
    }

    private mutating func pumpAgent(at now: Instant) {
        while let event = self.agent.pollEvent() {
            switch event {
            case .localCandidate(let candidate):
                self.localCandidates.append(candidate)
                self.events.append(.localCandidate(candidate))
            case .localCandidateStale(let candidate):
                self.localCandidates.removeAll { $0 == candidate }
                self.events.append(.localDescriptionStale)
            case .gatheringComplete:
                if self.relays.hasGathered { self.events.append(.gatheringComplete) }
            case .valid(let pair):
                self.take(valid: pair, at: now)
            case .selected(let pair):
                self.take(selected: pair, at: now)
            case .stateChanged(let state):
                self.take(state, at: now)
            case .refused:
                self.events.append(.refused)
            case .restarted:
                self.prepareRestart()
            case .consentExpired:
                // Before the other side has proven itself, this was anybody: the search goes on.
                self.losePath(at: now)
            }
        }
    }

    private mutating func take(valid pair: SelectedPair, at now: Instant) {
        let path = Path(local: pair.base, remote: pair.destination)
        if let time = pair.roundTripTime { self.secure?.setRoundTripTime(time, on: path) }
        self.takeEarlyHandshakes(at: now)
        self.secure?.begin(on: path, isTold: self.agent.isSignalled(path.remote), at: now)
        if path == self.route.current { self.tellPath() }
    }

    private mutating func take(selected pair: SelectedPair, at now: Instant) {
        let path = Path(local: pair.base, remote: pair.destination)
        self.route.select(path)
        self.resume(at: now)
        if let time = pair.roundTripTime { self.secure?.setRoundTripTime(time, on: path) }
        self.takeEarlyHandshakes(at: now)
        self.secure?.select(path, isTold: self.agent.isSignalled(path.remote), at: now)
        self.startProbing(at: now)
        self.tellPath()
    }

    private mutating func take(_ state: ICEState, at now: Instant) {
        switch state {
        case .new, .checking: break
        case .connected, .completed:
            if self.quietSince != nil { self.events.append(.quiet(false)) }
            self.quietSince = nil
        case .disconnected:
            if self.quietSince == nil { self.events.append(.quiet(true)) }
            self.quietSince = self.quietSince ?? now
        case .failed: self.tellPathless()
        }
    }

    /// A patient agent does not fail for long; but after the time in which others would, people want to know.
    private mutating func judgeSearch(at now: Instant) {
        guard let deadline = self.pathlessDeadline, deadline <= now else { return }
        self.pathlessDeadline = nil
        if self.route.current == nil { self.tellPathless() }
    }

    private mutating func tellPathless() {
        guard !self.isPathless, !self.isClosed else { return }
        self.isPathless = true
        self.events.append(.pathless)
    }

    /// Takes what happened to the association, in its order with messages: a stream is reset, or all ends, after what
    /// came before.
    private mutating func pumpAssociation(at now: Instant) {
        if self.association.knowsPeer { self.channels.transportReady(on: &self.association, at: now) }
        while !self.holdsMessage, let event = self.association.pollEvent() {
            self.channels.handle(event, on: &self.association, at: now)
            switch event {
            case .established:
                self.events.append(.established)
                self.tellPath()
            case .aborted(.local): break
            case .aborted(.timedOut): self.end(.lost)
            case .aborted(.protocolViolation): self.end(.failed("the other side broke the rules of SCTP"))
            case .aborted(.peer), .shutdownComplete: self.end(.remote)
            case .restarted, .incomingStreamsReset, .outgoingStreamsReset, .outgoingResetDenied, .messageAbandoned:
                break
            }
        }
        self.channels.noteProgress(on: self.association)
        self.pumpChannels()
    }

    private mutating func pumpChannels() {
        while let event = self.channels.pollEvent() {
            self.events.append(.channel(event))
        }
    }

    /// Whether a message waits for the owner; takes one out of the association to see.
    private var holdsMessage: Bool {
        mutating get {
            if self.message == nil { self.message = self.association.receive() }
            return self.message != nil
        }
    }

    /// The next event; nil when there is none.
    ///
    /// Messages are taken out of the association only here, so that an owner who does not poll closes the receive
    /// window.
    package mutating func pollEvent(at now: Instant) -> PeerEvent? {
        while self.events.isEmpty, self.holdsMessage, let message = self.message.take() {
            self.channels.receive(message, on: &self.association, at: now)
            self.pumpAssociation(at: now)
        }
        if let event = self.events.popFirst() { return event }
        return self.untoldEnd.take().map { .closed($0) }
    }

    /// The TURN servers that give no address, and why, for an owner who wants to know before the other events; each is told
    /// here or as an event.
    package mutating func takeRelayFailures() -> [(server: String, reason: String)] {
        var failures: [(server: String, reason: String)] = []
        self.events.removeAll { event in
            switch event {
            case .relayFailed(let server, let reason): failures.append((server.description, reason))
            case .relayUnresolved(let server, let reason): failures.append((server, reason))
            default: return false
            }
            return true
        }
        return failures
    }

    /// Reports the end, once and after all that came before it; what is left to say to the other side still goes out
    /// through `pollTransmit`.
    mutating func end(_ reason: CloseReason) {
        guard !self.isClosed else { return }
        self.isClosed = true
        self.untoldEnd = reason
    }
}
