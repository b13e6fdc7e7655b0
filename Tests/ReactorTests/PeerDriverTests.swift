// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Reactor
import Testing
import Wire

@Suite(.timeLimit(.minutes(2)))
struct PeerDriverTests {
    static let loopback4 = SocketAddress(.v4(0x7F00_0001), port: 0)

    @Test(arguments: loopbacks)
    func `a burst is answered as a burst`(_ local: SocketAddress) async throws {
        try await onLoop { isolation in
            let driver = PeerDriver(EchoCore(), on: isolation.loop)
            let echo = try driver.bind(local)
            let client = try UDPSocket(bindingTo: local)
            let bytes = pattern(count: 1_000 * 50)
            #expect(client.send(bytes.span, segmentSize: 1_000, to: echo) == .sent)
            let received = try await isolation.receive(on: client, datagrams: 50)
            #expect(received.flatMap(\.bytes) == bytes)
            #expect(received.allSatisfy { $0.source == echo })
            let counters = try #require(driver.counters(of: echo))
            #expect(counters.datagramsReceived == 50)
            #expect(counters.datagramsSent == 50)
            #expect(counters.sendCalls <= counters.receiveCalls)
            driver.close()
        }
    }

    @Test
    func `the core answers on the socket that was addressed`() async throws {
        try await onLoop { isolation in
            let driver = PeerDriver(EchoCore(), on: isolation.loop)
            let other = loopbacks.last ?? Self.loopback4
            let first = try driver.bind(Self.loopback4)
            let second = try driver.bind(other)
            #expect(driver.localAddresses == [first, second])
            for (local, echo) in [(Self.loopback4, first), (other, second)] {
                let client = try UDPSocket(bindingTo: local)
                #expect(client.send([1, 2].span, segmentSize: 2, to: echo) == .sent)
                let received = try await isolation.receive(on: client, datagrams: 1)
                #expect(received.first?.source == echo)
            }
            driver.unbind(first)
            #expect(driver.localAddresses == [second])
            driver.close()
            #expect(driver.localAddresses == [])
        }
    }

    @Test
    func `timeouts come when the core wants them, and never before`() async throws {
        try await onLoop { isolation in
            let driver = PeerDriver(EchoCore(), on: isolation.loop)
            let early: UInt64 = await withCheckedContinuation { continuation in
                driver.onTurn = { core, _ in
                    if let fired = core.firedAt {
                        continuation.resume(returning: core.wantedAt.nanoseconds(since: fired))
                        core.firedAt = nil
                    }
                    return false
                }
                driver.withCore { core, now in
                    core.wantedAt = now.advanced(byNanoseconds: 3_000_000)
                    core.nextTimeout = core.wantedAt
                }
            }
            #expect(early == 0)
            driver.close()
        }
    }

    @Test
    func `events that make the core speak are followed by sending, in the same turn`() async throws {
        try await onLoop { isolation in
            let driver = PeerDriver(EchoCore(), on: isolation.loop)
            let local = try driver.bind(Self.loopback4)
            let client = try UDPSocket(bindingTo: Self.loopback4)
            let remote = client.localAddress
            var left = 3
            driver.onTurn = { core, _ in
                guard left > 0 else { return false }
                core.queue.append(EchoCore.Message(bytes: [UInt8(left)], source: local, destination: remote))
                left -= 1
                return true
            }
            driver.withCore { _, _ in }
            let received = try await isolation.receive(on: client, datagrams: 3)
            #expect(received.map(\.bytes) == [[3], [2], [1]])
            driver.close()
        }
    }

    @Test
    func `unreachable destinations are told to the core, and nothing else suffers`() async throws {
        try await onLoop { isolation in
            let driver = PeerDriver(EchoCore(), on: isolation.loop)
            let echo = try driver.bind(Self.loopback4)
            let nobody = unusedAddress(like: Self.loopback4)
            let elsewhere = SocketAddress(.v6(high: 0x2001_0DB8 << 32, low: 1), port: 9)
            let unbound = unusedAddress(like: Self.loopback4)
            let client = try UDPSocket(bindingTo: Self.loopback4)
            let failures: [DatagramFailure] = await withCheckedContinuation { continuation in
                driver.onTurn = { core, _ in
                    if core.failures.count == 3 {
                        continuation.resume(returning: core.failures)
                        core.failures.append(DatagramFailure(to: nobody, .noRoom))
                    }
                    return false
                }
                driver.withCore { core, _ in
                    core.queue = [
                        EchoCore.Message(bytes: [1], source: echo, destination: elsewhere),
                        EchoCore.Message(bytes: [2], source: unbound, destination: client.localAddress),
                        EchoCore.Message(bytes: [3], source: echo, destination: nobody),
                    ]
                }
            }
            #expect(failures.map(\.destination) == [elsewhere, client.localAddress, nobody])
            #expect(failures.dropFirst().map(\.reason) == [.badSource, .refused])
            #expect(client.send([7].span, segmentSize: 1, to: echo) == .sent)
            #expect(try await isolation.receive(on: client, datagrams: 1).map(\.bytes) == [[7]])
            driver.close()
        }
    }

    @Test
    func `refused datagrams do not make the loop spin`() async throws {
        try await onLoop { isolation in
            let driver = PeerDriver(EchoCore(), on: isolation.loop)
            let local = try driver.bind(Self.loopback4)
            let nobody = unusedAddress(like: Self.loopback4)
            var turns = 0
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                var waiting: CheckedContinuation<Void, Never>? = continuation
                driver.onTurn = { core, _ in
                    turns += 1
                    if !core.failures.isEmpty {
                        waiting?.resume()
                        waiting = nil
                    }
                    return false
                }
                driver.withCore { core, _ in
                    core.queue = (1...30).map { size in
                        EchoCore.Message(bytes: pattern(count: size), source: local, destination: nobody)
                    }
                }
            }
            // A timer that comes a while later, to count turns that nothing called for.
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let timer = isolation.loop.makeTimer { _ in continuation.resume() }
                timer.arm(at: isolation.loop.now().advanced(byNanoseconds: 30_000_000))
            }
            let failures = driver.withCore { core, _ in core.failures }
            #expect(failures.allSatisfy { $0 == DatagramFailure(to: nobody, .refused) })
            #expect(turns <= 31)
            driver.close()
        }
    }

    @Test
    func `closing says what is left to say`() async throws {
        try await onLoop { isolation in
            let driver = PeerDriver(EchoCore(), on: isolation.loop)
            let local = try driver.bind(Self.loopback4)
            let client = try UDPSocket(bindingTo: Self.loopback4)
            driver.withCore { core, _ in
                core.queue = [EchoCore.Message(bytes: [5], source: local, destination: client.localAddress)]
            }
            driver.close()
            driver.close()
            #expect(try await isolation.receive(on: client, datagrams: 1).map(\.bytes) == [[5]])
            #expect(driver.localAddresses == [])
        }
    }
}

/// Sends back what it gets: the smallest core.
private struct EchoCore: DatagramCore, StreamCore, ~Copyable {
    struct Message {
        var bytes: [UInt8]
        var source: SocketAddress
        var destination: SocketAddress
    }

    var queue: [Message] = []
    var failures: [DatagramFailure] = []
    var nextTimeout: Instant?
    var wantedAt = Instant.zero
    var firedAt: Instant?

    mutating func handle(
        _ datagram: Span<UInt8>,
        from source: SocketAddress,
        on local: SocketAddress,
        at now: Instant
    ) {
        self.queue.append(Message(bytes: [UInt8](copying: datagram), source: local, destination: source))
    }

    mutating func handle(_ failure: DatagramFailure, on local: SocketAddress, at now: Instant) {
        self.failures.append(failure)
    }

    mutating func handleTimeout(at now: Instant) {
        guard let deadline = self.nextTimeout, deadline <= now else { return }
        self.nextTimeout = nil
        self.firedAt = now
    }

    mutating func pollTransmit(into buffer: DatagramBuffer, at now: Instant) -> Transmit? {
        guard let first = self.queue.first else { return nil }
        var count = 0
        for message in self.queue.prefix(50) {
            guard message.source == first.source, message.destination == first.destination,
                message.bytes.count == first.bytes.count
            else { break }
            buffer.bytes.append(contentsOf: message.bytes)
            count += 1
        }
        self.queue.removeFirst(count)
        return Transmit(from: first.source, to: first.destination, segmentSize: first.bytes.count)
    }
}
