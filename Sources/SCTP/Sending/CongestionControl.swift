// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// What an acknowledgement means to congestion control.
package struct AcknowledgedData: Equatable, Sendable {
    /// Bytes that were not acknowledged before, selectively or cumulatively.
    package var bytes: Int
    /// Whether more would have been sent before it came, had the window been larger.
    package var isWindowLimited: Bool
    /// Whether the cumulative acknowledgement moved.
    package var isCumulative: Bool
    /// Whether nothing is in flight any more.
    package var isAll: Bool
    /// Whether the sender is in fast recovery (RFC 9260 §7.2.4), during which the window does not change.
    package var isInRecovery: Bool

    /// Creates the description of an acknowledgement.
    package init(bytes: Int, isWindowLimited: Bool, isCumulative: Bool, isAll: Bool, isInRecovery: Bool) {
        self.bytes = bytes
        self.isWindowLimited = isWindowLimited
        self.isCumulative = isCumulative
        self.isAll = isAll
        self.isInRecovery = isInRecovery
    }
}

/// Decides how many bytes may be in flight.
package protocol CongestionControl: Sendable {
    /// Bytes that may be in flight.
    var window: Int { get }
    /// The window at which growth becomes careful.
    var slowStartThreshold: Int { get }
    /// Data was acknowledged.
    mutating func acknowledged(_ data: AcknowledgedData)
    /// Fast recovery begins.
    mutating func entersRecovery()
    /// The retransmission timer expired.
    mutating func timedOut()
    /// Nothing was sent for a number of retransmission timeouts.
    mutating func idled(timeouts: Int)
    /// The peer became known: its window is the first threshold (RFC 9260 §7.2.1), and one of its acknowledgements may
    /// stand for so many packets.
    mutating func begin(threshold: Int, packetsPerAcknowledgement: Int)
}

/// The congestion control of an association: one case for each algorithm.
package enum CongestionController: CongestionControl {
    /// RFC 9260 §7.
    case reno(Reno)

    /// Creates the state of an algorithm for packets of `packetSize` bytes of user data.
    package init(_ algorithm: Association.CongestionControlAlgorithm, packetSize: Int) {
        switch algorithm {
        case .reno: self = .reno(Reno(packetSize: packetSize))
        }
    }

    /// Bytes that may be in flight.
    package var window: Int {
        switch self {
        case .reno(let reno): reno.window
        }
    }

    /// The window at which growth becomes careful.
    package var slowStartThreshold: Int {
        switch self {
        case .reno(let reno): reno.slowStartThreshold
        }
    }

    /// Data was acknowledged.
    package mutating func acknowledged(_ data: AcknowledgedData) {
        switch self {
        case .reno(var reno):
            reno.acknowledged(data)
            self = .reno(reno)
        }
    }

    /// Fast recovery begins.
    package mutating func entersRecovery() {
        switch self {
        case .reno(var reno):
            reno.entersRecovery()
            self = .reno(reno)
        }
    }

    /// The retransmission timer expired.
    package mutating func timedOut() {
        switch self {
        case .reno(var reno):
            reno.timedOut()
            self = .reno(reno)
        }
    }

    /// Nothing was sent for a number of retransmission timeouts.
    package mutating func idled(timeouts: Int) {
        switch self {
        case .reno(var reno):
            reno.idled(timeouts: timeouts)
            self = .reno(reno)
        }
    }

    /// The peer became known.
    package mutating func begin(threshold: Int, packetsPerAcknowledgement: Int) {
        switch self {
        case .reno(var reno):
            reno.begin(threshold: threshold, packetsPerAcknowledgement: packetsPerAcknowledgement)
            self = .reno(reno)
        }
    }
}
