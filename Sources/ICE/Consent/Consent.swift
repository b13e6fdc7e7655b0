// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Whether the other side still agrees to be sent to over the selected pair (RFC 7675), and whether it is heard at all.
///
/// Something is awaited from the moment on when data or a request leaves, until anything comes. After some round trips of
/// waiting the path is checked, and after three checks in vain it is suspected: another one that answers is better. Only
/// silence that lasts longer is worth telling to people.
struct Consent: Sendable {
    private let interval: Duration
    private let expiry: Duration
    private let quietAfter: Duration
    /// How long an answer to data is awaited before the path is checked.
    private let doubtAfter: Duration
    private let roundTrip: Duration
    /// Requests that follow each other quickly until something is heard; from then on the periodic ones do.
    private static let quickRequests = 5

    /// When anything was heard last, data included.
    private(set) var lastHeard: Instant
    /// When the next periodic request is due.
    private var nextCheck: Instant
    /// When that was sent for which nothing has come since.
    private(set) var awaitedSince: Instant?
    /// Whether that was data: then there is more to lose by waiting, and more that would have been heard.
    private var isDataAwaited = false
    /// How many requests were sent since anything was heard.
    private var unanswered = 0
    private var lastRequest = Instant.zero
    /// Since when the path is suspected to be dead; nil while the other side is heard.
    private(set) var suspectedSince: Instant?
    /// Since when silence has lasted too long; nil while the other side is heard.
    private(set) var quietSince: Instant?

    /// Starts with the response that proved the pair.
    init(
        timing: ICEAgent.Timing,
        roundTrip: Duration?,
        at now: Instant,
        provenAt: Instant,
        random: inout RandomSource
    ) {
        self.interval = timing.consentInterval
        self.expiry = timing.consentExpiry
        self.quietAfter = timing.quietAfter
        self.roundTrip = roundTrip ?? .zero
        self.doubtAfter = max(self.roundTrip * 3, timing.doubtAfter)
        let next = now + Self.randomized(timing.consentInterval, random: &random)
        // A spare pair that is selected may have answered long ago: it is asked at once, and has time for an answer.
        let isStale = provenAt + timing.consentInterval <= now
        self.lastHeard = isStale ? now : provenAt
        self.expiresAt = max(provenAt + timing.consentExpiry, now + timing.consentInterval * 2)
        self.nextCheck = isStale ? now : next
    }

    /// Whether silence has lasted too long.
    var isQuiet: Bool { self.quietSince != nil }

    /// Whether something is awaited that should have come.
    var isDoubted: Bool { self.awaitedSince != nil && (self.isDataAwaited || self.unanswered > 0) }

    /// How long an answer to a quick request is awaited before the next one.
    private var retryInterval: Duration {
        max(self.roundTrip * 3 / 2, .milliseconds(self.isDataAwaited ? 250 : 500))
    }

    /// Requests without an answer after which the path is suspected.
    private var suspicion: Int { self.isDataAwaited ? 3 : Self.quickRequests }

    /// When sending must end.
    private(set) var expiresAt: Instant

    /// A valid response came.
    mutating func noteResponse(at now: Instant) {
        self.expiresAt = now + self.expiry
        self.noteHeard(at: now)
    }

    /// Something came, a check of the other side or data: a sign of life, but not consent.
    mutating func noteHeard(at now: Instant) {
        self.lastHeard = now
        self.awaitedSince = nil
        self.isDataAwaited = false
        self.unanswered = 0
        self.suspectedSince = nil
        self.quietSince = nil
    }

    /// Data was sent; whether that changed the deadline.
    mutating func noteDataSent(at now: Instant) -> Bool {
        guard !self.isDataAwaited else { return false }
        self.isDataAwaited = true
        self.awaitedSince = self.awaitedSince ?? now
        return true
    }

    /// There is reason to check the path at once.
    mutating func doubt(at now: Instant) {
        guard self.unanswered == 0 else { return }
        self.awaitedSince = self.awaitedSince ?? now
        self.nextCheck = min(self.nextCheck, now)
    }

    /// A request was sent; the next one is due between 0.8 and 1.2 intervals later, or soon if it goes unanswered.
    mutating func noteRequest(at now: Instant, random: inout RandomSource) {
        self.awaitedSince = self.awaitedSince ?? now
        self.unanswered += 1
        self.lastRequest = now
        guard self.nextCheck <= now else { return }
        // Data may be heard all the time while each response is lost: what is left of the consent is not left to a few requests.
        let isUrgent = self.expiresAt <= now + self.expiry * 2 / 3
        self.nextCheck = now + Self.randomized(isUrgent ? self.interval / 5 : self.interval, random: &random)
    }

    /// Whether a request is due.
    func isRequestDue(at now: Instant) -> Bool {
        self.nextCheck <= now || self.nextRetry.map { $0 <= now } ?? false
    }

    private var nextRetry: Instant? {
        guard let since = self.awaitedSince, self.unanswered < Self.quickRequests else { return nil }
        return self.unanswered == 0 ? since + self.doubtAfter : self.lastRequest + self.retryInterval
    }

    /// Looks whether silence has lasted too long.
    mutating func judgeSilence(at now: Instant) {
        if self.suspectedSince == nil, let due = self.suspicionDeadline, due <= now { self.suspectedSince = now }
        if self.quietSince == nil, let due = self.silenceDeadline, due <= now { self.quietSince = now }
    }

    /// When one of the above changes with time alone.
    var deadline: Instant {
        var deadline = min(self.nextCheck, self.expiresAt)
        if let retry = self.nextRetry {
            deadline = min(deadline, retry)
        }
        if self.suspectedSince == nil, let suspicion = self.suspicionDeadline {
            deadline = min(deadline, suspicion)
        }
        if self.quietSince == nil, let silence = self.silenceDeadline {
            deadline = min(deadline, silence)
        }
        return deadline
    }

    private var suspicionDeadline: Instant? {
        self.unanswered >= self.suspicion ? self.lastRequest + self.retryInterval : nil
    }

    private var silenceDeadline: Instant? {
        guard self.unanswered >= Self.quickRequests else { return nil }
        return max(self.lastRequest + self.retryInterval, self.lastHeard + self.quietAfter)
    }

    /// A duration between 0.8 and 1.2 times the given one.
    static func randomized(_ duration: Duration, random: inout RandomSource) -> Duration {
        duration / 1_000 * Int.random(in: 800...1_200, using: &random)
    }
}
