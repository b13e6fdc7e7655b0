// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Reactor
import Testing
import Wire

@Suite(.timeLimit(.minutes(2)))
struct UDPSocketTests {
    static let loopback4 = SocketAddress(.v4(0x7F00_0001), port: 0)

    @Test(arguments: loopbacks, [true, false])
    func `a superbuffer arrives as the datagrams it was made of`(_ local: SocketAddress, offload: Bool) async throws {
        try await onLoop { isolation in
            var options = UDPSocket.Options()
            options.segments = offload
            options.coalesces = offload
            let sender = try UDPSocket(bindingTo: local, options: options)
            let receiver = try UDPSocket(bindingTo: local, options: options)
            #expect(sender.isSegmenting == offload)
            #expect(receiver.isCoalescing == offload)
            let bytes = pattern(count: 1_200 * 40 + 77)
            #expect(sender.send(bytes.span, segmentSize: 1_200, to: receiver.localAddress) == .sent)
            let received = try await isolation.receive(on: receiver, datagrams: 41)
            #expect(received.allSatisfy { $0.source == sender.localAddress })
            #expect(received.map(\.bytes.count) == [Int](repeating: 1_200, count: 40) + [77])
            #expect(received.flatMap(\.bytes) == bytes)
            #expect(sender.counters.sendCalls == (offload ? 1 : 41))
            #expect(sender.counters.datagramsSent == 41)
            #expect(receiver.counters.datagramsReceived == 41)
            #expect(offload ? receiver.counters.receiveCalls < 41 : receiver.counters.receiveCalls == 41)
        }
    }

    @Test
    func `a receiver that does not coalesce gets a superbuffer too`() async throws {
        try await onLoop { isolation in
            var options = UDPSocket.Options()
            options.coalesces = false
            let sender = try UDPSocket(bindingTo: Self.loopback4)
            let receiver = try UDPSocket(bindingTo: Self.loopback4, options: options)
            let bytes = pattern(count: 5_000)
            #expect(sender.send(bytes.span, segmentSize: 1_000, to: receiver.localAddress) == .sent)
            let received = try await isolation.receive(on: receiver, datagrams: 5)
            #expect(received.flatMap(\.bytes) == bytes)
        }
    }

    @Test
    func `more segments than a call takes go in several calls`() async throws {
        try await onLoop { isolation in
            let sender = try UDPSocket(bindingTo: Self.loopback4)
            let receiver = try UDPSocket(bindingTo: Self.loopback4)
            let bytes = pattern(count: 100 * 150 + 1)
            #expect(sender.send(bytes.span, segmentSize: 100, to: receiver.localAddress) == .sent)
            let received = try await isolation.receive(on: receiver, datagrams: 151)
            #expect(received.flatMap(\.bytes) == bytes)
            #expect(sender.counters.sendCalls == 3)
        }
    }

    @Test
    func `where the kernel refuses to segment, datagrams go one by one from then on`() async throws {
        try await onLoop { isolation in
            let sender = try UDPSocket(bindingTo: Self.loopback4)
            let receiver = try UDPSocket(bindingTo: Self.loopback4)
            // Without checksums the kernel cannot segment: the send fails with EINVAL.
            var one: Int32 = 1
            try #require(setsockopt(sender.descriptor, SOL_SOCKET, SO_NO_CHECK, &one, 4) == 0)
            let bytes = pattern(count: 7_500)
            #expect(sender.send(bytes.span, segmentSize: 1_000, to: receiver.localAddress) == .sent)
            #expect(!sender.isSegmenting)
            let received = try await isolation.receive(on: receiver, datagrams: 8)
            #expect(received.map(\.bytes.count) == [Int](repeating: 1_000, count: 7) + [500])
            #expect(received.flatMap(\.bytes) == bytes)
            #expect(sender.counters.sendCalls == 9)
        }
    }

    @Test(arguments: loopbacks)
    func `a datagram beyond the path is a failure for its destination`(_ local: SocketAddress) async throws {
        try await onLoop { isolation in
            let sender = try UDPSocket(bindingTo: local)
            let receiver = try UDPSocket(bindingTo: local)
            let bytes = pattern(count: 65_600)
            #expect(sender.send(bytes.span, segmentSize: 65_600, to: receiver.localAddress) == .failed(.tooLarge))
            #expect(sender.isSegmenting)
            #expect(sender.send([1, 2, 3].span, segmentSize: 3, to: receiver.localAddress) == .sent)
            let received = try await isolation.receive(on: receiver, datagrams: 1)
            #expect(received.map(\.bytes) == [[1, 2, 3]])
        }
    }

    @Test
    func `a destination of the other family is a failure, and no more`() async throws {
        try await onLoop { isolation in
            let sender = try UDPSocket(bindingTo: Self.loopback4)
            let receiver = try UDPSocket(bindingTo: Self.loopback4)
            let elsewhere = SocketAddress(.v6(high: 0x2001_0DB8 << 32, low: 1), port: 9)
            let outcome = sender.send([1].span, segmentSize: 1, to: elsewhere)
            guard case .failed = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(sender.send([2].span, segmentSize: 1, to: receiver.localAddress) == .sent)
            #expect(try await isolation.receive(on: receiver, datagrams: 1).map(\.bytes) == [[2]])
        }
    }

    @Test(arguments: loopbacks)
    func `a refused datagram is told once, for its destination`(_ local: SocketAddress) async throws {
        try await onLoop { isolation in
            let sender = try UDPSocket(bindingTo: local)
            let receiver = try UDPSocket(bindingTo: local)
            let nobody = unusedAddress(like: local)
            #expect(sender.send([1].span, segmentSize: 1, to: nobody) == .sent)
            let readiness = try await isolation.untilReady(sender.descriptor, for: .readable)
            #expect(readiness.contains(.failed))
            var failures: [DatagramFailure] = []
            sender.takeErrors { failures.append($0) }
            #expect(failures == [DatagramFailure(to: nobody, .refused)])
            #expect(sender.receive(into: ReceiveBuffer()) { _, _ in } == .empty)
            sender.takeErrors { failures.append($0) }
            #expect(failures.count == 1)
            #expect(sender.send([2].span, segmentSize: 1, to: receiver.localAddress) == .sent)
        }
    }

    @Test
    func `an error left by one destination does not fail the next`() async throws {
        try await onLoop { isolation in
            let sender = try UDPSocket(bindingTo: Self.loopback4)
            let receiver = try UDPSocket(bindingTo: Self.loopback4)
            let nobody = unusedAddress(like: Self.loopback4)
            let bytes = pattern(count: 3_000)
            for _ in 0..<20 {
                #expect(sender.send([1].span, segmentSize: 1, to: nobody) == .sent)
                #expect(sender.send(bytes.span, segmentSize: 1_000, to: receiver.localAddress) == .sent)
            }
            #expect(sender.isSegmenting)
            let received = try await isolation.receive(on: receiver, datagrams: 60)
            #expect(received.count == 60)
        }
    }

    @Test
    func `between link-local addresses, remote ones carry no scope`() async throws {
        let addresses = try InterfaceAddress.all().filter {
            $0.ip.isIPv6 && $0.ip.isLinkLocal && $0.isUp && !$0.isTentative
        }
        try await onLoop { isolation in
            for address in addresses {
                let sender = try UDPSocket(bindingTo: SocketAddress(address.ip, port: 0))
                let receiver = try UDPSocket(bindingTo: SocketAddress(address.ip, port: 0))
                let destination = SocketAddress(address.ip.withoutScope, port: receiver.localAddress.port)
                #expect(sender.send([4].span, segmentSize: 1, to: destination) == .sent)
                let received = try await isolation.receive(on: receiver, datagrams: 1)
                #expect(received.map(\.source.ip) == [address.ip.withoutScope])
            }
        }
    }

    @Test
    func `an address that is not ours cannot be bound`() {
        let foreign = SocketAddress(.v4(0xC000_0201), port: 0)
        #expect(throws: SystemError(.bind, code: EADDRNOTAVAIL)) {
            _ = try UDPSocket(bindingTo: foreign)
        }
    }

    @Test
    func `two sockets cannot share a port`() throws {
        let first = try UDPSocket(bindingTo: Self.loopback4)
        #expect(first.localAddress.port != 0)
        #expect(throws: SystemError(.bind, code: EADDRINUSE)) {
            _ = try UDPSocket(bindingTo: first.localAddress)
        }
    }

    @Test
    func `failures read as sentences`() {
        let destination = SocketAddress(.v4(0xC000_0201), port: 5_000)
        #expect(DatagramFailure(to: destination, .refused).description == "192.0.2.1:5000: nobody listens there")
        #expect(DatagramFailure(to: destination, .other(EIO)).description == "192.0.2.1:5000: Input/output error")
    }
}

/// The loopback addresses of this machine, of which some have no IPv6.
let loopbacks: [SocketAddress] = [
    SocketAddress(.v4(0x7F00_0001), port: 0),
    SocketAddress(.v6(high: 0, low: 1), port: 0),
].filter { (try? UDPSocket(bindingTo: $0)) != nil }

/// A datagram as a test keeps it.
struct ReceivedDatagram: Sendable {
    let bytes: [UInt8]
    let source: SocketAddress
}

extension LoopActor {
    /// Reads until `count` datagrams have arrived.
    func receive(on socket: UDPSocket, datagrams count: Int) async throws -> [ReceivedDatagram] {
        let buffer = ReceiveBuffer()
        var received: [ReceivedDatagram] = []
        while received.count < count {
            _ = try await self.untilReady(socket.descriptor, for: .readable)
            while socket.receive(
                into: buffer,
                { received.append(ReceivedDatagram(bytes: [UInt8](copying: $0), source: $1)) }
            ) == .received {}
        }
        return received
    }
}

/// Bytes in which a misplaced segment shows.
func pattern(count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
}

/// An address on which nobody listens: the discard port, and in IPv4 a loopback address that nothing else uses.
///
/// The port of a socket just closed would not do: tests run side by side, and another may be given it.
func unusedAddress(like local: SocketAddress) -> SocketAddress {
    SocketAddress(local.ip.isIPv4 ? .v4(0x7F42_0001) : local.ip, port: 9)
}
