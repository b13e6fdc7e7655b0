// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// How long the association tries to deliver a message (RFC 3758, RFC 7496).
package enum Reliability: Hashable, Sendable {
    /// Until the association ends.
    case reliable
    /// Until it was retransmitted this often (RFC 7496 §4.2).
    case retransmits(UInt32)
    /// For this long after it was queued (RFC 7496 §4.1).
    case lifetime(Duration)
}
