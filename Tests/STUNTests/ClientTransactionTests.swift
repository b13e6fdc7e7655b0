// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

@Suite struct ClientTransactionTests {
    private let id = TransactionID(high: 1, low: 2)
    private let request: [UInt8] = [1, 2, 3]

    /// Milliseconds at which the request is sent when every timeout comes in time, and when it is given up.
    private func timeline(_ schedule: RetransmissionSchedule) -> (sent: [UInt64], expired: UInt64) {
        var now = Instant(nanoseconds: 7_000_000_000)
        let start = now
        var transaction = ClientTransaction(self.id, request: self.request, schedule: schedule, at: now)
        var sent: [UInt64] = []
        while true {
            while transaction.pollTransmit() != nil {
                sent.append(now.nanoseconds(since: start) / 1_000_000)
            }
            guard let next = transaction.nextTimeout else { break }
            now = next
            transaction.handleTimeout(at: now)
        }
        #expect(transaction.isExpired)
        return (sent, now.nanoseconds(since: start) / 1_000_000)
    }

    @Test func `requests are sent at the times of RFC 8489 section 6-2-1`() {
        let (sent, expired) = self.timeline(.unreliable())
        #expect(sent == [0, 500, 1_500, 3_500, 7_500, 15_500, 31_500])
        #expect(expired == 39_500)
    }

    @Test func `over a reliable transport a request is sent once`() {
        let (sent, expired) = self.timeline(.reliable)
        #expect(sent == [0])
        #expect(expired == 39_500)
    }

    @Test func `a schedule can be shorter`() {
        let (sent, expired) = self.timeline(
            .unreliable(initialTimeout: .milliseconds(100), transmissions: 3, lastWaitFactor: 8)
        )
        #expect(sent == [0, 100, 300])
        #expect(expired == 1_100)
    }

    @Test func `absurd schedules neither trap nor run for ever`() {
        let forever = RetransmissionSchedule.unreliable(
            initialTimeout: .seconds(Int64.max),
            transmissions: .max,
            lastWaitFactor: .max
        )
        let transaction = ClientTransaction(self.id, request: self.request, schedule: forever, at: .zero)
        #expect(transaction.nextTimeout == .distantFuture)
        let (sent, expired) = self.timeline(
            .unreliable(initialTimeout: .zero, transmissions: -1, lastWaitFactor: -1)
        )
        #expect(sent == [0])
        #expect(expired == 0)
        let many = self.timeline(.unreliable(initialTimeout: .nanoseconds(1), transmissions: 80, lastWaitFactor: 1))
        #expect(many.sent.count <= 80)
    }

    @Test func `early timeouts change nothing, a late one sends once`() throws {
        var transaction = ClientTransaction(self.id, request: self.request, at: .zero)
        #expect(transaction.pollTransmit() == self.request)
        #expect(transaction.pollTransmit() == nil)
        let first = try #require(transaction.nextTimeout)
        transaction.handleTimeout(at: Instant(nanoseconds: first.nanoseconds - 1))
        #expect(transaction.pollTransmit() == nil)
        #expect(transaction.nextTimeout == first)
        let late = Instant.zero + .seconds(4)
        transaction.handleTimeout(at: late)
        #expect(transaction.pollTransmit() == self.request)
        #expect(transaction.pollTransmit() == nil)
        #expect(transaction.nextTimeout == Instant.zero + .milliseconds(7_500))
        transaction.handleTimeout(at: .zero + .seconds(60))
        #expect(transaction.isExpired)
        #expect(transaction.pollTransmit() == nil)
        transaction.handleTimeout(at: .zero + .seconds(90))
        #expect(transaction.isExpired)
    }

    @Test func `a round trip is measured only when it is unambiguous`() {
        var transaction = ClientTransaction(self.id, request: self.request, at: .zero)
        #expect(transaction.roundTrip(at: .zero + .milliseconds(40)) == .milliseconds(40))
        transaction.handleTimeout(at: .zero + .milliseconds(500))
        #expect(transaction.roundTrip(at: .zero + .milliseconds(540)) == nil)
        #expect(transaction.id == self.id)
    }
}
