// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import SimulatedNetwork
import TURN
import Wire

/// One allocation and a server in virtual time, with the input as the way between them.
struct AllocationRig: ~Copyable {
    private static let client = SocketAddress(.v4(0xCB00_7107), port: 5000)
    private static let address = SocketAddress(.v4(0xC633_6401), port: 3478)
    /// Messages under way that are remembered; older ones are lost.
    private static let maximumFlights = 32

    private let server: RelayServer
    private var allocation: Allocation
    private var now = Instant(nanoseconds: 1_000_000_000)
    private var upward: [[UInt8]] = []
    private var downward: [[UInt8]] = []
    private let buffer = DatagramBuffer()

    init(_ input: inout FuzzInput) {
        let isStream = input.flag()
        self.server = RelayServer(
            at: Self.address,
            relaying: [.v4(0xC633_6402), .v6(high: 0x2001_0DB8_0000_0000, low: 1)],
            username: "ann",
            password: "secret"
        )
        self.server.isStream = isStream
        let configuration = Allocation.Configuration(
            server: Self.address,
            transport: isStream ? .stream : .datagram,
            username: "ann",
            password: input.flag() ? "secret" : "wrong"
        )
        self.allocation = Allocation(configuration: configuration, random: .seeded(UInt64(input.u8())), at: self.now)
        self.drain()
    }

    /// Does what the input says next.
    mutating func step(_ input: inout FuzzInput) {
        switch input.u8() & 15 {
        case 0, 1, 2: self.serve()
        case 3, 4, 5: self.deliver(nil)
        case 6: self.deliver(&input)
        case 7: self.take(input.block())
        case 8: self.allocation.permit(Self.peer(&input), at: self.now)
        case 9: self.allocation.bindChannel(to: Self.peer(&input), at: self.now)
        case 10:
            let bytes = input.block()
            self.allocation.send(bytes.span, segmentSize: 1 + Int(input.u8()), to: Self.peer(&input), at: self.now)
        case 11: self.relay(&input)
        case 12: self.server.restart()
        case 13: if input.flag() { self.allocation.close(at: self.now) } else { self.downward = [] }
        default: self.expire()
        }
        self.drain()
    }

    /// What a server or a peer could make an allocation hold is bounded.
    func requireBounds() {
        require(self.allocation.bufferedBytes <= 600 << 10, "\(self.allocation.bufferedBytes) bytes wait")
    }

    private mutating func serve() {
        guard !self.upward.isEmpty else { return }
        let outgoing = self.server.take(self.upward.removeFirst(), from: Self.client, at: self.now)
        self.downward += outgoing.filter { $0.destination == Self.client }.map(\.bytes)
    }

    private mutating func deliver(_ input: inout FuzzInput) {
        guard !self.downward.isEmpty else { return }
        input.damage(&self.downward[0])
        self.deliver(nil)
    }

    private mutating func deliver(_: Void?) {
        guard !self.downward.isEmpty else { return }
        self.take(self.downward.removeFirst())
    }

    private mutating func take(_ bytes: [UInt8]) {
        self.allocation.handle(bytes.span, at: self.now) { _, _ in }
    }

    private mutating func relay(_ input: inout FuzzInput) {
        guard let grant = self.allocation.grant, let relayed = grant.relayed.first else { return }
        let outgoing = self.server.relay(input.block(), from: Self.peer(&input), to: relayed, at: self.now)
        self.downward += outgoing.map(\.bytes)
    }

    private mutating func expire() {
        guard let timeout = self.allocation.nextTimeout else { return }
        self.now = max(self.now, timeout)
        self.allocation.handleTimeout(at: self.now)
        self.drain()
        requireProgress(self.allocation.nextTimeout, after: self.now)
    }

    private mutating func drain() {
        while self.allocation.pollTransmit(into: self.buffer) != nil {
            self.upward.append(self.buffer.bytes)
            self.buffer.removeAll()
        }
        while self.allocation.pollEvent() != nil {}
        self.upward = self.upward.suffix(Self.maximumFlights)
        self.downward = self.downward.suffix(Self.maximumFlights)
    }

    /// One of 512 peers.
    private static func peer(_ input: inout FuzzInput) -> SocketAddress {
        let number = input.u8()
        return input.flag()
            ? SocketAddress(.v6(high: 0x2001_0DB8_0000_0001, low: UInt64(number)), port: 6000 + UInt16(number & 3))
            : SocketAddress(.v4(0x0A00_0000 | UInt32(number)), port: 6000 + UInt16(number & 3))
    }
}
