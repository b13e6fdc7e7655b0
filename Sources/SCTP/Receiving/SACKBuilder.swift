// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// Makes SACK chunks that fit into what is left of a packet; keeps its storage.
package struct SACKBuilder: Sendable {
    /// Whether, if not all gap blocks fit, a quarter of them are the highest ones, which tell the sender most about loss.
    ///
    /// Otherwise they are the lowest ones, as all implementations expect.
    package var reportsRecent = false

    private var chunk = SACKChunk()

    /// Creates a builder.
    package init() {}

    /// Writes a SACK of at most `room` bytes, which must be 16 or more, and forgets the duplicates that it reports.
    package mutating func write(
        _ tracker: inout TSNTracker,
        advertisedWindow: UInt32,
        room: Int,
        to writer: inout ByteWriter
    ) {
        let limit = max(0, (room - SACKChunk.baseSize) / 4)
        self.chunk.cumulativeTSN = tracker.cumulative
        self.chunk.advertisedWindow = advertisedWindow
        self.chunk.gapBlocks.removeAll(keepingCapacity: true)
        tracker.appendGapBlocks(to: &self.chunk.gapBlocks, limit: self.reportsRecent ? .max : limit)
        let excess = self.chunk.gapBlocks.count - limit
        if excess > 0 {
            let kept = limit - limit / 4
            self.chunk.gapBlocks.removeSubrange(kept..<(kept + excess))
        }
        self.chunk.duplicates.removeAll(keepingCapacity: true)
        self.chunk.duplicates.append(contentsOf: tracker.duplicates.prefix(limit - self.chunk.gapBlocks.count))
        tracker.removeDuplicates()
        writer.sackChunk(self.chunk)
    }
}
