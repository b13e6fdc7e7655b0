// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
package import Wire

extension ICEAgent {
    /// Takes a datagram that looks like STUN (RFC 7983), from a remote address to a base.
    ///
    /// What is thrown is the sender's fault and good for counting alone: the agent is as well as before, and whatever had to be
    /// answered is ready for `pollTransmit`.
    package mutating func handle(
        _ datagram: Span<UInt8>,
        from source: SocketAddress,
        on local: SocketAddress,
        at now: Instant
    ) throws(ICEError) {
        guard !self.hasEnded else { throw .ended }
        guard self.locals.base(local) != nil else { throw .unknownBase }
        let message: STUNMessage
        do {
            message = try STUNMessage(parsing: datagram)
        } catch {
            throw .malformed
        }
        guard message.method == .binding else { throw .malformed }
        guard !message.hasFingerprint || STUNMessage.verifyFingerprint(of: datagram) else { throw .malformed }
        let source = source.scoped(like: local)
        defer { self.settle(at: now) }
        switch message.messageClass {
        case .request:
            try self.receiveRequest(message, datagram, from: source, on: local, at: now)
        case .indication:
            self.receiveIndication(from: source, on: local, at: now)
        case .success, .failure:
            try self.receiveResponse(message, datagram, from: source, on: local, at: now)
        }
    }

    /// RFC 8445 §11: an indication keeps bindings alive and is not answered.
    private mutating func receiveIndication(from source: SocketAddress, on local: SocketAddress, at now: Instant) {
        guard let id = self.trusted, let pair = self.checkList[id] else { return }
        guard pair.base == local, pair.destination == source else { return }
        self.consent?.noteHeard(at: now)
    }
}

// MARK: - Requests

extension ICEAgent {
    /// RFC 8445 §7.3, with the authentication of RFC 8489 §9.1.3.
    private mutating func receiveRequest(
        _ request: STUNMessage,
        _ datagram: Span<UInt8>,
        from source: SocketAddress,
        on local: SocketAddress,
        at now: Instant
    ) throws(ICEError) {
        // RFC 8445 §7.1: FINGERPRINT is used in all checks; without it this may be something else that looks like STUN.
        guard request.hasFingerprint else { throw .malformed }
        let answer = ReturnPath(base: local, source: source)
        guard let username = request.username, !request.integrity.isEmpty else {
            self.refuse(request, .badRequest, to: answer, key: nil)
            throw .missingAttribute
        }
        guard let (generation, fragment) = self.generation(addressedBy: username) else {
            self.refuse(request, .unauthenticated, to: answer, key: nil)
            throw .wrongUsername
        }
        let key = generation.key
        guard STUNMessage.verifyIntegrity(of: datagram, key: key) else {
            self.refuse(request, .unauthenticated, to: answer, key: nil)
            throw .unauthenticated
        }
        guard generation.remote.map({ $0.credentials.usernameFragment == fragment }) ?? true else {
            // Somebody has this side's description, but came too late: he should not wait in vain.
            self.refuse(request, .forbidden, to: answer, key: key)
            throw .wrongUsername
        }
        let unknown = request.unknownComprehensionRequired(understanding: BindingMessages.understood)
        guard unknown.isEmpty else {
            self.refuse(request, .unknownAttribute, [.unknownAttributes(unknown)], to: answer, key: key)
            throw .unknownAttributes
        }
        guard let priority = request.priority else {
            self.refuse(request, .badRequest, to: answer, key: key)
            throw .missingAttribute
        }
        let check = ReceivedCheck(
            base: local,
            source: source,
            remoteFragment: fragment,
            priority: priority,
            isNominating: request.useCandidate || request.nomination != nil,
            nomination: request.nomination,
            claim: BindingMessages.claim(of: request)
        )
        try self.receiveCheck(check, request, of: generation, at: now)
    }

    /// The generation whose credentials a check was made with, and the fragment that its sender calls its own.
    private func generation(addressedBy username: String) -> (Generation, fragment: String)? {
        let known = [self.generation, self.successor, self.predecessor].compactMap(\.self)
        for generation in known {
            if let fragment = generation.senderFragment(in: username) { return (generation, fragment) }
        }
        return nil
    }

    /// An authentic check: answers it, and remembers it or takes it up.
    private mutating func receiveCheck(
        _ check: ReceivedCheck,
        _ request: STUNMessage,
        of generation: Generation,
        at now: Instant
    ) throws(ICEError) {
        guard generation.remote != nil else {
            self.accept(request, check, key: generation.key)
            guard self.early.note(check) else { throw .tooMany }
            return
        }
        guard generation.number >= self.generation.number else {
            // It has not followed the restart yet, and is to be sure of the old path until then.
            guard self.checkList.find(base: check.base, destination: check.source) != nil else { throw .wrongUsername }
            return self.accept(request, check, key: generation.key)
        }
        if generation.number > self.generation.number {
            self.begin(generation, at: now)
        }
        self.confirmGeneration()
        switch self.conflict(with: check) {
        case .none:
            break
        case .switchRole:
            self.switchRole()
        case .reject:
            let path = ReturnPath(base: check.base, source: check.source)
            return self.refuse(request, .roleConflict, to: path, key: generation.key)
        }
        self.accept(request, check, key: generation.key)
        try self.takeUp(check, at: now)
    }

    /// Takes up a check that came before the other side was known, and was answered then.
    mutating func adoptEarly(_ check: ReceivedCheck, at now: Instant) {
        if self.conflict(with: check) == .switchRole {
            self.switchRole()
        }
        // A source too many is nothing to tell: nobody waits for an answer here.
        try? self.takeUp(check, at: now)
    }

    /// RFC 8445 §7.3.1.3 to §7.3.1.5: learns the candidate, triggers a check, takes note of a nomination.
    private mutating func takeUp(_ check: ReceivedCheck, at now: Instant) throws(ICEError) {
        guard let base = self.locals.base(check.base) else { throw .unknownBase }
        guard !self.remotes.isExcluded(check.source) else { throw .excluded }
        let transport = base.candidate.transport
        let known =
            self.remotes.find(check.source, isTCP: transport.isTCP)
            ?? self.learnReflexive(check, over: transport.opposite)
        guard let candidate = known else { throw .tooMany }
        let found = self.checkList.find(base: check.base, destination: check.source)
        guard let id = found ?? self.formPair(base, candidate, destination: check.source) else { throw .tooMany }
        self.checkList.update(id) { pair in
            pair.isCheckedByPeer = true
            pair.requestsReceived += 1
        }
        if id == self.trusted {
            self.consent?.noteHeard(at: now)
        }
        self.triggerCheck(id)
        if check.isNominating, self.role == .controlled {
            self.receiveNomination(id, number: check.nomination, at: now)
        }
    }

    /// RFC 8445 §7.3.1.3; when there are too many such candidates, the oldest one that led nowhere makes room.
    private mutating func learnReflexive(_ check: ReceivedCheck, over transport: CandidateTransport) -> Candidate? {
        if self.remotes.isFullOfLearned {
            let live = self.checkList.pairs.filter { $0.state != .failed }
            let used = Set(live.map(\.remote.address))
            guard let forgotten = self.remotes.forgetLearned(where: { !used.contains($0.address) }) else {
                return nil
            }
            self.checkList.remove { $0.remote.address == forgotten.address }
        }
        return self.remotes.learn(check.source, over: transport, priority: check.priority)
    }

    /// RFC 8445 §7.3.1.4.
    private mutating func triggerCheck(_ id: PairID) {
        guard let pair = self.checkList[id], pair.state != .succeeded else { return }
        self.checkList.update(id) { pair in
            for index in pair.checks.indices {
                pair.checks[index].cancel()
            }
            pair.state = .waiting
        }
        self.checkList.trigger(id)
    }

    private func conflict(with check: ReceivedCheck) -> RoleConflict {
        guard let claim = check.claim else { return .none }
        return RoleConflict(own: RoleClaim(role: self.role, tieBreaker: self.tieBreaker), other: claim)
    }

    private mutating func accept(_ request: STUNMessage, _ check: ReceivedCheck, key: IntegrityKey) {
        let bytes = BindingMessages.success(to: request, mapped: check.source.withoutScope, key: key)
        self.enqueue(ICETransmit(source: check.base, destination: check.source, bytes: bytes))
    }

    private mutating func refuse(
        _ request: STUNMessage,
        _ error: ErrorCode,
        _ attributes: [Attribute] = [],
        to path: ReturnPath,
        key: IntegrityKey?
    ) {
        let bytes = BindingMessages.failure(to: request, error, attributes, key: key)
        self.enqueue(ICETransmit(source: path.base, destination: path.source, bytes: bytes))
    }
}

/// Where a request came from and to: its answer goes back the same way (RFC 8445 §7.3).
private struct ReturnPath {
    let base: SocketAddress
    let source: SocketAddress
}

// MARK: - Responses

extension ICEAgent {
    /// RFC 8445 §7.2.5.
    private mutating func receiveResponse(
        _ response: STUNMessage,
        _ datagram: Span<UInt8>,
        from source: SocketAddress,
        on local: SocketAddress,
        at now: Instant
    ) throws(ICEError) {
        let mapped = response.messageClass == .success ? response.usableMappedAddress(on: local) : nil
        let transaction = response.transactionID
        if let base = self.gatherer.receive(transaction, mapped: mapped, from: source, on: local, at: now) {
            self.refreshMappings(of: base)
            return
        }
        guard let remote = self.generation.remote,
            let (id, check) = self.checkList.find(where: { $0.transaction == transaction }),
            let pair = self.checkList[id]
        else { throw .unknownTransaction }
        // Whoever forges an error or a success learns nothing and changes nothing (RFC 8489 §9.1.4).
        guard response.hasFingerprint else { throw .malformed }
        guard STUNMessage.verifyIntegrity(of: datagram, key: remote.key) else { throw .unauthenticated }
        guard pair.destination == source, pair.base == local else {
            // RFC 8445 §7.2.5.2.1: the path is not symmetric.
            self.reject(id, check)
            return
        }
        self.confirmGeneration()
        if let mapped {
            self.succeed(id, check, mapped: mapped, at: now)
        } else if response.errorCode == .roleConflict {
            self.receiveRoleConflict(id, check)
        } else {
            if response.errorCode == .forbidden { self.noteRefusal(by: pair) }
            self.reject(id, check)
        }
    }

    /// The other side says that it is paired already.
    ///
    /// Whoever knows both descriptions can say so in its name, but not from the addresses that it told.
    private mutating func noteRefusal(by pair: CandidatePair) {
        guard self.remotes.isSignalled(pair.destination), !self.wasRefused, self.nomination.selected == nil else {
            return
        }
        self.wasRefused = true
        self.events.append(.refused)
    }

    /// The pair has failed; but where it had succeeded before, time will tell whether it still works.
    private mutating func reject(_ id: PairID, _ check: ConnectivityCheck) {
        guard check.purpose != .freshness else { return }
        self.checkList.update(id) { $0.fail() }
    }

    /// RFC 8445 §7.2.5.1: the other side insists on its role; the check is repeated with the other one.
    private mutating func receiveRoleConflict(_ id: PairID, _ check: ConnectivityCheck) {
        if check.role == self.role {
            self.switchRole()
        }
        self.checkList.update(id) { pair in
            pair.checks.removeAll { $0.transaction == check.transaction }
            if pair.state != .succeeded {
                pair.state = .waiting
            }
        }
        self.checkList.trigger(id)
    }

    /// Takes the opposite role; priorities of pairs follow from it (RFC 8445 §7.3.1.1).
    private mutating func switchRole() {
        self.role = self.role.opposite
        self.nomination.nominating = nil
    }

    /// RFC 8445 §7.2.5.3.
    private mutating func succeed(_ id: PairID, _ check: ConnectivityCheck, mapped: SocketAddress, at now: Instant) {
        guard var pair = self.checkList[id] else { return }
        let local =
            self.locals.candidate(seenAs: mapped, on: pair.base)
            ?? self.locals.peerReflexive(mapped, on: pair.base, priority: check.priority)
        let isMoved = pair.validLocal.map { $0.address != local.address } ?? false
        pair.checks.removeAll { $0.transaction == check.transaction || $0.purpose == .connectivity }
        pair.state = .succeeded
        pair.validLocal = local
        pair.lastResponse = now
        pair.responsesReceived += 1
        pair.unansweredFreshness = 0
        // A repeated request does not say which of them was answered (Karn); the last one gives a lower bound.
        if check.retransmission.sends == 1 || pair.roundTripTime == nil {
            pair.roundTripTime = now - check.retransmission.lastSent
        }
        if id != self.trusted {
            let interval = self.configuration.timing.warmInterval
            pair.nextFreshness = now + Consent.randomized(interval, random: &self.random)
        }
        let isNew = !pair.wasAnnounced
        pair.wasAnnounced = true
        self.checkList[id] = pair
        self.checkList.unfreeze(pair.foundation)
        if isNew {
            self.events.append(.valid(pair.selected()))
        }
        if id == self.trusted {
            self.consent?.noteResponse(at: now)
        }
        if isMoved, id == self.nomination.selected {
            self.events.append(.selected(pair.selected()))
        }
        self.concludeNomination(id, check, at: now)
    }
}

extension STUNMessage {
    /// The mapped address, if it can be one of a base: of its family, and not "any".
    fileprivate func usableMappedAddress(on base: SocketAddress) -> SocketAddress? {
        guard let mapped = self.mappedAddress?.withoutScope else { return nil }
        let address = SocketAddress(mapped.ip.withoutIPv4Mapping, port: mapped.port)
        guard address.port != 0, !address.ip.isUnspecified, address.ip.isIPv4 == base.ip.isIPv4 else { return nil }
        return address
    }
}
