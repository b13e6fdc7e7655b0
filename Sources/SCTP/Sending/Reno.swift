// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Slow start, congestion avoidance and the reactions to loss of RFC 9260 §7.2.
package struct Reno: CongestionControl {
    /// Bytes that may be in flight: cwnd.
    package private(set) var window: Int
    /// The window at which slow start ends: ssthresh.
    package private(set) var slowStartThreshold: Int = .max
    private var partialBytesAcknowledged = 0
    private let packetSize: Int
    /// L of §7.2.1: by how many packets one acknowledgement may grow the window.
    private var slowStartLimit = 2

    /// Creates the state of a new association, whose full packets have `packetSize` bytes of user data (PMDCS).
    package init(packetSize: Int) {
        self.packetSize = packetSize
        self.window = Self.initialPackets * packetSize
    }

    /// Data was acknowledged.
    package mutating func acknowledged(_ data: AcknowledgedData) {
        if data.isAll { self.partialBytesAcknowledged = 0 }
        guard data.isCumulative, !data.isInRecovery else { return }
        if self.window <= self.slowStartThreshold {
            guard data.isWindowLimited else { return }
            self.window += min(data.bytes, self.slowStartLimit * self.packetSize)
        } else {
            self.partialBytesAcknowledged += data.bytes
            guard self.partialBytesAcknowledged >= self.window else { return }
            if data.isWindowLimited {
                self.partialBytesAcknowledged -= self.window
                self.window += self.packetSize
            } else {
                // §7.2.2: without a full window the credit does not pile up.
                self.partialBytesAcknowledged = self.window
            }
        }
    }

    /// Fast recovery begins.
    package mutating func entersRecovery() {
        self.slowStartThreshold = max(self.window / 2, Self.minimumPackets * self.packetSize)
        self.window = self.slowStartThreshold
        self.partialBytesAcknowledged = 0
    }

    /// The retransmission timer expired.
    package mutating func timedOut() {
        self.slowStartThreshold = max(self.window / 2, Self.minimumPackets * self.packetSize)
        self.window = self.packetSize
        self.partialBytesAcknowledged = 0
    }

    /// Nothing was sent for a number of retransmission timeouts.
    package mutating func idled(timeouts: Int) {
        for _ in 0..<min(max(timeouts, 0), 32) {
            self.window = max(self.window / 2, min(self.window, Self.initialPackets * self.packetSize))
        }
    }

    /// The peer became known.
    package mutating func begin(threshold: Int, packetsPerAcknowledgement: Int) {
        self.slowStartThreshold = max(threshold, Self.minimumPackets * self.packetSize)
        self.slowStartLimit = packetsPerAcknowledgement
    }

    /// The window of a new association: ten packets, as RFC 6928 has it for TCP and browsers have it for SCTP.
    private static let initialPackets = 10

    /// §7.2.3: "ssthresh = max(cwnd / 2, 4 * PMDCS)".
    private static let minimumPackets = 4
}
