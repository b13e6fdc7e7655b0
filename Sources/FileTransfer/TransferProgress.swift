// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// How far a transfer is, how fast it goes and how long it will take: pure arithmetic over samples.
///
/// The rate is that of the last few seconds, so that it follows the path and yet does not flicker.
package struct TransferProgress: Sendable {
    private struct Sample {
        var time: Instant
        var bytes: UInt64
    }

    /// The time that the rate looks back, in nanoseconds.
    private static let window: UInt64 = 5_000_000_000

    /// Samples closer than this replace each other, in nanoseconds.
    private static let spacing: UInt64 = 100_000_000

    /// The bytes in all; nil for a stream.
    package let total: UInt64?
    /// The bytes so far.
    package private(set) var bytes: UInt64
    /// The spaced samples of the window, the oldest first: at most window / spacing and two.
    private var samples: [Sample]
    private var latest: Sample

    /// Begins at `bytes`, which a resumed transfer has from the start.
    package init(total: UInt64?, bytes: UInt64 = 0, at now: Instant) {
        self.total = total
        self.bytes = bytes
        self.latest = Sample(time: now, bytes: bytes)
        self.samples = [self.latest]
    }

    /// Notes the bytes so far; fewer than before are taken as they are.
    package mutating func update(bytes: UInt64, at now: Instant) {
        self.bytes = bytes
        self.latest = Sample(time: now, bytes: bytes)
        if let last = self.samples.last, now.nanoseconds(since: last.time) >= Self.spacing {
            self.samples.append(self.latest)
        }
        while self.samples.count > 2, now.nanoseconds(since: self.samples[1].time) >= Self.window {
            self.samples.removeFirst()
        }
    }

    /// The part that is done, from 0 to 1; nil for a stream.
    package var fraction: Double? {
        guard let total = self.total else { return nil }
        return total == 0 ? 1 : min(Double(self.bytes) / Double(total), 1)
    }

    /// Whole percents, rounded down: 100 only when everything is done.
    package var percent: Int? {
        guard let total = self.total, let fraction = self.fraction else { return nil }
        return self.bytes >= total ? 100 : min(Int(fraction * 100), 99)
    }

    /// Bytes per second over the window; nil until there is something to tell it from.
    package var rate: Double? {
        guard let first = self.samples.first, self.latest.bytes >= first.bytes else { return nil }
        let elapsed = self.latest.time.nanoseconds(since: first.time)
        guard elapsed >= Self.spacing else { return nil }
        return Double(self.latest.bytes - first.bytes) * 1e9 / Double(elapsed)
    }

    /// The time that the rest will take at this rate, in whole seconds, rounded up; nil where it cannot be told.
    package var secondsLeft: UInt64? {
        guard let total = self.total, let rate = self.rate, rate > 0 else { return nil }
        let left = total > self.bytes ? Double(total - self.bytes) : 0
        let seconds = (left / rate).rounded(.up)
        return seconds < 360_000_000 ? UInt64(seconds) : nil
    }

    /// One line: `42.1 MiB / 1.0 GiB  4 %  87.3 MiB/s  0:11 left`; what is not known is left out.
    package var line: String {
        var parts = [ByteCount.text(self.bytes)]
        if let total = self.total, let percent = self.percent {
            parts[0] += " / \(ByteCount.text(total))"
            parts.append("\(percent) %")
        }
        if let rate = self.rate {
            parts.append("\(ByteCount.text(UInt64(min(rate, 1e18))))/s")
        }
        if let seconds = self.secondsLeft, self.percent != 100 {
            parts.append("\(ByteCount.clock(seconds)) left")
        }
        return parts.joined(separator: "  ")
    }
}

/// Sizes and times as people read them.
package enum ByteCount {
    /// A count of bytes in binary units with one decimal: `999 B`, `1.0 KiB`, `42.1 MiB`.
    package static func text(_ count: UInt64) -> String {
        guard count >= 1_024 else { return "\(count) B" }
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var tenths = Self.tenths(count, shift: 10)
        var unit = 0
        while tenths >= 10_240, unit + 1 < units.count {
            unit += 1
            tenths = Self.tenths(count, shift: UInt64(10 * (unit + 1)))
        }
        return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }

    /// A duration as `0:11`, `12:05` or `1:02:03`.
    package static func clock(_ seconds: UInt64) -> String {
        let minutes = seconds / 60 % 60
        let rest = Self.twoDigits(seconds % 60)
        return seconds < 3_600 ? "\(minutes):\(rest)" : "\(seconds / 3_600):\(Self.twoDigits(minutes)):\(rest)"
    }

    /// Tenths of a unit of `1 << shift` bytes, rounded to the nearest.
    private static func tenths(_ count: UInt64, shift: UInt64) -> UInt64 {
        let whole = count >> shift
        let rest = (count & ((1 << shift) - 1)) >> (shift > 50 ? shift - 50 : 0)
        let unit: UInt64 = 1 << min(shift, 50)
        return whole * 10 + (rest * 10 + unit / 2) / unit
    }

    private static func twoDigits(_ value: UInt64) -> String {
        value < 10 ? "0\(value)" : "\(value)"
    }
}
