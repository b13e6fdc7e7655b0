// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// When a request is sent again, and when it is given up (RFC 8489 §6.2.1, §6.2.2).
package struct RetransmissionSchedule: Hashable, Sendable {
    /// Nanoseconds between the first and the second transmission; the wait doubles each time.
    private let firstWait: UInt64
    /// Nanoseconds between the last transmission and giving up.
    private let lastWait: UInt64
    /// How often the request is sent.
    package let transmissions: Int

    private init(firstWait: UInt64, lastWait: UInt64, transmissions: Int) {
        self.firstWait = max(firstWait, 1)
        self.lastWait = max(lastWait, 1)
        self.transmissions = max(transmissions, 1)
    }

    /// Over UDP: `RTO` "SHOULD be 500 ms", `Rc` is 7 and `Rm` 16, so that it ends after 79 · RTO = 39.5 s.
    package static func unreliable(
        initialTimeout: Duration = .milliseconds(500),
        transmissions: Int = 7,
        lastWaitFactor: Int = 16
    ) -> RetransmissionSchedule {
        let first = initialTimeout.wholeNanoseconds
        return RetransmissionSchedule(
            firstWait: first,
            lastWait: Self.saturating(first, UInt64(max(lastWaitFactor, 1))),
            transmissions: transmissions
        )
    }

    /// Over TCP or TLS: sent once, given up after `Ti` = 39.5 s.
    package static let reliable = RetransmissionSchedule(
        firstWait: 39_500_000_000,
        lastWait: 39_500_000_000,
        transmissions: 1
    )

    /// Nanoseconds to wait after transmission `number`, which counts from 1.
    func wait(after number: Int) -> UInt64 {
        guard number < self.transmissions else { return self.lastWait }
        return number > 63 ? .max : Self.saturating(self.firstWait, 1 << UInt64(number - 1))
    }

    private static func saturating(_ wait: UInt64, _ factor: UInt64) -> UInt64 {
        let (product, overflow) = wait.multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}

/// A request on its way until it is answered or given up (RFC 8489 §6.2).
///
/// Drain `pollTransmit` after creating it and after each `handleTimeout`; who gets a response drops the transaction.
package struct ClientTransaction: Sendable {
    /// The transaction of the request, to which responses are matched.
    package let id: TransactionID
    /// The deadline of the next step; nil when the request was given up.
    package private(set) var nextTimeout: Instant?

    private let request: [UInt8]
    private let schedule: RetransmissionSchedule
    private let start: Instant
    /// Transmissions that were due so far, those included that a late timeout skipped.
    private var step = 1
    private var isDue = true

    /// Starts to send an encoded request.
    package init(
        _ id: TransactionID,
        request: [UInt8],
        schedule: RetransmissionSchedule = .unreliable(),
        at now: Instant
    ) {
        self.id = id
        self.request = request
        self.schedule = schedule
        self.start = now
        self.nextTimeout = now.advanced(byNanoseconds: schedule.wait(after: 1))
    }

    /// Whether no response came in time.
    package var isExpired: Bool { self.nextTimeout == nil }

    /// The request when it is to be sent now, nil otherwise.
    package mutating func pollTransmit() -> [UInt8]? {
        guard self.isDue else { return nil }
        self.isDue = false
        return self.request
    }

    /// Makes the request due again, or gives it up; a spurious call does nothing, a late one sends once.
    package mutating func handleTimeout(at now: Instant) {
        while let deadline = self.nextTimeout, deadline <= now {
            guard self.step < self.schedule.transmissions else {
                self.nextTimeout = nil
                self.isDue = false
                return
            }
            self.step += 1
            self.isDue = true
            self.nextTimeout = deadline.advanced(byNanoseconds: self.schedule.wait(after: self.step))
        }
    }

    /// The time from the request to a response that comes now.
    ///
    /// Nil when the request was sent more than once: nobody knows which one is answered (RFC 6298 §3, Karn).
    package func roundTrip(at now: Instant) -> Duration? {
        self.step == 1 ? now - self.start : nil
    }
}
