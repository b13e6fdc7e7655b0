// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Bounds on what is read from the other end of a mailbox connection.
package enum MailboxLimits {
    /// The longest message, in bytes of JSON.
    package static let messageCount = 128 * 1024
    /// The longest body, before it is written in hexadecimal.
    package static let bodyCount = 48 * 1024
    /// The longest application id, side, phase, mood, version, mailbox id or user name.
    package static let identifierCount = 128
    /// The longest nameplate, in digits.
    package static let nameplateCount = 40
    /// The longest `id` of a message, as JSON.
    package static let messageIDCount = 64
    /// The longest text for people: a message of the day, an error.
    package static let noticeCount = 4_096
    /// The longest proof of work.
    package static let stampCount = 1_024
    /// How many nameplates of a list are looked at.
    package static let nameplates = 10_000
    /// How many ICE servers, and how many addresses of each, are looked at.
    package static let iceServers = 8
}
