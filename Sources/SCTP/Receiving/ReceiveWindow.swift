// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// How much the peer may have under way and unread: grows while it limits the peer.
package struct ReceiveWindow: Sendable {
    /// The size now, in bytes; never shrinks, because it was advertised.
    package private(set) var size: Int
    /// The size at which growing ends.
    package let maximumSize: Int

    private var measuredFrom: Instant?
    private var measuredBytes = 0

    /// Creates a window.
    package init(size: Int, maximumSize: Int) {
        self.size = size
        self.maximumSize = max(size, maximumSize)
    }

    /// Notes bytes that arrived: more than half a window within a round trip doubles it.
    package mutating func received(_ count: Int, at now: Instant, roundTrip: UInt64?) {
        guard self.size < self.maximumSize else { return }
        self.measuredBytes += count
        guard let start = self.measuredFrom else {
            self.measuredFrom = now
            return
        }
        guard now.nanoseconds(since: start) >= max(roundTrip ?? Self.unknownRoundTrip, Self.minimumInterval) else {
            return
        }
        if self.measuredBytes > self.size / 2 { self.size = min(self.size * 2, self.maximumSize) }
        self.measuredFrom = now
        self.measuredBytes = 0
    }

    /// What is advertised while `queued` bytes are held.
    package func advertised(queued: Int) -> UInt32 { UInt32(clamping: self.size - queued) }

    private static let unknownRoundTrip: UInt64 = 100_000_000
    private static let minimumInterval: UInt64 = 1_000_000
}
