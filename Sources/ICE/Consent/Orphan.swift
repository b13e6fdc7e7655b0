// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// A session without a pair to trust, which had one: where data went, it may go on until consent expires there (RFC 7675 §5.1).
struct Orphan: Sendable {
    /// Since when there is no pair, or since the restart that is to find one.
    private(set) var since: Instant
    /// Whether there was a restart since.
    private(set) var isSought = false
    /// When the silence is worth telling to people.
    let quietAt: Instant
    /// When the consent expires that the last pair had.
    let consentedUntil: Instant
    /// Whether it has not expired.
    var isConsented = true

    /// Takes over what is known of the pair that is trusted no longer.
    init(of consent: Consent?, quietAfter: Duration, at now: Instant) {
        self.since = now
        self.quietAt = (consent?.lastHeard ?? now) + quietAfter
        self.consentedUntil = consent?.expiresAt ?? now
    }

    /// A restart begins, and takes its time.
    mutating func noteRestart(at now: Instant) {
        self.since = now
        self.isSought = true
    }

    /// When something changes with time alone.
    func deadline(at now: Instant) -> Instant? {
        let quiet = self.quietAt > now ? self.quietAt : nil
        return earliest(quiet, self.isConsented ? self.consentedUntil : nil)
    }
}
