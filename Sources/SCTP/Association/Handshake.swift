// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The four-way handshake (RFC 9260 §5).
extension Association {
    /// Begins the association; both sides may do so at once.
    ///
    /// Where the path's round-trip time is known it may be told: a lost first packet then costs less.
    package mutating func associate(roundTrip: Duration? = nil, at now: Instant) {
        guard self.state == .closed else { return }
        self.roundTripHint = roundTrip
        self.state = .cookieWait(AssociationState.Handshake(since: now.nanoseconds))
        self.sendInit(declaringZeroChecksum: self.configuration.usesZeroChecksum)
        self.timers[.handshake] = now.advanced(byNanoseconds: self.handshakeTimeout(attempts: 1))
    }

    /// T1-init or T1-cookie expired.
    mutating func repeatHandshake(at now: Instant) {
        switch self.state {
        case .cookieWait(var handshake):
            handshake.attempts += 1
            self.state = .cookieWait(handshake)
            // A stack that does not answer may be one that trips over the parameter.
            self.sendInit(declaringZeroChecksum: false)
            self.restartHandshakeTimer(handshake, at: now)
        case .cookieEchoed(var handshake):
            handshake.attempts += 1
            self.state = .cookieEchoed(handshake)
            self.control.isCookieEchoDue = true
            self.transmission.sendAgain()
            self.restartHandshakeTimer(handshake, at: now)
        case .closed, .established, .shutdownPending, .shutdownSent, .shutdownReceived, .shutdownAckSent, .ended:
            break
        }
    }

    /// The peer says that the cookie came back too late: INIT again (RFC 9260 §5.2.6).
    mutating func startOver(at now: Instant) {
        guard case .cookieEchoed(let handshake) = self.state else { return }
        let again = AssociationState.Handshake(attempts: handshake.attempts + 1, since: now.nanoseconds)
        self.state = .cookieWait(again)
        self.peer = nil
        self.sendInit(declaringZeroChecksum: false)
        self.restartHandshakeTimer(again, at: now)
    }

    private mutating func restartHandshakeTimer(_ handshake: AssociationState.Handshake, at now: Instant) {
        guard handshake.attempts <= self.configuration.maximumHandshakeAttempts else {
            self.end(.aborted(.timedOut), telling: nil)
            return
        }
        self.timers[.handshake] = now.advanced(byNanoseconds: self.handshakeTimeout(attempts: handshake.attempts))
    }

    /// The first step is repeated soon where the round-trip time is known: a lost packet should not cost a second.
    private func handshakeTimeout(attempts: Int) -> UInt64 {
        var base = self.transmission.timeout.value
        if let hint = self.roundTripHint {
            base = min(base, max(3 * min(hint.wholeNanoseconds, base), Self.minimumHandshakeTimeout))
        }
        return min(base << UInt64(min(attempts - 1, 10)), self.configuration.maximumBackoff.wholeNanoseconds)
    }

    private mutating func sendInit(declaringZeroChecksum: Bool) {
        if declaringZeroChecksum { self.declaredZeroChecksum = true }
        let chunk = self.initChunk(tag: self.localTag, initialTSN: self.localInitialTSN, declaringZeroChecksum)
        self.control.sendStandalone(tag: 0) { $0.initChunk(chunk, isAck: false) }
    }

    private func initChunk(tag: UInt32, initialTSN: TSN, _ declaringZeroChecksum: Bool) -> InitChunk {
        InitChunk(
            initiateTag: tag,
            advertisedWindow: self.receiver.advertisedWindow,
            outboundStreams: self.configuration.outboundStreams,
            inboundStreams: self.configuration.inboundStreams,
            initialTSN: initialTSN,
            extensions: self.configuration.extensions,
            acceptsZeroChecksum: declaringZeroChecksum,
            coalescesSACKs: self.configuration.coalescesSACKs
        )
    }

    /// INIT (RFC 9260 §5.1, §5.2.1, §5.2.2): answered from a cookie alone, nothing is kept.
    mutating func receiveInit(_ value: Span<UInt8>, at now: Instant) throws(SCTPError) {
        let chunk: InitChunk
        do throws(MalformedPacket) {
            chunk = try InitChunk(parsing: value, isAck: false)
        } catch {
            throw .malformed(error)
        }
        var tag = self.localTag
        var initialTSN = self.localInitialTSN
        var ties = StateCookie.TieTags()
        switch self.state {
        case .closed, .cookieWait:
            break
        case .cookieEchoed:
            ties = StateCookie.TieTags(local: self.localTag, peer: self.peer?.tag ?? 0)
        case .established, .shutdownPending, .shutdownSent, .shutdownReceived:
            ties = StateCookie.TieTags(local: self.localTag, peer: self.peer?.tag ?? 0)
            // The same INIT once more, late or repeated, is about this association: the answer must not restart it.
            if self.peer?.tag != chunk.initiateTag || self.peer?.initialTSN != chunk.initialTSN {
                tag = UInt32.random(in: 1...(.max), using: &self.random)
                initialTSN = TSN(UInt32.random(in: 0...(.max), using: &self.random))
            }
        case .shutdownAckSent:
            self.control.isShutdownAckDue = true
            return
        case .ended:
            return
        }
        let cookie = StateCookie(
            createdAt: now,
            localTag: tag,
            localInitialTSN: initialTSN,
            tieTags: ties,
            peer: PeerEndpoint(chunk)
        )
        self.answerInit(chunk, with: cookie)
    }

    private mutating func answerInit(_ chunk: InitChunk, with cookie: StateCookie) {
        // RFC 9653 §5.1: each side says for itself; a peer that did not say it might trip over it.
        let declaresZeroChecksum = self.configuration.usesZeroChecksum && chunk.acceptsZeroChecksum
        if declaresZeroChecksum { self.declaredZeroChecksum = true }
        var answer = self.initChunk(tag: cookie.localTag, initialTSN: cookie.localInitialTSN, declaresZeroChecksum)
        answer.stateCookie = cookie.signed(with: self.cookieKey)
        answer.unrecognized = chunk.unrecognized
        self.control.sendStandalone(tag: chunk.initiateTag) { $0.initChunk(answer, isAck: true) }
    }

    /// INIT ACK (RFC 9260 §5.1 C, §5.2.3).
    mutating func receiveInitAck(_ value: Span<UInt8>, at now: Instant) throws(SCTPError) {
        let chunk: InitChunk
        do throws(MalformedPacket) {
            chunk = try InitChunk(parsing: value, isAck: true)
        } catch {
            if case .cookieWait = self.state, error == .missingStateCookie || error == .invalidMandatoryParameter {
                self.end(.aborted(.protocolViolation), telling: nil)
            }
            throw .malformed(error)
        }
        guard case .cookieWait(let handshake) = self.state else {
            // Too late to be of use, but its cookie shows what the peer is.
            if self.peer?.tag == chunk.initiateTag { self.recognize(chunk.stateCookie) }
            return
        }
        if handshake.attempts == 1 {
            self.transmission.timeout.measure(now.nanoseconds &- handshake.since)
        }
        self.adopt(PeerEndpoint(chunk))
        self.recognize(chunk.stateCookie)
        for parameter in chunk.unrecognized {
            self.control.report(ErrorCause(.unrecognizedParameters, value: parameter))
        }
        let echo = AssociationState.Handshake(since: now.nanoseconds, cookie: chunk.stateCookie)
        self.state = .cookieEchoed(echo)
        self.control.isCookieEchoDue = true
        self.timers[.handshake] = now.advanced(byNanoseconds: self.handshakeTimeout(attempts: 1))
    }

    /// COOKIE ACK (RFC 9260 §5.1 E).
    mutating func receiveCookieAck(at now: Instant) {
        guard case .cookieEchoed(let handshake) = self.state else { return }
        if handshake.attempts == 1 {
            self.transmission.timeout.measure(now.nanoseconds &- handshake.since)
        }
        self.establish(at: now)
    }

    /// Data or a SACK with our tag while COOKIE ACK is missing: the peer has the association, so it took our cookie.
    mutating func takeDataForCookieAck(at now: Instant) {
        guard case .cookieEchoed = self.state else { return }
        self.establish(at: now)
    }

    /// Takes over what is known about the peer, with everything that depends on it as new.
    mutating func adopt(_ peer: PeerEndpoint) {
        self.peer = peer
        self.receiver = Self.receiver(self.configuration, initialTSN: peer.initialTSN)
        self.pendingSACKs.removeAll()
        let coalesces = self.configuration.coalescesSACKs && peer.coalescesSACKs
        self.receiver.policy.peer = coalesces ? .icetalk : .standard
        let minimumTimeout =
            coalesces ? self.configuration.minimumIcetalkTimeout : self.configuration.minimumTimeout
        self.resets.begin(peerInitialTSN: peer.initialTSN)
        self.transmission.start(
            toward: Transmission.Peer(
                window: peer.window,
                supportsForwardTSN: self.configuration.supportsForwardTSN && peer.extensions.contains(.forwardTSN),
                reportLimit: coalesces ? Self.icetalkReportLimit : Self.dcSCTPReportLimit,
                packetsPerAcknowledgement: coalesces ? Self.coalescedPackets : Self.standardPackets,
                minimumTimeout: minimumTimeout.wholeNanoseconds,
                windowReserve: 0
            )
        )
    }

    /// Recognizes dcSCTP by its cookie: it drops data when its buffer is nearly full, so some of it is left unused.
    private mutating func recognize(_ cookie: [UInt8]) {
        guard cookie.starts(with: Self.dcSCTPCookie), let peer = self.peer else { return }
        self.transmission.windowReserve = Int(peer.window) / 100 * 15
    }

    /// The association is there.
    mutating func establish(at now: Instant) {
        self.state = .established
        self.timers[.handshake] = nil
        self.control.isCookieEchoDue = false
        self.receiver.roundTrip = self.transmission.timeout.smoothed
        self.heartbeat = HeartbeatState()
        self.heartbeat.lastSentAt = now
        self.scheduleHeartbeat(at: now)
        self.events.append(.established)
        self.startReset(at: now)
    }

    /// `dcSCTP00`, with which the cookies of browsers begin.
    private static let dcSCTPCookie = [UInt8]("dcSCTP00".utf8)
    /// dcSCTP writes at most 20 gap blocks, those with the lowest TSNs; others are not known to write more.
    private static let dcSCTPReportLimit = 20
    /// An icetalk fills a packet with them.
    private static let icetalkReportLimit = 250
    /// For how many packets one SACK of an icetalk may stand.
    private static let coalescedPackets = 64
    /// RFC 9260 §6.2: "an acknowledgement SHOULD be generated for at least every second packet".
    private static let standardPackets = 2
    /// A first retransmission is not sent earlier than this.
    private static let minimumHandshakeTimeout: UInt64 = 200_000_000
}
