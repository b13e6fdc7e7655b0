// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Packets in a byte stream, each after its length in two bytes (RFC 4571 §2), as ICE has them over TCP (RFC 6544 §3).
package enum PacketFraming {
    /// The largest packet.
    package static let maximumPacket = 65_535
    /// Bytes before each packet.
    package static let overhead = 2

    /// Appends datagrams of `segmentSize` bytes each, of which the last may be shorter, to what is to be sent.
    package static func append(_ datagrams: Span<UInt8>, segmentSize: Int, to bytes: inout [UInt8]) {
        guard (1...Self.maximumPacket).contains(segmentSize) else { return }
        var start = 0
        while start < datagrams.count {
            let end = min(start + segmentSize, datagrams.count)
            bytes.append(UInt8(truncatingIfNeeded: (end - start) >> 8))
            bytes.append(UInt8(truncatingIfNeeded: end - start))
            bytes.append(copying: datagrams.extracting(start..<end))
            start = end
        }
    }
}

/// Cuts a byte stream into the packets of RFC 4571; there is no stream that it cannot cut.
package struct PacketDeframer: Sendable {
    /// What came of the packet that is not complete, its length included: never more than one packet and its length.
    private var pending: [UInt8] = []

    /// Creates a deframer for the beginning of a stream.
    package init() {}

    /// Takes bytes of the stream and calls `deliver` with each packet that is complete, while it lasts; empty ones are no
    /// packets.
    package mutating func take(_ bytes: Span<UInt8>, deliver: (Span<UInt8>) -> Void) {
        var rest = 0
        while rest < bytes.count {
            if self.pending.isEmpty, let end = Self.end(of: bytes, from: rest), end <= bytes.count {
                // The common case: nothing is copied.
                if end - rest > PacketFraming.overhead {
                    deliver(bytes.extracting((rest + PacketFraming.overhead)..<end))
                }
                rest = end
                continue
            }
            let needed = Self.end(of: self.pending.span, from: 0) ?? PacketFraming.overhead
            let taken = min(needed - self.pending.count, bytes.count - rest)
            self.pending.append(copying: bytes.extracting(rest..<(rest + taken)))
            rest += taken
            self.deliverPending(deliver)
        }
    }

    private mutating func deliverPending(_ deliver: (Span<UInt8>) -> Void) {
        guard Self.end(of: self.pending.span, from: 0) == self.pending.count else { return }
        let packet = self.pending
        self.pending = []
        if packet.count > PacketFraming.overhead {
            deliver(packet.span.extracting(PacketFraming.overhead..<packet.count))
        }
    }

    /// Where the packet ends that begins at a position; nil while its length is not there.
    private static func end(of bytes: Span<UInt8>, from start: Int) -> Int? {
        guard bytes.count - start >= PacketFraming.overhead else { return nil }
        return start + PacketFraming.overhead + (Int(bytes[start]) << 8 | Int(bytes[start + 1]))
    }
}
