// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import DataChannels
import ICE
package import SDP
package import Wire

extension PeerConnection {
    /// Applies the other side's description where both sides are alike: there is no offer, no answer, and no order.
    ///
    /// The side with the greater fingerprint is ICE-controlling and the DTLS client.
    /// - Throws: `.ownDescription`, `.alreadyPaired`. The same description again is taken for its new candidates.
    package mutating func setRemote(_ description: PeerDescription, at now: Instant) throws(PeeringError) {
        let isGreater = description.fingerprint.bytes.lexicographicallyPrecedes(
            self.configuration.certificate.fingerprint.bytes
        )
        try self.pair(
            with: description,
            agent: RemoteAgent(credentials: description.credentials, supportsRenomination: true),
            iceRole: isGreater ? .controlling : .controlled,
            dtlsRole: isGreater ? .client : .server,
            handshakes: .perPath,
            at: now
        )
    }

    /// An offer with the candidates found so far; later ones are trickled, or found by the other side's checks.
    ///
    /// Making one again gives the same session with the candidates of now.
    package mutating func makeOffer(endOfCandidates: Bool) -> SessionDescription {
        if case .fresh = self.signaling { self.signaling = .offered }
        return SessionDescription(
            sessionID: self.sessionID,
            dataChannel: self.localDescription.section(endOfCandidates: endOfCandidates)
        )
    }

    /// Takes the answer to an offer.
    ///
    /// - Throws: `.unexpectedDescription` (no offer), `.unusableDescription`, `.ownDescription`, `.alreadyPaired`.
    package mutating func setRemoteAnswer(_ answer: SessionDescription, at now: Instant) throws(PeeringError) {
        if case .fresh = self.signaling { throw .unexpectedDescription }
        let role: SetupRole
        do throws(SDPError) {
            role = try answer.dataChannel.answeredRole()
        } catch {
            throw .unusableDescription(error.description)
        }
        let remote = try PeerDescription(answer.dataChannel)
        if self.asksForRestart(remote), let credentials = self.offeredCredentials {
            self.restart(
                with: remote,
                agent: RemoteAgent(of: remote, section: answer.dataChannel),
                credentials: credentials,
                at: now
            )
        }
        try self.pair(
            with: remote,
            agent: RemoteAgent(of: remote, section: answer.dataChannel),
            iceRole: .controlling,
            dtlsRole: role == .active ? .server : .client,
            handshakes: .single,
            at: now
        )
        self.takeEndOfCandidates(answer.dataChannel, at: now)
    }

    /// Takes an offer and returns the answer with the candidates found so far.
    ///
    /// - Throws: `.unusableDescription`, `.ownDescription`, `.alreadyPaired`.
    package mutating func setRemoteOffer(
        _ offer: SessionDescription,
        endOfCandidates: Bool,
        at now: Instant
    ) throws(PeeringError) -> SessionDescription {
        let remote = try PeerDescription(offer.dataChannel)
        let isRestart = self.asksForRestart(remote)
        var own = self.localDescription
        if isRestart { own.credentials = ICECredentials(random: &self.random) }
        let answer: SessionDescription
        do throws(SDPError) {
            answer = try offer.answer(
                sessionID: self.sessionID,
                section: own.section(endOfCandidates: endOfCandidates)
            )
        } catch {
            throw .unusableDescription(error.description)
        }
        if isRestart {
            self.restart(
                with: remote,
                agent: RemoteAgent(of: remote, section: offer.dataChannel),
                credentials: own.credentials,
                at: now
            )
        }
        try self.pair(
            with: remote,
            agent: RemoteAgent(of: remote, section: offer.dataChannel),
            iceRole: offer.dataChannel.isLite ? .controlling : .controlled,
            dtlsRole: answer.dataChannel.setup == .active ? .client : .server,
            handshakes: .single,
            at: now
        )
        self.takeEndOfCandidates(offer.dataChannel, at: now)
        return answer
    }

    /// Adds a candidate that the other side trickled (RFC 8838); one that cannot be used here is ignored.
    package mutating func addRemoteCandidate(_ attribute: CandidateAttribute, at now: Instant) {
        if let fragment = attribute.usernameFragment, case .paired(let remote) = self.signaling,
            fragment != remote.credentials.usernameFragment
        {
            return
        }
        guard let candidate = Candidate(attribute) else { return }
        self.addRemote(candidate, at: now)
        self.pump(at: now)
    }

    /// Names of the other side's candidates that are to be resolved by multicast DNS, each told once; none where only
    /// relays may be used, since a name leads to a host on a network of this one.
    package mutating func takeUnresolvedNames() -> [String] {
        self.configuration.policy == .relay ? [] : self.named.takeNames()
    }

    /// A name of the other side has this address, and maybe others; or none that could be found (nil), which costs its
    /// candidates alone.
    package mutating func resolve(_ name: String, to ip: IPAddress?, at now: Instant) {
        guard let ip else {
            self.named.forget(name)
            self.events.append(.nameNotFound(name))
            return
        }
        for candidate in self.named.candidates(of: name, at: ip) {
            self.agent.addRemoteCandidate(candidate, at: now)
        }
        self.pump(at: now)
    }

    /// The other side has no more candidates.
    package mutating func endOfRemoteCandidates(at now: Instant) {
        self.agent.endOfRemoteCandidates(at: now)
        self.pump(at: now)
    }
}

extension PeerConnection {
    /// A number that stays the same for this session: descriptions of one session carry one id (RFC 8866 §5.2).
    var sessionID: UInt64 {
        self.configuration.certificate.fingerprint.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    private mutating func addRemote(_ candidate: Candidate, at now: Instant) {
        guard self.configuration.policy != .direct || candidate.kind != .relayed else { return }
        guard candidate.name == nil else { return self.named.add(candidate) }
        self.agent.addRemoteCandidate(candidate, at: now)
    }

    private mutating func takeEndOfCandidates(_ section: DataChannelSection, at now: Instant) {
        guard section.endOfCandidates || !section.supportsTrickle else { return }
        self.endOfRemoteCandidates(at: now)
    }

    private mutating func pair(
        with remote: PeerDescription,
        agent: RemoteAgent,
        iceRole: ICERole,
        dtlsRole: DTLSConnection.Role,
        handshakes: SecureTransport.Manner,
        at now: Instant
    ) throws(PeeringError) {
        guard remote.fingerprint != self.configuration.certificate.fingerprint else { throw .ownDescription }
        if case .paired(let known) = self.signaling {
            guard known.fingerprint == remote.fingerprint, known.credentials == remote.credentials else {
                throw .alreadyPaired
            }
        } else {
            self.signaling = .paired(remote)
            self.pathlessDeadline = now + Self.searchTime
            self.secure = SecureTransport(
                role: dtlsRole,
                manner: handshakes,
                certificate: self.configuration.certificate,
                expected: remote.fingerprint,
                datagramSize: self.configuration.datagramSize
            )
            self.agent.setRole(iceRole)
            self.agent.setRemote(agent, at: now)
            self.channels.setPeer(maxMessageSize: remote.maxMessageSize, isDTLSClient: dtlsRole == .client)
        }
        for candidate in remote.candidates {
            self.addRemote(candidate, at: now)
        }
        self.takeEarlyHandshakes(at: now)
        self.pump(at: now)
    }
}

extension RemoteAgent {
    /// The agent behind a browser's description.
    init(of description: PeerDescription, section: DataChannelSection) {
        self.init(
            credentials: description.credentials,
            isLite: section.isLite,
            supportsRenomination: section.supportsRenomination
        )
    }
}
