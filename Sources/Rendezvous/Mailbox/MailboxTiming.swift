// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// When a mailbox client does what.
enum MailboxTiming {
    /// The server greets by then, or is none.
    static let welcome: Duration = .seconds(20)
    /// A connection that is silent for so long is asked for a sign of life.
    static let silence: Duration = .seconds(30)
    /// The sign of life comes by then, or the connection is dead.
    static let answer: Duration = .seconds(20)
    /// The mailbox is left at last, whether the server confirms it or not.
    static let closing: Duration = .seconds(10)
    /// A connection that lasted so long was a good one.
    static let steady: Duration = .seconds(10)
    /// The first pause before another attempt; each failure doubles it.
    static let firstPause: Duration = .milliseconds(500)
    /// How often the pause is doubled at most: up to 32 s.
    static let maximumDoublings = 6
    /// A server that never greeted is given up after so many attempts.
    static let firstAttempts = 5
    /// A server that was there before is given up after so many attempts in a row, which take some eight minutes.
    static let laterAttempts = 20

    /// The pause after so many failures in a row, half of it by chance, lest all clients of a server come back at once.
    static func pause(after failures: Int, random: inout RandomSource) -> Duration {
        let longest = Self.firstPause * (1 << min(max(failures - 1, 0), Self.maximumDoublings))
        return longest / 2 + .nanoseconds(Int64.random(in: 0...Int64((longest / 2).wholeNanoseconds), using: &random))
    }
}
