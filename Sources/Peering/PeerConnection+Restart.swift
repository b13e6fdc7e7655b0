// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import ICE
import SCTP
package import SDP
import Wire

/// How two peers that have lost each other find each other again, with DTLS, SCTP and all that waits in them as they were.
extension PeerConnection {
    /// The session is secured: from now on this side knows the credentials of all later generations of ICE.
    mutating func deriveRestartCredentials() {
        guard let secure = self.secure, secure.isSymmetric,
            let secret = try? secure.exportKeyingMaterial(
                label: RestartCredentials.label,
                count: RestartCredentials.secretBytes
            )
        else { return }
        self.restartCredentials = RestartCredentials(secret: secret)
        self.prepareRestart()
    }

    /// An authentic record came: the other side knows those credentials, too.
    mutating func noteSecuredThere() {
        self.isSecuredThere = true
        self.prepareRestart()
    }

    /// Lays the next generation ready: to be begun where the other side can follow, else to follow it.
    mutating func prepareRestart() {
        guard let derived = self.restartCredentials, let secure = self.secure else { return }
        let next = self.agent.generationNumber + 1
        let isClient = secure.role == .client
        let own = derived.credentials(generation: next, ofClient: isClient)
        let other = RemoteAgent(
            credentials: derived.credentials(generation: next, ofClient: !isClient),
            supportsRenomination: true
        )
        if self.isSecuredThere {
            self.agent.prepareOwnRestart(credentials: own, remote: other)
        } else {
            self.agent.prepareRestart(credentials: own, remote: other)
        }
    }

    /// Consent has expired (RFC 7675): nothing may be sent to where the other side was, until a restart has found it.
    mutating func losePath(at now: Instant) {
        guard let secure = self.secure, secure.isEstablished else { return }
        let since = self.quietSince ?? now
        let deadline = since + self.configuration.reconnectTime
        guard deadline > now, self.restartCredentials != nil || secure.isSymmetric == false else {
            return self.end(.lost)
        }
        self.route = Route()
        self.nextProbe = nil
        self.toldPath = nil
        guard self.reconnectDeadline == nil else { return }
        self.reconnectDeadline = deadline
        self.events.append(.pathLost(self.configuration.reconnectTime))
    }

    /// Gives up when the other side was looked for in vain for as long as it may be.
    mutating func judgeReconnect(at now: Instant) {
        guard let deadline = self.reconnectDeadline, deadline <= now else { return }
        self.end(.lost)
    }

    /// A pair is selected: whatever waited for a path goes on there at once.
    mutating func resume(at now: Instant) {
        self.reconnectDeadline = nil
        self.association.resume(at: now)
    }
}

// MARK: - With signaling

extension PeerConnection {
    /// An offer for a restart, as for a browser: with fresh credentials, and the candidates found so far.
    ///
    /// The restart begins with the answer; nil when there is no session to restart.
    package mutating func makeRestartOffer() -> SessionDescription? {
        guard case .paired = self.signaling, self.secure?.isSymmetric == false else { return nil }
        let fresh = ICECredentials(random: &self.random)
        self.offeredCredentials = fresh
        self.agent.prepareRestart(credentials: fresh, remote: nil)
        var description = self.localDescription
        description.credentials = fresh
        return SessionDescription(sessionID: self.sessionID, dataChannel: description.section(endOfCandidates: false))
    }

    /// Whether a description asks for a restart: it is of the peer of this session, with other credentials (RFC 8839 §4.4.1.1.1).
    func asksForRestart(_ remote: PeerDescription) -> Bool {
        guard case .paired(let known) = self.signaling, self.secure?.isSymmetric == false else { return false }
        return known.fingerprint == remote.fingerprint && known.credentials != remote.credentials
    }

    /// Begins a restart towards a peer that has told its new credentials.
    mutating func restart(
        with remote: PeerDescription,
        agent: RemoteAgent,
        credentials: ICECredentials,
        at now: Instant
    ) {
        self.signaling = .paired(remote)
        self.credentials = credentials
        self.offeredCredentials = nil
        self.agent.prepareRestart(credentials: credentials, remote: agent)
        self.agent.restart(at: now)
    }
}
