// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Wire

/// One Binding transaction over a pair (RFC 8445 §7.2).
struct ConnectivityCheck: Sendable {
    /// What the transaction is for.
    enum Purpose: Hashable, Sendable {
        /// To learn whether the pair works.
        case connectivity
        /// To tell the other side that the pair is to be used (RFC 8445 §8.1.1).
        case nomination
        /// To learn whether the other side still consents (RFC 7675), or to keep a spare pair warm.
        case freshness
    }

    /// What the transaction is for.
    let purpose: Purpose
    /// Identifies the response.
    let transaction: TransactionID
    /// The request, as it is sent again.
    let bytes: [UInt8]
    /// The role that the request claims.
    let role: ICERole
    /// The PRIORITY that the request carries: that of a peer-reflexive candidate learned from the response.
    let priority: UInt32
    /// Whether the response alone is awaited, because a triggered check took its place.
    private(set) var isCancelled = false
    /// When it is sent again.
    var retransmission: Retransmission

    /// Creates a transaction whose request is being sent.
    init(
        purpose: Purpose,
        transaction: TransactionID,
        bytes: [UInt8],
        role: ICERole,
        priority: UInt32,
        retransmission: Retransmission
    ) {
        self.purpose = purpose
        self.transaction = transaction
        self.bytes = bytes
        self.role = role
        self.priority = priority
        self.retransmission = retransmission
    }

    /// Sends nothing more, and does not fail the pair when no response comes.
    mutating func cancel() {
        self.isCancelled = true
        self.retransmission.cancel()
    }
}
