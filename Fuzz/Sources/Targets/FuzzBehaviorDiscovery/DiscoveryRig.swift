// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import STUN
import SimulatedNetwork
import Wire

/// Both discoveries side by side in virtual time, with the input as the way to their servers.
struct DiscoveryRig {
    private static let local = IPAddress.v4(0xC0A8_0002)
    private static let servers = [
        BehaviorServer(
            primary: SocketAddress(.v4(0xC000_0201), port: 3_478),
            alternate: SocketAddress(.v4(0xC000_0202), port: 3_479)
        ),
        BehaviorServer(
            primary: SocketAddress(.v4(0xC000_0203), port: 3_478),
            alternate: SocketAddress(.v4(0xC000_0204), port: 3_479)
        ),
    ]
    /// Datagrams under way that are remembered; older ones are lost.
    private static let maximumFlights = 64
    /// More steps than this until the end mean that there is none.
    private static let maximumTimeouts = 512

    private var behavior: BehaviorDiscovery
    private var lifetime: LifetimeDiscovery
    private var now = Instant(nanoseconds: 1_000_000_000)
    private var flights: [(bytes: [UInt8], source: SocketAddress, destination: SocketAddress)] = []
    private var sent = 0
    private let buffer = DatagramBuffer()

    init(_ input: inout FuzzInput) {
        let random = RandomSource.seeded(UInt64(input.u8()))
        self.behavior = BehaviorDiscovery(
            servers: Self.servers.map(\.primary),
            sockets: .init(mapping: Self.socket(1), filtering: Self.socket(2), neighbour: Self.socket(3)),
            random: random,
            at: self.now
        )
        self.lifetime = LifetimeDiscovery(
            server: Self.servers[0].primary,
            asking: Self.socket(4),
            resting: (0..<UInt16(LifetimeDiscovery.waits.count)).map { Self.socket(5 + $0) },
            random: random,
            at: self.now
        )
        self.drain()
    }

    /// Does what the input says next.
    mutating func step(_ input: inout FuzzInput) {
        switch input.u8() & 7 {
        case 0, 1, 2: self.serve(&input, isDamaged: false)
        case 3: self.serve(&input, isDamaged: true)
        case 4: self.hairpin(&input)
        case 5:
            self.deliver(
                input.block(),
                from: Self.servers[input.choice(2)].alternate,
                to: Self.socket(input.u16() & 31)
            )
        case 6: self.flights = []
        default: self.expire()
        }
        self.drain()
    }

    /// What is sent for one input, and in all, is bounded.
    func requireBounds() {
        // 8 probes of 5 transmissions beside those of 2 servers and 3 addresses; 12 ports that rest, each asked for.
        require(self.sent <= (2 + 2 + 1 + 2 + 1 + 2) * 5 + 12 * 2 * 5, "\(self.sent) datagrams were sent")
    }

    /// Without any answer both end, and then ask for no time.
    mutating func requireEnd() {
        var count = 0
        while !self.behavior.isFinished || !self.lifetime.isFinished {
            self.expire()
            self.drain()
            count += 1
            require(count < Self.maximumTimeouts, "there is no end")
        }
        require(self.behavior.nextTimeout == nil && self.lifetime.nextTimeout == nil, "a timeout is left over")
        _ = (self.behavior.findings, self.lifetime.findings)
    }

    private static func socket(_ number: UInt16) -> SocketAddress { SocketAddress(self.local, port: 5_000 + number) }

    /// A server answers, by way of a NAT that maps as the input likes.
    private mutating func serve(_ input: inout FuzzInput, isDamaged: Bool) {
        guard !self.flights.isEmpty else { return }
        let flight = self.flights.removeFirst()
        let isTranslated = input.flag()
        let mapped = SocketAddress(.v4(0xCB00_7102), port: 40_000 + UInt16(input.u8() & 3))
        let client = isTranslated ? mapped : flight.source
        guard let server = Self.servers.first(where: { $0.listens(at: flight.destination) }),
            var answer = server.take(flight.bytes, from: client, to: flight.destination)
        else { return }
        if isDamaged { input.damage(&answer.bytes) }
        self.deliver(answer.bytes, from: answer.source, to: input.u8() < 16 ? Self.socket(2) : flight.source)
    }

    /// A datagram comes back to another socket.
    private mutating func hairpin(_ input: inout FuzzInput) {
        guard !self.flights.isEmpty else { return }
        let flight = self.flights.removeFirst()
        self.deliver(flight.bytes, from: flight.source, to: Self.socket(input.u16() & 31))
    }

    private mutating func deliver(_ bytes: [UInt8], from source: SocketAddress, to local: SocketAddress) {
        self.behavior.handle(bytes.span, from: source, on: local, at: self.now)
        self.lifetime.handle(bytes.span, from: source, on: local, at: self.now)
    }

    private mutating func expire() {
        guard let timeout = earliest(self.behavior.nextTimeout, self.lifetime.nextTimeout) else { return }
        self.now = max(self.now, timeout)
        self.behavior.handleTimeout(at: self.now)
        self.lifetime.handleTimeout(at: self.now)
        self.drain()
        requireProgress(self.behavior.nextTimeout, after: self.now)
        requireProgress(self.lifetime.nextTimeout, after: self.now)
    }

    private mutating func drain() {
        while let transmit = self.behavior.pollTransmit(into: self.buffer, at: self.now) { self.take(transmit) }
        while let transmit = self.lifetime.pollTransmit(into: self.buffer, at: self.now) { self.take(transmit) }
        self.flights = self.flights.suffix(Self.maximumFlights)
    }

    private mutating func take(_ transmit: Transmit) {
        self.sent += 1
        self.flights.append((self.buffer.bytes, transmit.source, transmit.destination))
        self.buffer.removeAll()
    }
}
