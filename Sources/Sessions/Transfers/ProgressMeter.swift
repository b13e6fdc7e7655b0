// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CLinux
import FileTransfer
import Wire

/// Decides which steps of a transfer are told.
struct ProgressMeter {
    private var progress: TransferProgress
    private var told: Instant?

    /// Begins with a transfer of `total` bytes; nil where that is not known.
    init(total: UInt64?) {
        self.progress = TransferProgress(total: total, at: Self.now)
    }

    /// Notes how many bytes have arrived; gives what is to be told, if anything.
    mutating func update(bytes: UInt64) -> TransferProgress? {
        guard bytes != self.progress.bytes else { return nil }
        let now = Self.now
        self.progress.update(bytes: bytes, at: now)
        if bytes != self.progress.total, let told = self.told,
            now.nanoseconds(since: told) < SessionLimits.progressInterval
        {
            return nil
        }
        self.told = now
        return self.progress
    }

    private static var now: Instant { Instant(nanoseconds: clinux_monotonic()) }
}
