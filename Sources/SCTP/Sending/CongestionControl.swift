// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// What an acknowledgement means to congestion control.
struct AcknowledgedData: Equatable, Sendable {
    /// Bytes that were not acknowledged before, selectively or cumulatively.
    var bytes: Int
    /// Bytes in flight before it came.
    var flightBefore: Int
    /// Whether the cumulative acknowledgement moved.
    var isCumulative: Bool
    /// Whether nothing is in flight any more.
    var isAll: Bool
    /// Whether the sender is in fast recovery (RFC 9260 §7.2.4), during which the window does not change.
    var isInRecovery: Bool
}

/// Decides how many bytes may be in flight.
protocol CongestionControl: Sendable {
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
enum CongestionController: CongestionControl {
    /// RFC 9260 §7.
    case reno(Reno)

    var window: Int {
        switch self {
        case .reno(let reno): reno.window
        }
    }

    var slowStartThreshold: Int {
        switch self {
        case .reno(let reno): reno.slowStartThreshold
        }
    }

    mutating func acknowledged(_ data: AcknowledgedData) {
        switch self {
        case .reno(var reno):
            reno.acknowledged(data)
            self = .reno(reno)
        }
    }

    mutating func entersRecovery() {
        switch self {
        case .reno(var reno):
            reno.entersRecovery()
            self = .reno(reno)
        }
    }

    mutating func timedOut() {
        switch self {
        case .reno(var reno):
            reno.timedOut()
            self = .reno(reno)
        }
    }

    mutating func idled(timeouts: Int) {
        switch self {
        case .reno(var reno):
            reno.idled(timeouts: timeouts)
            self = .reno(reno)
        }
    }

    mutating func begin(threshold: Int, packetsPerAcknowledgement: Int) {
        switch self {
        case .reno(var reno):
            reno.begin(threshold: threshold, packetsPerAcknowledgement: packetsPerAcknowledgement)
            self = .reno(reno)
        }
    }
}
