// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import Testing
import Wire

@Suite struct TimerTests {
    /// When the datagrams of a client leave that nobody answers, in milliseconds; and how that ends.
    private func departures(
        roundTripTime: Duration?
    ) throws -> (times: [UInt64], events: [DTLSConnection.Event], next: Instant?) {
        try inVirtualTime(seed: 1) {
            let pair = try Pair()
            var times: [UInt64] = []
            pair.tamper = { _, _ in
                times.append(pair.now.nanoseconds / 1_000_000)
                return []
            }
            defer { pair.tamper = { _, _ in [] } }
            if let roundTripTime {
                pair.client.setRoundTripTime(roundTripTime)
            }
            pair.start()
            pair.run(for: .seconds(600)) { pair.client.state != .handshaking }
            return (times, pair.events[0], pair.clientTimeout)
        }
    }

    @Test func `a flight is repeated at twice the round-trip time, doubling up to three seconds`() throws {
        let (times, events, next) = try self.departures(roundTripTime: .milliseconds(50))
        #expect(times.prefix(7) == [0, 100, 300, 700, 1_500, 3_100, 6_100])
        #expect(times.count == 13)
        #expect(events == [.failed(.timedOut)])
        #expect(next == nil)
    }

    @Test func `the first timeout lies within bounds`() throws {
        let least = try self.departures(roundTripTime: .milliseconds(1)).times
        let most = try self.departures(roundTripTime: .seconds(60)).times
        let unknown = try self.departures(roundTripTime: nil).times
        #expect(least.prefix(3) == [0, 50, 150])
        #expect(most.prefix(3) == [0, 3_000, 6_000])
        #expect(unknown.prefix(3) == [0, 1_000, 3_000])
    }

    @Test func `early and spurious timeouts do nothing, late ones repeat the flight once`() throws {
        try inVirtualTime(seed: 1) {
            let pair = try Pair()
            pair.tamper = { _, _ in [] }
            pair.expire()
            pair.start()
            #expect(pair.trace.count == 1)
            pair.advance(to: .zero + .milliseconds(500))
            pair.expire()
            #expect(pair.trace.count == 1)
            pair.advance(to: .zero + .seconds(30))
            pair.expire()
            pair.expire()
            #expect(pair.trace.count == 2)
            let next = try #require(pair.clientTimeout)
            #expect(next > pair.now)
        }
    }

    @Test func `a wall clock that lags behind neither stalls nor spins`() throws {
        try inVirtualTime(seed: 1) {
            let pair = try Pair()
            pair.tamper = { _, _ in [] }
            pair.start()
            // libssl's clock stands still while the instants go on.
            for _ in 0..<10 {
                let deadline = try #require(pair.clientTimeout)
                pair.client.handleTimeout(at: deadline)
                let next = try #require(pair.clientTimeout)
                #expect(next > deadline)
            }
            // It stepped back while a flight was under way.
            pair.advance(to: .zero + .seconds(3_600))
            pair.expire()
            pair.advance(to: .zero)
            let deadline = try #require(pair.clientTimeout)
            pair.client.handleTimeout(at: deadline)
            #expect(pair.client.state == .failed(.timedOut))
        }
    }

    @Test func `flights that nobody polls are bounded`() throws {
        try inVirtualTime(seed: 1) {
            let pair = try Pair(mtu: 256)
            pair.tamper = { flight, _ in flight.sender == .client ? [flight] : [] }
            pair.start()
            pair.server.setRoundTripTime(.milliseconds(50))
            for flight in pair.trace {
                try pair.server.handle(flight.bytes.span, at: pair.now) { _ in }
            }
            while let next = pair.server.nextTimeout {
                pair.advance(to: next)
                pair.server.handleTimeout(at: next)
            }
            #expect(pair.server.state == .failed(.timedOut))
            var datagrams = 0
            while pair.server.pollHandshakeDatagram() != nil {
                datagrams += 1
            }
            #expect(datagrams == 64)
        }
    }
}
