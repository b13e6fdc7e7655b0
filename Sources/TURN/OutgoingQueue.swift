// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
import STUN
import Wire

/// What is on its way to the server: messages, and datagrams for peers in their frames.
struct OutgoingQueue: Sendable {
    /// Frames of equal size, the last of which may be shorter.
    private struct Batch: Sendable {
        var bytes: [UInt8]
        let segmentSize: Int
    }

    private let isStream: Bool
    private var batches: Deque<Batch> = []
    /// Bytes that wait.
    private(set) var count = 0

    /// Creates a queue in which nothing waits.
    init(_ transport: Allocation.Transport) {
        self.isStream = transport == .stream
    }

    /// Adds a message.
    mutating func append(message bytes: [UInt8]) {
        self.append(bytes, segmentSize: bytes.count)
    }

    /// Adds datagrams on a channel (RFC 8656 §12.4).
    mutating func append(_ datagrams: Span<UInt8>, segmentSize: Int, on channel: UInt16) {
        let frame = 4 + segmentSize
        var writer = ByteWriter(capacity: self.capacity(datagrams.count, segmentSize, overhead: 7))
        forEachSegment(of: datagrams, segmentSize) { segment in
            if !self.isStream, writer.count + 4 + segment.count > DatagramBuffer.capacity {
                self.append(writer.bytes, segmentSize: frame)
                writer.removeAll()
            }
            writer.u16(channel)
            writer.u16(UInt16(truncatingIfNeeded: segment.count))
            writer.span(segment)
            if self.isStream { writer.pad(to: 4) }
        }
        self.append(writer.bytes, segmentSize: frame)
    }

    /// Adds datagrams in Send indications (RFC 8656 §11.1).
    mutating func append(
        _ datagrams: Span<UInt8>,
        segmentSize: Int,
        to peer: SocketAddress,
        dontFragment: Bool,
        random: inout RandomSource
    ) {
        var writer = ByteWriter(capacity: self.capacity(datagrams.count, segmentSize, overhead: 64))
        var frame = 0
        forEachSegment(of: datagrams, segmentSize) { segment in
            let id = TransactionID(random: &random)
            var attributes: [Attribute] = [.xorPeerAddress(peer, in: id)]
            if dontFragment { attributes.append(.dontFragment) }
            attributes.append(.raw(.data, [UInt8](copying: segment)))
            let bytes = STUNMessage(.send, .indication, id, attributes: attributes).encoded()
            if writer.count + bytes.count > DatagramBuffer.capacity {
                self.append(writer.bytes, segmentSize: frame)
                writer.removeAll()
            }
            if writer.count == 0 { frame = bytes.count }
            writer.array(bytes)
        }
        self.append(writer.bytes, segmentSize: frame)
    }

    /// Fills a buffer: with one batch of datagrams, or with as much of a stream as fits.
    ///
    /// Returns the segment size.
    mutating func poll(into buffer: DatagramBuffer) -> Int? {
        guard let first = self.batches.first else { return nil }
        guard self.isStream else {
            self.batches.removeFirst()
            self.count -= first.bytes.count
            buffer.bytes.append(contentsOf: first.bytes)
            return first.segmentSize
        }
        while let next = self.batches.first, buffer.count < DatagramBuffer.capacity {
            let room = DatagramBuffer.capacity - buffer.count
            let taken = next.bytes.prefix(room)
            buffer.bytes.append(contentsOf: taken)
            self.count -= taken.count
            if taken.count == next.bytes.count {
                self.batches.removeFirst()
            } else {
                self.batches[0].bytes.removeFirst(taken.count)
            }
        }
        return buffer.count
    }

    /// Forgets everything.
    mutating func removeAll() {
        self.batches = []
        self.count = 0
    }

    private mutating func append(_ bytes: [UInt8], segmentSize: Int) {
        guard !bytes.isEmpty else { return }
        self.count += bytes.count
        self.batches.append(Batch(bytes: bytes, segmentSize: segmentSize))
    }

    private func capacity(_ count: Int, _ segmentSize: Int, overhead: Int) -> Int {
        count + (count / max(segmentSize, 1) + 1) * overhead
    }
}

/// Calls `body` with each segment in turn.
private func forEachSegment(of bytes: Span<UInt8>, _ size: Int, _ body: (Span<UInt8>) -> Void) {
    var start = 0
    repeat {
        let end = min(start + max(size, 1), bytes.count)
        body(bytes.extracting(start..<end))
        start = end
    } while start < bytes.count
}
