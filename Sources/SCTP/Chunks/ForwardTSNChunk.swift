// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// A message that its sender gave up, by its place in the order of a stream.
package struct SkippedMessage: Hashable, Sendable, BitwiseCopyable {
    /// The stream.
    package var stream: StreamID
    /// Whether it is an unordered message: only I-FORWARD-TSN names those.
    package var isUnordered: Bool
    /// The SSN (16 bits) or the MID of the last message that was given up.
    package var message: UInt32

    /// Creates a skipped message.
    package init(stream: StreamID, isUnordered: Bool = false, message: UInt32) {
        self.stream = stream
        self.isUnordered = isUnordered
        self.message = message
    }
}

/// FORWARD-TSN (RFC 3758 §3.2) and I-FORWARD-TSN (RFC 8260 §2.3.1).
package struct ForwardTSNChunk: Hashable, Sendable {
    /// All TSNs up to this one count as received.
    package var newCumulativeTSN: TSN
    /// The last message that was given up on each stream concerned.
    package var skipped: [SkippedMessage]

    /// Creates a chunk.
    package init(newCumulativeTSN: TSN, skipped: [SkippedMessage]) {
        self.newCumulativeTSN = newCumulativeTSN
        self.skipped = skipped
    }

    /// Reads the value of a chunk.
    /// - Throws: `.truncated`.
    package init(parsing value: Span<UInt8>, interleaved: Bool) throws(MalformedPacket) {
        var reader = ByteReader(value)
        do {
            self.init(newCumulativeTSN: TSN(try reader.u32()), skipped: [])
            self.skipped.reserveCapacity(reader.remaining / (interleaved ? 8 : 4))
            while !reader.isAtEnd {
                let stream = StreamID(try reader.u16())
                let flags = interleaved ? try reader.u16() : 0
                let message = interleaved ? try reader.u32() : UInt32(try reader.u16())
                self.skipped.append(SkippedMessage(stream: stream, isUnordered: flags & 1 != 0, message: message))
            }
        } catch {
            throw .truncated
        }
    }
}

extension ByteWriter {
    /// Writes a FORWARD-TSN chunk, or an I-FORWARD-TSN chunk with `interleaved`.
    package mutating func forwardTSNChunk(_ chunk: ForwardTSNChunk, interleaved: Bool = false) {
        self.chunk(interleaved ? .interleavedForwardTSN : .forwardTSN) { writer in
            writer.u32(chunk.newCumulativeTSN.rawValue)
            for skipped in chunk.skipped {
                writer.u16(skipped.stream.rawValue)
                if interleaved {
                    writer.u16(skipped.isUnordered ? 1 : 0)
                    writer.u32(skipped.message)
                } else {
                    writer.u16(UInt16(truncatingIfNeeded: skipped.message))
                }
            }
        }
    }
}
