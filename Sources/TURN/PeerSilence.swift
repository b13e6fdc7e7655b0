// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Tells when a server that takes data for peers and brings none back is to be asked whether it still knows us.
///
/// A server that was restarted, and one that sees us at another port because a NAT was, drop what we send without a word:
/// only a request is answered. Most often it is the peer that is silent, so that the waits grow.
struct PeerSilence: Hashable, Sendable {
    /// The first wait, in nanoseconds: data in flight is to leave a dead path within 2 s or so.
    private static let firstWait: UInt64 = 1_500_000_000
    /// Each further wait is twice as long as the one before, up to 12 s.
    private static let maximumDoublings: UInt64 = 3

    private var unansweredSince: Instant?
    private var inquiries: UInt64 = 0

    /// Data for a peer was sent.
    mutating func noteSent(at now: Instant) {
        if self.unansweredSince == nil { self.unansweredSince = now }
    }

    /// Data from a peer came.
    mutating func noteHeard() { self = PeerSilence() }

    /// The server is being asked.
    mutating func noteInquiry() {
        self.unansweredSince = nil
        self.inquiries = min(self.inquiries + 1, Self.maximumDoublings)
    }

    /// When the server is to be asked; nil while data is answered, or none is sent.
    var deadline: Instant? { self.unansweredSince?.advanced(byNanoseconds: Self.firstWait << self.inquiries) }
}
