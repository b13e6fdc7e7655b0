// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// A message that the user gave to the association and that the peer has not acknowledged entirely.
package struct OutgoingMessage: Sendable {
    /// The user's bytes, kept once; emptied when the message is abandoned.
    package var bytes: [UInt8]
    /// The stream on which it is sent.
    package var stream: StreamID
    /// Where the stream's state is in the send queue.
    package var streamSlot = 0
    /// What it is to the user.
    package var protocolID: PayloadProtocolID
    /// Whether it may overtake others of its stream.
    package var isUnordered: Bool
    /// The most retransmissions of one of its fragments; nil without a bound.
    package var maximumRetransmits: UInt32?
    /// When it is given up.
    package var expiry: Instant = .distantFuture
    /// Its number within the stream, given when its first fragment is.
    package var ssn = SSN(0)
    /// How many of its bytes were given a TSN.
    package var sentCount = 0
    /// How many of its TSNs are above the cumulative acknowledgement.
    package var openFragments = 0
    /// Whether it was given up (RFC 3758 §3.5).
    package var isAbandoned = false

    /// Creates a message of which nothing was sent.
    package init(
        bytes: [UInt8],
        stream: StreamID,
        protocolID: PayloadProtocolID,
        isUnordered: Bool = false,
        reliability: Reliability = .reliable,
        at now: Instant
    ) {
        self.bytes = bytes
        self.stream = stream
        self.protocolID = protocolID
        self.isUnordered = isUnordered
        switch reliability {
        case .reliable: break
        case .retransmits(let count): self.maximumRetransmits = count
        case .lifetime(let duration): self.expiry = now + duration
        }
    }

    /// Whether it may be given up.
    package var isLimited: Bool { self.maximumRetransmits != nil || self.expiry != .distantFuture }

    /// How many bytes have no TSN yet.
    package var unsentCount: Int { self.bytes.count - self.sentCount }
}

/// The storage of outgoing messages: entries of the queues refer to it by index, and indices are used again.
package struct OutgoingMessages: Sendable {
    private var slots: [OutgoingMessage] = []
    private var free: [UInt32] = []

    /// How many messages are stored.
    package var count: Int { self.slots.count - self.free.count }

    /// Stores a message and returns its index.
    package mutating func insert(_ message: OutgoingMessage) -> UInt32 {
        if let index = self.free.popLast() {
            self.slots[Int(index)] = message
            return index
        }
        self.slots.append(message)
        return UInt32(truncatingIfNeeded: self.slots.count - 1)
    }

    /// Forgets a message, its bytes at once.
    package mutating func remove(_ index: UInt32) {
        self.slots[Int(index)].bytes = []
        self.free.append(index)
    }

    /// The message at an index that `insert(_:)` returned.
    package subscript(index: UInt32) -> OutgoingMessage {
        _read { yield self.slots[Int(index)] }
        _modify { yield &self.slots[Int(index)] }
    }
}
