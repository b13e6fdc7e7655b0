// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// When a request over UDP is sent again, and when it has failed (RFC 8489 §6.2.1).
struct Retransmission: Sendable {
    /// What is due.
    enum Action: Equatable, Sendable {
        /// Nothing yet.
        case wait
        /// Send the same bytes again.
        case send
        /// No answer came.
        case giveUp
    }

    /// When the first request was sent.
    let firstSent: Instant
    /// When the last request was sent.
    private(set) var lastSent: Instant
    /// Requests sent so far.
    private(set) var sends = 1
    /// When something is due next.
    private(set) var deadline: Instant
    private var interval: Duration
    private let timeout: Duration
    private var maximumSends: Int

    /// Rc of RFC 8489 §6.2.1.
    static let defaultSends = 7
    /// Rm of RFC 8489 §6.2.1: the last request is given 16 times the first timeout.
    static let lastWait = 16

    /// Starts with the first request being sent at `now`.
    ///
    /// A transaction of one request waits for `lastWait` if there is one, else 16 timeouts.
    init(at now: Instant, timeout: Duration, sends: Int = Self.defaultSends, lastWait: Duration? = nil) {
        self.firstSent = now
        self.lastSent = now
        self.timeout = lastWait ?? timeout * Self.lastWait
        self.interval = timeout
        self.maximumSends = sends
        self.deadline = now + (sends > 1 ? timeout : self.timeout)
    }

    /// Sends nothing more, but still waits as long as it would have (RFC 8445 §7.3.1.4: a cancelled transaction).
    mutating func cancel() {
        guard self.sends < self.maximumSends else { return }
        self.maximumSends = self.sends
        self.deadline = self.lastSent + self.timeout
    }

    /// What is due at `now`; the deadline moves on with it.
    mutating func advance(at now: Instant) -> Action {
        guard now >= self.deadline else { return .wait }
        guard self.sends < self.maximumSends else { return .giveUp }
        self.sends += 1
        self.lastSent = now
        self.interval *= 2
        self.deadline = now + (self.sends < self.maximumSends ? self.interval : self.timeout)
        return .send
    }
}
