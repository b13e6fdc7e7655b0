// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SCTP
import Testing
import Wire

@Suite struct RetransmissionTimeoutTests {
    private let timeout = RetransmissionTimeout(
        initial: 1_000_000_000,
        minimum: 200_000_000,
        maximum: 60_000_000_000,
        maximumBackoff: 3_000_000_000
    )

    @Test func `the first measurement sets all, later ones smooth`() {
        var timeout = self.timeout
        #expect(timeout.value == 1_000_000_000)
        timeout.measure(400_000_000)
        #expect(timeout.smoothed == 400_000_000)
        #expect(timeout.variation == 200_000_000)
        #expect(timeout.value == 1_200_000_000)
        timeout.measure(800_000_000)
        #expect(timeout.smoothed == 450_000_000)
        #expect(timeout.variation == 250_000_000)
        #expect(timeout.value == 1_450_000_000)
        #expect(timeout.minimumMeasured == 400_000_000)
    }

    @Test func `it stays within its bounds`() {
        var timeout = self.timeout
        for _ in 0..<50 { timeout.measure(1_000) }
        #expect(timeout.value == 200_000_000)
        for _ in 0..<50 { timeout.measure(.max) }
        #expect(timeout.value == 60_000_000_000)
        #expect(timeout.backedOff(.max) == 60_000_000_000)
    }

    @Test(arguments: [(0, 1000), (1, 2000), (2, 3000), (50, 3000), (-1, 1000)])
    func `backoff doubles up to its bound`(expirations: Int, milliseconds: UInt64) {
        #expect(self.timeout.backedOff(expirations) == milliseconds * 1_000_000)
    }
}

@Suite struct RenoTests {
    private func data(
        _ bytes: Int,
        isWindowLimited: Bool = true,
        isCumulative: Bool = true,
        isAll: Bool = false,
        isInRecovery: Bool = false
    ) -> AcknowledgedData {
        AcknowledgedData(
            bytes: bytes,
            isWindowLimited: isWindowLimited,
            isCumulative: isCumulative,
            isAll: isAll,
            isInRecovery: isInRecovery
        )
    }

    @Test func `slow start grows by what was acknowledged, up to a limit`() {
        var reno = Reno(packetSize: 1000)
        #expect(reno.window == 10_000)
        reno.begin(threshold: 100_000, packetsPerAcknowledgement: 2)
        reno.acknowledged(self.data(1500))
        #expect(reno.window == 11_500)
        reno.acknowledged(self.data(5000))
        #expect(reno.window == 13_500)
        reno.begin(threshold: 100_000, packetsPerAcknowledgement: 64)
        reno.acknowledged(self.data(5000))
        #expect(reno.window == 18_500)
    }

    @Test func `a window that was not used does not grow`() {
        var reno = Reno(packetSize: 1000)
        reno.acknowledged(self.data(2000, isWindowLimited: false))
        reno.acknowledged(self.data(2000, isCumulative: false))
        reno.acknowledged(self.data(2000, isInRecovery: true))
        #expect(reno.window == 10_000)
    }

    @Test func `congestion avoidance adds a packet for each window`() {
        var reno = Reno(packetSize: 1000)
        reno.begin(threshold: 9000, packetsPerAcknowledgement: 2)
        for _ in 0..<9 { reno.acknowledged(self.data(1000)) }
        #expect(reno.window == 10_000)
        reno.acknowledged(self.data(1000))
        #expect(reno.window == 11_000)
        for _ in 0..<10 { reno.acknowledged(self.data(1000)) }
        reno.acknowledged(self.data(0, isAll: true))
        reno.acknowledged(self.data(1000))
        #expect(reno.window == 11_000)
    }

    @Test func `loss halves, but leaves four packets; the timer leaves one`() {
        var reno = Reno(packetSize: 1000)
        reno.entersRecovery()
        #expect(reno.window == 5000)
        #expect(reno.slowStartThreshold == 5000)
        reno.entersRecovery()
        #expect(reno.window == 4000)
        reno.timedOut()
        #expect(reno.window == 1000)
        #expect(reno.slowStartThreshold == 4000)
    }

    @Test func `idleness halves down to the initial window`() {
        var reno = Reno(packetSize: 1000)
        reno.begin(threshold: 1_000_000, packetsPerAcknowledgement: 64)
        for _ in 0..<3 { reno.acknowledged(self.data(50_000)) }
        #expect(reno.window == 160_000)
        reno.idled(timeouts: 2)
        #expect(reno.window == 40_000)
        reno.idled(timeouts: .max)
        #expect(reno.window == 10_000)
        reno.timedOut()
        reno.idled(timeouts: 5)
        #expect(reno.window == 1000)
    }
}

@Suite struct SendQueueTests {
    private func message(_ count: Int, stream: UInt16 = 0, reliability: Reliability = .reliable) -> OutgoingMessage {
        OutgoingMessage(
            bytes: [UInt8](repeating: 1, count: count),
            stream: StreamID(stream),
            protocolID: PayloadProtocolID(53),
            reliability: reliability,
            at: .zero
        )
    }

    private func take(_ queue: inout SendQueue, room: Int, at now: Instant = .zero) -> Fragment? {
        guard let fragment = queue.next(room: room, fullRoom: 1000, at: now) else { return nil }
        queue.commit(fragment)
        return fragment
    }

    @Test func `long messages are split, short ones wait for room`() {
        var queue = SendQueue()
        queue.append(self.message(2500))
        queue.append(self.message(900))
        #expect(self.take(&queue, room: 1000)?.length == 1000)
        #expect(self.take(&queue, room: 100) == nil)
        #expect(self.take(&queue, room: 600)?.length == 600)
        #expect(self.take(&queue, room: 1000)?.isLast == true)
        #expect(self.take(&queue, room: 899) == nil)
        #expect(self.take(&queue, room: 900)?.length == 900)
        #expect(queue.isEmpty)
        #expect(queue.bufferedBytes == 0)
    }

    @Test func `a stream is quiescent when its messages are released`() {
        var queue = SendQueue()
        let stream = StreamID(4)
        #expect(queue.isQuiescent(stream))
        queue.append(self.message(1500, stream: 4))
        let first = self.take(&queue, room: 1000)
        #expect(!queue.isQuiescent(stream))
        queue.release(first?.message ?? 0)
        #expect(!queue.isQuiescent(stream))
        let second = self.take(&queue, room: 1000)
        queue.release(second?.message ?? 0)
        #expect(queue.isQuiescent(stream))
        #expect(queue.messages.count == 0)
    }

    @Test func `the rest of a message that is given up is taken out of the queue`() {
        var queue = SendQueue()
        queue.append(self.message(1500, stream: 1, reliability: .lifetime(.seconds(1))))
        queue.append(self.message(10, stream: 1))
        queue.append(self.message(20, stream: 2))
        let index = self.take(&queue, room: 1000)?.message ?? 0
        #expect(queue.partlySent == index)
        #expect(queue.limitedCount == 1)
        let wasWaiting = queue.discardRest(of: index)
        #expect(wasWaiting)
        #expect(queue.bufferedBytes == 30)
        #expect(queue.bufferedBytes(on: StreamID(1)) == 10)
        #expect(queue.partlySent == nil)
        #expect(self.take(&queue, room: 1000)?.length == 20)
        #expect(self.take(&queue, room: 1000)?.length == 10)
        #expect(queue.givenUp.elementsEqual([StreamID(1)]))
        queue.release(index)
        #expect(queue.limitedCount == 0)
    }
}
