// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import SimulatedNetwork
import TURN
import Wire

/// One allocation and one server in virtual time, 10 ms apart; the test is the peers.
final class RelayRig {
    /// What came out of the server's relayed addresses, or the client, and when.
    struct Arrival: Equatable {
        let at: Instant
        let peer: SocketAddress
        let bytes: [UInt8]
    }

    private struct Flight {
        let at: Instant
        let isUpward: Bool
        let bytes: [UInt8]
    }

    static let client = address("203.0.113.7:5000")
    static let delay: UInt64 = 10_000_000

    let server: RelayServer
    var allocation: Allocation
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var events: [AllocationEvent] = []
    /// What peers got.
    private(set) var atPeers: [Arrival] = []
    /// What the client got from peers.
    private(set) var atClient: [Arrival] = []
    /// How often `handleTimeout` did not make progress.
    private(set) var spins = 0
    private(set) var wakeups = 0
    /// Which messages of the client, or of the server, are lost.
    var losesUpward: ([UInt8]) -> Bool = { _ in false }
    var losesDownward: ([UInt8]) -> Bool = { _ in false }
    /// Bytes of the server's stream that arrive at a time.
    var chunk = 1 << 16
    private var flights: [Flight] = []
    private var framer = StreamFramer(acceptsChannelData: true)
    private let buffer = DatagramBuffer()

    init(
        relaying: [String] = ["198.51.100.1", "2001:db8::1"],
        transport: Allocation.Transport = .datagram,
        password: String = "secret",
        features: SecurityFeatures = [],
        nonceLifetime: Duration = .seconds(600),
        prepare: (RelayServer, inout Allocation.Configuration) -> Void = { _, _ in }
    ) {
        self.server = RelayServer(
            at: address("198.51.100.1:3478"),
            relaying: relaying.map(ip),
            username: "ann",
            password: "secret",
            features: features,
            nonceLifetime: nonceLifetime
        )
        self.server.isStream = transport == .stream
        var configuration = Allocation.Configuration(
            server: self.server.address,
            transport: transport,
            username: "ann",
            password: password
        )
        prepare(self.server, &configuration)
        self.allocation = Allocation(configuration: configuration, random: .seeded(1), at: self.now)
        self.drain()
    }

    var hasEnded: Bool { self.allocation.hasEnded }
    var grant: AllocationGrant? { self.allocation.grant }
    var bufferedBytes: Int { self.allocation.bufferedBytes }
    var isCongested: Bool { self.allocation.isCongested }
    var rejected: UInt64 { self.allocation.rejected }
    var nextTimeout: Instant? { self.allocation.nextTimeout }
    var configuration: Allocation.Configuration { self.allocation.configuration }

    /// The grants that were told.
    var grants: [AllocationGrant] {
        self.events.compactMap { if case .allocated(let grant) = $0 { grant } else { nil } }
    }

    /// Requests of a method that the server got.
    func requests(_ method: Method) -> [STUNMessage] { self.server.requests.filter { $0.method == method } }

    /// Sends from the client to a peer.
    @discardableResult
    func send(_ bytes: [UInt8], to peer: String, segmentSize: Int? = nil) -> Allocation.SendOutcome {
        let outcome = self.allocation.send(
            bytes.span,
            segmentSize: segmentSize ?? max(bytes.count, 1),
            to: address(peer),
            at: self.now
        )
        self.drain()
        return outcome
    }

    /// Sends from a peer to the first relayed address.
    func sendBack(_ bytes: [UInt8], from peer: String) {
        let peer = address(peer)
        guard let relayed = self.grants.last?.relayed(towards: peer.ip) else { return }
        for outgoing in self.server.relay(bytes, from: peer, to: relayed, at: self.now) {
            self.sendDown(outgoing.bytes)
        }
    }

    /// Hands bytes to the client at once, as if they came from the server.
    @discardableResult
    func inject(_ bytes: [UInt8]) -> Bool {
        let now = self.now
        var arrivals: [Arrival] = []
        let isTaken = self.allocation.handle(bytes.span, at: now) { peer, payload in
            arrivals.append(Arrival(at: now, peer: peer, bytes: [UInt8](copying: payload)))
        }
        self.atClient += arrivals
        self.drain()
        return isTaken
    }

    /// Changes the allocation, and sends what follows.
    func change(_ body: (inout Allocation, Instant) -> Void) {
        body(&self.allocation, self.now)
        self.drain()
    }

    /// Lets time pass until a condition holds; false when it did not in time.
    @discardableResult
    func run(limit: Duration = .seconds(60), until condition: () -> Bool) -> Bool {
        let deadline = self.now + limit
        while !condition() {
            guard let next = earliest(self.flights.first?.at, self.allocation.nextTimeout), next <= deadline else {
                self.now = deadline
                return condition()
            }
            self.step(to: next)
        }
        return true
    }

    /// Lets time pass.
    func run(for duration: Duration) { self.run(limit: duration) { false } }

    private func step(to instant: Instant) {
        self.now = max(self.now, instant)
        while let flight = self.flights.first, flight.at <= self.now {
            self.flights.removeFirst()
            if flight.isUpward { self.arriveAtServer(flight.bytes) } else { self.inject(flight.bytes) }
        }
        guard let timeout = self.allocation.nextTimeout, timeout <= self.now else { return }
        self.wakeups += 1
        self.allocation.handleTimeout(at: self.now)
        if let next = self.allocation.nextTimeout, next <= self.now { self.spins += 1 }
        self.drain()
    }

    private func arriveAtServer(_ bytes: [UInt8]) {
        guard self.server.isStream else { return self.serve(bytes) }
        do {
            try self.framer.append(bytes.span)
            while let frame = try self.framer.next() {
                switch frame {
                case .message(let message): self.serve(message)
                case .channelData(let channel, let payload): self.serve(channelData(channel, payload))
                }
            }
        } catch {
            self.spins += 1_000_000
        }
    }

    private func serve(_ bytes: [UInt8]) {
        for outgoing in self.server.take(bytes, from: Self.client, at: self.now) {
            if outgoing.source == self.server.address {
                self.sendDown(outgoing.bytes)
            } else {
                self.atPeers.append(Arrival(at: self.now, peer: outgoing.destination, bytes: outgoing.bytes))
            }
        }
    }

    private func sendDown(_ bytes: [UInt8]) {
        guard !self.losesDownward(bytes) else { return }
        var rest = bytes[...]
        while !rest.isEmpty {
            self.launch(Array(rest.prefix(self.server.isStream ? self.chunk : bytes.count)), isUpward: false)
            rest = rest.dropFirst(self.server.isStream ? self.chunk : bytes.count)
        }
    }

    private func launch(_ bytes: [UInt8], isUpward: Bool) {
        let at = self.now.advanced(byNanoseconds: Self.delay)
        self.flights.append(Flight(at: at, isUpward: isUpward, bytes: bytes))
    }

    private func drain() {
        while true {
            self.buffer.removeAll()
            guard let size = self.allocation.pollTransmit(into: self.buffer) else { break }
            var rest = self.buffer.bytes[...]
            while !rest.isEmpty {
                let segment = Array(rest.prefix(size))
                rest = rest.dropFirst(size)
                if !self.losesUpward(segment) { self.launch(segment, isUpward: true) }
            }
        }
        while let event = self.allocation.pollEvent() {
            self.events.append(event)
        }
    }
}

/// The address that a text means; tests write no others.
func address(_ text: String) -> SocketAddress {
    SocketAddress(text) ?? SocketAddress(.v4(0), port: 0)
}

/// The IP address that a text means; tests write no others.
func ip(_ text: String) -> IPAddress {
    IPAddress(text) ?? .v4(0)
}

/// The method of a message; nil for anything else.
func method(of bytes: [UInt8]) -> Method? {
    (try? STUNMessage(parsing: bytes.span))?.method
}
