// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

private enum Timer: Int, CaseIterable {
    case first
    case second
}

@Suite struct InstantTests {
    @Test func `arithmetic saturates`() {
        #expect(Instant.zero + .seconds(-1) == .zero)
        #expect(Instant.zero + .seconds(Int64.max) == .distantFuture)
        #expect(Instant(nanoseconds: 5).nanoseconds(since: Instant(nanoseconds: 9)) == 0)
        #expect(Instant.zero + .milliseconds(1.5) == Instant(nanoseconds: 1_500_000))
    }

    @Test func `timers expire in the order of their deadlines, once`() {
        var table = TimerTable<Timer>()
        table[.first] = Instant(nanoseconds: 20)
        table[.second] = Instant(nanoseconds: 10)
        #expect(table.next == Instant(nanoseconds: 10))
        #expect(table.popExpired(at: Instant(nanoseconds: 9)) == nil)
        #expect(table.popExpired(at: Instant(nanoseconds: 25)) == .second)
        #expect(table.popExpired(at: Instant(nanoseconds: 25)) == .first)
        #expect(table.popExpired(at: Instant(nanoseconds: 25)) == nil)
        #expect(table.next == nil)
    }
}
