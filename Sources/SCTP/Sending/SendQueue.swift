// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import DequeModule
package import Wire

/// Part of a message that fits into one DATA chunk.
package struct Fragment: Equatable, Sendable {
    /// The index of the message.
    package var message: UInt32
    /// Where the fragment begins in the message.
    package var offset: Int
    /// How many bytes it has.
    package var length: Int
    /// Whether it ends the message.
    package var isLast: Bool
}

/// Messages that have no TSN yet, in one queue for each stream.
///
/// Streams take turns at message boundaries: without RFC 8260 the fragments of a message must not be interleaved with
/// those of another message.
package struct SendQueue: Sendable {
    /// Storage of all messages, those in flight included.
    package var messages = OutgoingMessages()

    /// Bytes without a TSN, of all streams.
    package private(set) var bufferedBytes = 0

    /// How many messages have a bound on retransmissions or time.
    package private(set) var limitedCount = 0

    /// Streams of messages that were given up, in that order; the user has not been told yet.
    package var givenUp: Deque<StreamID> = []

    private var streams: [OutgoingStream] = []
    private var slots: [StreamID: Int] = [:]
    /// Slots of the streams that have messages, in the order of their turns; the head is being served.
    private var turns: Deque<Int> = []

    /// What is known about one outgoing stream.
    private struct OutgoingStream: Sendable {
        var id: StreamID
        var queue: Deque<UInt32> = []
        var nextSSN = SSN(0)
        var bufferedBytes = 0
        var openMessages = 0
        var isResetting = false
    }

    /// Creates an empty queue.
    package init() {}

    /// Whether nothing waits for a TSN.
    package var isEmpty: Bool { self.turns.isEmpty }

    /// Bytes of a stream that have no TSN yet.
    package func bufferedBytes(on stream: StreamID) -> Int {
        guard let slot = self.slots[stream] else { return 0 }
        return self.streams[slot].bufferedBytes
    }

    /// Whether all that was ever sent on a stream is acknowledged or given up.
    package func isQuiescent(_ stream: StreamID) -> Bool {
        guard let slot = self.slots[stream] else { return true }
        return self.streams[slot].openMessages == 0
    }

    /// Whether a stream is waiting for its reset to be done.
    package func isResetting(_ stream: StreamID) -> Bool {
        guard let slot = self.slots[stream] else { return false }
        return self.streams[slot].isResetting
    }

    /// Marks a stream as being reset.
    package mutating func beginReset(of stream: StreamID) {
        self.streams[self.slot(for: stream)].isResetting = true
    }

    /// Ends the reset of a stream; if it was performed, numbers start at zero again (RFC 6525 §5.2.7).
    package mutating func endReset(of stream: StreamID, performed: Bool) {
        let slot = self.slot(for: stream)
        self.streams[slot].isResetting = false
        if performed { self.streams[slot].nextSSN = SSN(0) }
    }

    /// Appends a message to its stream.
    package mutating func append(_ message: OutgoingMessage) {
        var message = message
        let slot = self.slot(for: message.stream)
        message.streamSlot = slot
        self.bufferedBytes += message.bytes.count
        self.streams[slot].bufferedBytes += message.bytes.count
        self.streams[slot].openMessages += 1
        if message.isLimited { self.limitedCount += 1 }
        let index = self.messages.insert(message)
        if self.streams[slot].queue.isEmpty { self.turns.append(slot) }
        self.streams[slot].queue.append(index)
    }

    /// What goes next into a packet that has `room` bytes left for user data, where an empty packet has `fullRoom`.
    ///
    /// A message is split only if it fits into no packet at all, so that small messages are bundled whole and long ones
    /// fill their packets to the last byte. Unsent messages whose time is over are dropped on the way.
    /// - Returns: nil if nothing waits, or what waits belongs into the next packet.
    package mutating func next(room: Int, fullRoom: Int, at now: Instant) -> Fragment? {
        while let slot = self.turns.first, let index = self.streams[slot].queue.first {
            let message = self.messages[index]
            if message.sentCount == 0, message.expiry <= now {
                self.dropHead(slot: slot, index: index)
                continue
            }
            let left = message.unsentCount
            let offset = message.sentCount
            if left <= room { return Fragment(message: index, offset: offset, length: left, isLast: true) }
            guard left > fullRoom, room >= min(fullRoom, Self.leastFragment) else { return nil }
            return Fragment(message: index, offset: offset, length: room, isLast: false)
        }
        return nil
    }

    /// Takes a fragment that `next(room:fullRoom:at:)` returned, because it was given a TSN.
    package mutating func commit(_ fragment: Fragment) {
        let slot = self.messages[fragment.message].streamSlot
        if fragment.offset == 0, !self.messages[fragment.message].isUnordered {
            self.messages[fragment.message].ssn = self.streams[slot].nextSSN
            self.streams[slot].nextSSN = self.streams[slot].nextSSN.next
        }
        self.messages[fragment.message].sentCount += fragment.length
        self.messages[fragment.message].openFragments += 1
        self.bufferedBytes -= fragment.length
        self.streams[slot].bufferedBytes -= fragment.length
        if fragment.isLast { self.endTurn(of: slot) }
    }

    /// The fragments of a message that is given up will never come: takes it out of the queue.
    ///
    /// - Returns: whether there were any, so that the peer must be told of an end that it does not get.
    package mutating func discardRest(of index: UInt32) -> Bool {
        let unsent = self.messages[index].unsentCount
        let slot = self.messages[index].streamSlot
        let wasWaiting = unsent > 0
        self.messages[index].isAbandoned = true
        self.givenUp.append(self.messages[index].stream)
        self.messages[index].bytes = []
        self.messages[index].sentCount = 0
        guard wasWaiting else { return false }
        self.bufferedBytes -= unsent
        self.streams[slot].bufferedBytes -= unsent
        // Only the head of a stream in turn is ever partly sent.
        if self.streams[slot].queue.first == index {
            self.turns.removeAll { $0 == slot }
            self.streams[slot].queue.removeFirst()
            if !self.streams[slot].queue.isEmpty { self.turns.append(slot) }
        }
        return true
    }

    /// One TSN of a message is below the cumulative acknowledgement; with its last one the message is forgotten.
    package mutating func release(_ index: UInt32) {
        self.messages[index].openFragments -= 1
        guard self.messages[index].openFragments == 0, self.messages[index].unsentCount == 0 else { return }
        self.forget(index)
    }

    /// Counts the placeholder that ends a message which was given up.
    package mutating func commitPlaceholder(of index: UInt32) {
        self.messages[index].openFragments += 1
    }

    /// The message of which some fragments were sent and others were not.
    package var partlySent: UInt32? {
        guard let slot = self.turns.first, let index = self.streams[slot].queue.first,
            self.messages[index].sentCount > 0
        else { return nil }
        return index
    }

    private mutating func slot(for stream: StreamID) -> Int {
        if let slot = self.slots[stream] { return slot }
        self.streams.append(OutgoingStream(id: stream))
        self.slots[stream] = self.streams.count - 1
        return self.streams.count - 1
    }

    private mutating func dropHead(slot: Int, index: UInt32) {
        let count = self.messages[index].bytes.count
        self.bufferedBytes -= count
        self.streams[slot].bufferedBytes -= count
        self.givenUp.append(self.messages[index].stream)
        self.forget(index)
        self.endTurn(of: slot)
    }

    private mutating func forget(_ index: UInt32) {
        self.streams[self.messages[index].streamSlot].openMessages -= 1
        if self.messages[index].isLimited { self.limitedCount -= 1 }
        self.messages.remove(index)
    }

    private mutating func endTurn(of slot: Int) {
        self.streams[slot].queue.removeFirst()
        self.turns.removeFirst()
        if !self.streams[slot].queue.isEmpty { self.turns.append(slot) }
    }

    /// A piece of a long message that is not worth a chunk header of its own when the packet has other data.
    private static let leastFragment = 128
}
