// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
import Wire

/// SACKs that became due while a batch of packets was taken in, written down as they were at that moment.
///
/// Peers whose window grows with each SACK get every one of them, even if nothing could be sent in between. The bytes
/// stand in one buffer that keeps its storage.
struct PendingSACKs: Sendable {
    private var writer = ByteWriter()
    private var sizes: Deque<Int> = []
    private var offset = 0

    /// Whether none waits.
    var isEmpty: Bool { self.sizes.isEmpty }

    /// Writes down another one, unless too many wait: a later one says all that it would have.
    mutating func append(from receiver: inout DataReceiver, room: Int) {
        guard self.sizes.count < Self.maximumCount else { return }
        let start = self.writer.count
        receiver.writeSACK(room: room, to: &self.writer)
        self.writer.pad(to: 4)
        self.sizes.append(self.writer.count - start)
    }

    /// Moves the oldest one into a packet.
    mutating func pop(into packet: inout ByteWriter) {
        guard let size = self.sizes.popFirst() else { return }
        packet.pad(to: 4)
        packet.span(self.writer.bytes.span.extracting(self.offset..<(self.offset + size)))
        self.offset += size
        guard self.sizes.isEmpty else { return }
        self.removeAll()
    }

    /// Forgets all.
    mutating func removeAll() {
        self.writer.removeAll()
        self.sizes.removeAll(keepingCapacity: true)
        self.offset = 0
    }

    private static let maximumCount = 64
}
