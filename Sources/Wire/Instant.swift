// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// A point on a monotonic clock, in nanoseconds since an epoch of the caller's choosing.
///
/// Cores never read a clock: every input carries the instant at which it happened, so that tests run in virtual time.
/// `Duration` is used at the edges only, because its 128-bit arithmetic is slow.
public struct Instant: Hashable, Comparable, Sendable, BitwiseCopyable {
    /// Nanoseconds since the epoch.
    public var nanoseconds: UInt64

    /// The epoch itself.
    public static let zero = Instant(nanoseconds: 0)

    /// An instant that never comes.
    public static let distantFuture = Instant(nanoseconds: .max)

    /// Creates an instant from nanoseconds since the epoch.
    @inlinable
    public init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    /// Whether `left` comes before `right`.
    @inlinable
    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The instant `nanoseconds` later; saturates instead of wrapping.
    @inlinable
    public func advanced(byNanoseconds nanoseconds: UInt64) -> Instant {
        let (sum, overflow) = self.nanoseconds.addingReportingOverflow(nanoseconds)
        return overflow ? .distantFuture : Instant(nanoseconds: sum)
    }

    /// Nanoseconds from `earlier` to this instant; zero when `earlier` is later.
    @inlinable
    public func nanoseconds(since earlier: Instant) -> UInt64 {
        self.nanoseconds > earlier.nanoseconds ? self.nanoseconds &- earlier.nanoseconds : 0
    }

    /// The instant a duration later; a negative duration counts as zero, an enormous one saturates.
    public static func + (instant: Instant, duration: Duration) -> Instant {
        instant.advanced(byNanoseconds: duration.wholeNanoseconds)
    }

    /// The time from `earlier` to `later`; zero when `earlier` is the later one.
    public static func - (later: Instant, earlier: Instant) -> Duration {
        .nanoseconds(Int64(clamping: later.nanoseconds(since: earlier)))
    }
}

extension Duration {
    /// The duration in nanoseconds, clamped to what 64 unsigned bits hold.
    public var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = self.components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return .max }
        let (sum, carried) = product.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000))
        return carried ? .max : sum
    }
}

/// The earlier of two deadlines, where nil means "never".
@inlinable
public func earliest(_ first: Instant?, _ second: Instant?) -> Instant? {
    guard let first else { return second }
    guard let second else { return first }
    return min(first, second)
}
