// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// A run of TSNs that arrived beyond the cumulative one, as offsets from it (RFC 9260 §3.3.4).
package struct GapBlock: Hashable, Sendable, BitwiseCopyable {
    /// The offset of the first TSN of the run.
    package var start: UInt16
    /// The offset of the last TSN of the run.
    package var end: UInt16

    /// Creates a block.
    package init(start: UInt16, end: UInt16) {
        self.start = start
        self.end = end
    }
}

/// SACK (RFC 9260 §3.3.4).
///
/// One value is read into again and again, so that its arrays keep their storage.
package struct SACKChunk: Hashable, Sendable {
    /// Bytes of the chunk without gap blocks and duplicates.
    package static let baseSize = 16

    /// All TSNs up to this one arrived.
    package var cumulativeTSN: TSN
    /// The receive window that is left, in bytes.
    package var advertisedWindow: UInt32
    /// What arrived beyond, in the order on the wire.
    package var gapBlocks: [GapBlock]
    /// TSNs that arrived more than once since the last SACK.
    package var duplicates: [TSN]

    /// Creates a chunk.
    package init(
        cumulativeTSN: TSN = TSN(0),
        advertisedWindow: UInt32 = 0,
        gapBlocks: [GapBlock] = [],
        duplicates: [TSN] = []
    ) {
        self.cumulativeTSN = cumulativeTSN
        self.advertisedWindow = advertisedWindow
        self.gapBlocks = gapBlocks
        self.duplicates = duplicates
    }

    /// Reads the value of a chunk in place of what this one held.
    ///
    /// Gap blocks are as the peer wrote them, except that those which end before they start are an error.
    /// - Throws: `.truncated`, or `.unexpectedValue` for such a block.
    package mutating func read(_ value: Span<UInt8>) throws(MalformedPacket) {
        self.gapBlocks.removeAll(keepingCapacity: true)
        self.duplicates.removeAll(keepingCapacity: true)
        var reader = ByteReader(value)
        var areBlocksValid = true
        do {
            self.cumulativeTSN = TSN(try reader.u32())
            self.advertisedWindow = try reader.u32()
            let blocks = Int(try reader.u16())
            let duplicates = Int(try reader.u16())
            var counted = try reader.sub(4 * (blocks + duplicates))
            for _ in 0..<blocks {
                let block = GapBlock(start: try counted.u16(), end: try counted.u16())
                areBlocksValid = areBlocksValid && block.start > 0 && block.start <= block.end
                self.gapBlocks.append(block)
            }
            for _ in 0..<duplicates {
                self.duplicates.append(TSN(try counted.u32()))
            }
        } catch {
            throw .truncated
        }
        guard areBlocksValid else { throw .unexpectedValue }
    }
}

extension ByteWriter {
    /// Writes a SACK chunk.
    package mutating func sackChunk(_ sack: SACKChunk) {
        self.chunk(.sack) { writer in
            writer.u32(sack.cumulativeTSN.rawValue)
            writer.u32(sack.advertisedWindow)
            writer.u16(UInt16(clamping: sack.gapBlocks.count))
            writer.u16(UInt16(clamping: sack.duplicates.count))
            for block in sack.gapBlocks {
                writer.u16(block.start)
                writer.u16(block.end)
            }
            for duplicate in sack.duplicates {
                writer.u32(duplicate.rawValue)
            }
        }
    }
}
