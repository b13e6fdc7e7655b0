// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Whether the other side still agrees to be sent to over the selected pair (RFC 7675), and whether it is heard at all.
struct Consent: Sendable {
    private let interval: Duration
    private let expiry: Duration
    private let quietAfter: Duration
    /// An unanswered request is followed by others this much later, because one loss is no silence.
    private static let retryInterval = Duration.milliseconds(500)
    /// How many requests follow one that nobody answers.
    private static let retries = 3

    /// When the last valid response came.
    private var lastResponse: Instant
    /// When anything was heard last, data included.
    private var lastHeard: Instant
    /// When the next periodic request is due.
    private var nextCheck: Instant
    /// When the first request was sent that came after anything was heard.
    private var unansweredSince: Instant?
    /// How many requests were sent since then.
    private var unanswered = 0
    /// Since when silence has lasted too long; nil while the other side is heard.
    private(set) var quietSince: Instant?

    /// Starts with the response that proved the pair.
    init(timing: ICEAgent.Timing, at now: Instant, provenAt: Instant, random: inout RandomSource) {
        self.interval = timing.consentInterval
        self.expiry = timing.consentExpiry
        self.quietAfter = timing.quietAfter
        self.lastResponse = provenAt
        self.lastHeard = provenAt
        self.nextCheck = now + Self.randomized(timing.consentInterval, random: &random)
    }

    /// Whether silence has lasted too long.
    var isQuiet: Bool { self.quietSince != nil }

    /// Whether sending must end.
    func hasExpired(at now: Instant) -> Bool { now >= self.lastResponse + self.expiry }

    /// A valid response came.
    mutating func noteResponse(at now: Instant) {
        self.lastResponse = now
        self.noteHeard(at: now)
    }

    /// Something came, a check of the other side or data: a sign of life, but not consent.
    mutating func noteHeard(at now: Instant) {
        self.lastHeard = now
        self.unansweredSince = nil
        self.unanswered = 0
        self.quietSince = nil
    }

    /// A request was sent; the next one is due between 0.8 and 1.2 intervals later, or soon if it goes unanswered.
    mutating func noteRequest(at now: Instant, random: inout RandomSource) {
        self.unansweredSince = self.unansweredSince ?? now
        self.unanswered += 1
        guard !self.isRetry(at: now) else { return }
        self.nextCheck = now + Self.randomized(self.interval, random: &random)
    }

    /// Whether a request is due.
    func isRequestDue(at now: Instant) -> Bool {
        self.nextCheck <= now || self.nextRetry.map { $0 <= now } ?? false
    }

    /// A request that is not the periodic one.
    private func isRetry(at now: Instant) -> Bool { self.nextCheck > now }

    private var nextRetry: Instant? {
        guard let since = self.unansweredSince, self.unanswered <= Self.retries else { return nil }
        return since + Self.retryInterval * self.unanswered
    }

    /// Looks whether silence has lasted too long.
    mutating func judgeSilence(at now: Instant) {
        guard self.quietSince == nil, let silence = self.silenceDeadline, now >= silence else { return }
        self.quietSince = now
    }

    /// When one of the above changes with time alone.
    var deadline: Instant {
        var deadline = min(self.nextCheck, self.lastResponse + self.expiry)
        if let retry = self.nextRetry {
            deadline = min(deadline, retry)
        }
        if !self.isQuiet, let silence = self.silenceDeadline {
            deadline = min(deadline, silence)
        }
        return deadline
    }

    private var silenceDeadline: Instant? {
        self.unansweredSince.map { since in
            max(since + Self.retryInterval * (Self.retries + 1), self.lastHeard + self.quietAfter)
        }
    }

    /// A duration between 0.8 and 1.2 times the given one.
    static func randomized(_ duration: Duration, random: inout RandomSource) -> Duration {
        duration / 1_000 * Int.random(in: 800...1_200, using: &random)
    }
}
