// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

extension MailboxClient {
    /// A connection is open.
    package mutating func connected(at now: Instant) {
        guard case .wanted = self.link else { return }
        self.texts.removeAll()
        self.hasOpened = false
        for index in self.messages.indices { self.messages[index].isHere = false }
        self.link = .greeting(since: now)
    }

    /// The connection is closed, or none came about.
    package mutating func disconnected(at now: Instant) {
        let since: Instant?
        switch self.link {
        case .down: return
        case .wanted: since = nil
        case .greeting(let start), .mining(_, let start): since = start
        case .bound(let bound): since = bound.since
        }
        self.lose(since: since, at: now)
    }

    /// Time has passed.
    package mutating func handleTimeout(at now: Instant) {
        guard !self.isOver else { return }
        if let closing = self.closing, closing.deadline <= now { return self.end() }
        switch self.link {
        case .wanted: break
        case .down(let until):
            if let until, until <= now { self.link = .wanted }
        case .greeting(let since):
            if since + MailboxTiming.welcome <= now { self.lose(since: since, at: now) }
        case .mining(var hashcash, let since):
            if let stamp = hashcash.search() {
                self.send(.submitPermissions(method: "hashcash", stamp: stamp))
                self.bind(at: now)
            } else {
                self.link = .mining(hashcash, since: since)
            }
        case .bound(let bound): self.checkLife(of: bound, at: now)
        }
    }

    private mutating func checkLife(of bound: Bound, at now: Instant) {
        var bound = bound
        if let answerBy = bound.answerBy {
            if answerBy <= now { self.lose(since: bound.since, at: now) }
        } else if bound.heard + MailboxTiming.silence <= now {
            bound.answerBy = now + MailboxTiming.answer
            self.link = .bound(bound)
            self.send(.ping(Self.livenessPing))
        }
    }

    /// Plans the next attempt, or gives up.
    mutating func lose(since: Instant?, at now: Instant) {
        self.texts.removeAll()
        self.hasOpened = false
        let wasSteady = since.map { $0 + MailboxTiming.steady <= now } ?? false
        self.failures = wasSteady ? 1 : self.failures + 1
        let attempts = self.wasWelcome ? MailboxTiming.laterAttempts : MailboxTiming.firstAttempts
        guard self.isPatient || self.failures < attempts else { return self.fail(.serverUnreachable) }
        self.link = .down(until: now + MailboxTiming.pause(after: self.failures, random: &self.random))
        self.events.append(.disconnected)
    }

    mutating func fail(_ failure: MeetingFailure) {
        guard !self.isOver else { return }
        if self.closing == nil { self.events.append(.failed(failure)) }
        self.end()
    }

    mutating func bind(at now: Instant) {
        self.link = .bound(Bound(since: now, heard: now))
        let version = MailboxClientVersion(implementation: "icetalk", version: "1")
        self.send(.bind(appID: Meeting.applicationID, side: self.side, version: version))
        self.proceed()
    }
}
