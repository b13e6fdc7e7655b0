// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer
import Testing
import Wire

@Suite struct TransferProgressTests {
    private func instant(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

    @Test(
        arguments: [
            (0, "0 B"), (999, "999 B"), (1_023, "1023 B"), (1_024, "1.0 KiB"), (1_536, "1.5 KiB"),
            (44_145_050, "42.1 MiB"),
            (1_048_575, "1.0 MiB"), (1 << 30, "1.0 GiB"), (1 << 40, "1.0 TiB"), (1 << 50, "1.0 PiB"),
            (1 << 60, "1.0 EiB"),
            (UInt64.max, "16.0 EiB"),
        ] as [(UInt64, String)]
    )
    func `sizes are told in binary units`(count: UInt64, text: String) {
        #expect(ByteCount.text(count) == text)
    }

    @Test(
        arguments: [(0, "0:00"), (11, "0:11"), (725, "12:05"), (3_723, "1:02:03"), (360_000, "100:00:00")]
            as [(UInt64, String)]
    )
    func `times are told as on a clock`(seconds: UInt64, text: String) {
        #expect(ByteCount.clock(seconds) == text)
    }

    @Test func `the line tells bytes, percent, rate and time left`() {
        var progress = TransferProgress(total: 1 << 30, at: .zero)
        #expect(progress.line == "0 B / 1.0 GiB  0 %")
        progress.update(bytes: 44_145_050, at: self.instant(500))
        #expect(progress.line == "42.1 MiB / 1.0 GiB  4 %  84.2 MiB/s  0:12 left")
        progress.update(bytes: 1 << 30, at: self.instant(12_000))
        #expect(progress.line.hasPrefix("1.0 GiB / 1.0 GiB  100 %  "))
        #expect(!progress.line.contains("left"))
    }

    @Test func `a stream has no percent and no time left`() {
        var progress = TransferProgress(total: nil, at: .zero)
        progress.update(bytes: 2_048, at: self.instant(1_000))
        #expect(progress.line == "2.0 KiB  2.0 KiB/s")
        #expect(progress.percent == nil && progress.fraction == nil && progress.secondsLeft == nil)
    }

    @Test func `the rate follows the last five seconds`() {
        var progress = TransferProgress(total: 1 << 40, at: .zero)
        for tick in 1...100 as ClosedRange<UInt64> {
            progress.update(bytes: tick * 1_000_000, at: self.instant(tick * 100))
        }
        #expect(progress.rate.map { ($0 / 1e6).rounded() } == 10)
        for tick in 1...100 as ClosedRange<UInt64> {
            progress.update(bytes: 100_000_000, at: self.instant(10_000 + tick * 100))
        }
        #expect(progress.rate == 0)
        #expect(progress.secondsLeft == nil)
    }

    @Test func `a stall after the last sample lowers the rate, and a resumed start does not raise it`() {
        var progress = TransferProgress(total: 4_000, bytes: 2_000, at: .zero)
        #expect(progress.percent == 50)
        #expect(progress.rate == nil)
        progress.update(bytes: 3_000, at: self.instant(1_000))
        #expect(progress.rate == 1_000)
        progress.update(bytes: 3_000, at: self.instant(2_000))
        #expect(progress.rate == 500)
    }

    @Test func `one hundred percent means everything`() {
        var progress = TransferProgress(total: 1_000_000_000, at: .zero)
        progress.update(bytes: 999_999_999, at: self.instant(1))
        #expect(progress.percent == 99)
        #expect(TransferProgress(total: 0, at: .zero).percent == 100)
    }

    @Test func `time that stands still or goes back does no harm`() {
        var progress = TransferProgress(total: .max, at: self.instant(1_000))
        progress.update(bytes: .max, at: self.instant(500))
        progress.update(bytes: 5, at: self.instant(1_000))
        progress.update(bytes: .max, at: .distantFuture)
        #expect(progress.percent == 100)
        #expect(!progress.line.isEmpty)
    }
}
