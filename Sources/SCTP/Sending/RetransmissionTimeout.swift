// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// The round-trip time and what follows from it (RFC 9260 §6.3.1); all times are nanoseconds.
package struct RetransmissionTimeout: Sendable {
    /// The smoothed round-trip time; nil before the first measurement.
    package private(set) var smoothed: UInt64?
    /// The variation of the round-trip time.
    package private(set) var variation: UInt64 = 0
    /// The smallest round-trip time that was measured.
    package private(set) var minimumMeasured: UInt64?
    /// RTO without backoff.
    package private(set) var value: UInt64

    private var minimum: UInt64
    private let maximum: UInt64
    private let maximumBackoff: UInt64

    /// Creates the state before any measurement.
    package init(initial: UInt64, minimum: UInt64, maximum: UInt64, maximumBackoff: UInt64) {
        self.value = initial
        self.minimum = minimum
        self.maximum = maximum
        self.maximumBackoff = maximumBackoff
    }

    /// Takes a measurement, which must not stem from a chunk that was sent twice (rule C5).
    package mutating func measure(_ sample: UInt64) {
        let sample = min(sample, self.maximum)
        self.minimumMeasured = min(self.minimumMeasured ?? sample, sample)
        if let smoothed = self.smoothed {
            let difference = smoothed > sample ? smoothed - sample : sample - smoothed
            self.variation = (3 * self.variation + difference) / 4
            self.smoothed = (7 * smoothed + sample) / 8
        } else {
            self.smoothed = sample
            self.variation = sample / 2
        }
        self.update(self.smoothed ?? sample)
    }

    /// Rules C2 to C7.
    private mutating func update(_ smoothed: UInt64) {
        let sum = smoothed + max(4 * self.variation, Self.granularity)
        self.value = min(max(sum, self.minimum), self.maximum)
    }

    /// Changes RTO.Min, which depends on how long the peer may delay its SACKs.
    package mutating func setMinimum(_ minimum: UInt64) {
        self.minimum = min(minimum, self.maximum)
        if let smoothed = self.smoothed { self.update(smoothed) }
    }

    /// RTO after `expirations` expirations in a row (rule E2): doubled each time, up to a bound that keeps a path with
    /// heavy loss from standing still for a minute.
    package func backedOff(_ expirations: Int) -> UInt64 {
        let shift = UInt64(min(max(expirations, 0), 16))
        return max(self.value, min(self.value << shift, self.maximumBackoff))
    }

    /// G of rule C4: the clock granularity.
    private static let granularity: UInt64 = 1_000_000
}
