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
    private let lastWait: Duration
    private let longestInterval: Duration
    private var maximumSends: Int

    /// Rc of RFC 8489 §6.2.1.
    static let defaultSends = 7
    /// Rm of RFC 8489 §6.2.1: the last request is given 16 times the first timeout.
    static let lastWaitFactor = 16

    /// Starts with the first request being sent at `now`.
    ///
    /// - Parameters:
    ///   - now: The present.
    ///   - timeout: The time until the second request, which doubles with each one up to `longestInterval`.
    ///   - sends: How many requests are sent at most.
    ///   - longestInterval: Where the doubling ends.
    ///   - lastWait: How long an answer to the last request is awaited; 16 timeouts unless given.
    init(
        at now: Instant,
        timeout: Duration,
        sends: Int = Self.defaultSends,
        longestInterval: Duration = .seconds(3_600),
        lastWait: Duration? = nil
    ) {
        self.firstSent = now
        self.lastSent = now
        self.lastWait = lastWait ?? timeout * Self.lastWaitFactor
        self.longestInterval = longestInterval
        self.interval = timeout
        self.maximumSends = sends
        self.deadline = now + (sends > 1 ? timeout : self.lastWait)
    }

    /// Sends nothing more, but still waits as long as it would have (RFC 8445 §7.3.1.4: a cancelled transaction).
    mutating func cancel() {
        guard self.sends < self.maximumSends else { return }
        self.maximumSends = self.sends
        self.deadline = self.lastSent + self.lastWait
    }

    /// What is due at `now`; the deadline moves on with it.
    mutating func advance(at now: Instant) -> Action {
        guard now >= self.deadline else { return .wait }
        guard self.sends < self.maximumSends else { return .giveUp }
        self.sends += 1
        self.lastSent = now
        self.interval = min(self.interval * 2, self.longestInterval)
        self.deadline = now + (self.sends < self.maximumSends ? self.interval : self.lastWait)
        return .send
    }
}
