// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

extension Association {
    /// COOKIE ECHO (RFC 9260 §5.1 D, §5.2.4).
    ///
    /// - Returns: whether the rest of the packet is looked at.
    mutating func receiveCookieEcho(_ value: Span<UInt8>, tag: UInt32, at now: Instant) throws(SCTPError) -> Bool {
        guard let cookie = StateCookie(value, key: self.cookieKey), cookie.localTag == tag else { throw .invalidCookie }
        let isOurs = cookie.localTag == self.localTag
        let isPeers = cookie.peer.tag == self.peer?.tag
        // §5.2.4 rule 3: too old, unless both tags are those of the association.
        let age = now.nanoseconds(since: cookie.createdAt)
        let lifetime = self.configuration.cookieLifetime.wholeNanoseconds
        if age > lifetime, !(isOurs && isPeers) {
            let staleness = UInt32(clamping: (age - lifetime) / 1000)
            self.control.sendStandalone(tag: cookie.peer.tag) { $0.errorChunk([.staleCookie(microseconds: staleness)]) }
            return false
        }
        switch self.state {
        case .closed:
            self.adopt(cookie.peer)
            self.acceptCookie(at: now)
        case .cookieWait, .cookieEchoed:
            // Table 12 rows B and D: both sides began. In COOKIE-WAIT the peer's tag was unknown.
            guard isOurs else { throw .invalidCookie }
            if !isPeers { self.adopt(cookie.peer) }
            self.acceptCookie(at: now)
        case .established, .shutdownPending, .shutdownSent, .shutdownReceived, .shutdownAckSent:
            try self.receiveCookieAgain(cookie, isOurs: isOurs, isPeers: isPeers, at: now)
        case .ended:
            return false
        }
        return true
    }

    private mutating func acceptCookie(at now: Instant) {
        self.control.isCookieAckDue = true
        self.establish(at: now)
    }

    /// A cookie for an association that exists: repeated (row D), or of a peer that begins anew (row A).
    private mutating func receiveCookieAgain(
        _ cookie: StateCookie,
        isOurs: Bool,
        isPeers: Bool,
        at now: Instant
    ) throws(SCTPError) {
        if isOurs, isPeers {
            self.control.isCookieAckDue = true
            return
        }
        let ties = StateCookie.TieTags(local: self.localTag, peer: self.peer?.tag ?? 0)
        guard !isOurs, !isPeers, cookie.tieTags == ties else { throw .invalidCookie }
        if self.state == .shutdownAckSent {
            // §5.2.4 A: the peer must know that this one is ending.
            self.control.isShutdownAckDue = true
            self.control.report(ErrorCause(.cookieWhileShuttingDown))
            return
        }
        self.localTag = cookie.localTag
        self.localInitialTSN = cookie.localInitialTSN
        self.transmission = Self.transmission(self.configuration, initialTSN: cookie.localInitialTSN)
        self.resets = StreamResets(localInitialTSN: cookie.localInitialTSN)
        self.control.removeBundled()
        self.timers = TimerTable()
        self.shutdownAttempts = 0
        self.adopt(cookie.peer)
        self.control.isCookieAckDue = true
        self.events.append(.restarted)
        self.establish(at: now)
    }
}
