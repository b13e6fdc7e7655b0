// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Peering
import Reactor
import TURN
import Wire

/// Asks a TURN server for an allocation, over datagrams or a stream, and lets it go again.
struct RelayProbe: ~Copyable, ServerProbe {
    private(set) var outcome: Result<ServerFinding.Reached, ServerFailure>?
    private(set) var isFinished = false

    private var allocation: Allocation
    private let local: SocketAddress
    /// The stream to the server; nil where datagrams serve.
    private var stream: ProbeStream?
    private let start: Instant
    private var deadline: Instant
    private var failure: DatagramFailure.Reason?

    /// How long it may take to let an allocation go, whose time is over in minutes anyway.
    private static let farewellLimit = Duration.seconds(1)

    /// Begins to ask a server.
    init(_ server: ServerPoint, _ login: TURNServer, from local: SocketAddress, at now: Instant) {
        let configuration = Allocation.Configuration(
            server: server.address,
            transport: server.transport.isStream ? .stream : .datagram,
            username: login.username,
            password: login.password
        )
        self.local = local
        self.stream = ProbeStream(to: server, from: local)
        self.allocation = Allocation(configuration: configuration, random: .system, at: now)
        self.start = now
        self.deadline = now + ProbeStream.limit
    }

    var nextTimeout: Instant? { self.isFinished ? nil : earliest(self.deadline, self.allocation.nextTimeout) }

    mutating func handle(
        _ datagram: Span<UInt8>,
        from source: SocketAddress,
        on local: SocketAddress,
        at now: Instant
    ) {
        guard source == self.allocation.configuration.server else { return }
        self.allocation.handle(datagram, at: now) { _, _ in }
        self.takeEvents(at: now)
    }

    mutating func handle(_ failure: DatagramFailure, on local: SocketAddress, at now: Instant) {
        self.failure = failure.reason
    }

    mutating func handleTimeout(at now: Instant) {
        guard now < self.deadline else {
            self.settle(.failure(self.failure.map { .undeliverable($0) } ?? .silent))
            self.isFinished = true
            return
        }
        self.allocation.handleTimeout(at: now)
        self.takeEvents(at: now)
    }

    mutating func pollTransmit(into buffer: DatagramBuffer, at now: Instant) -> Transmit? {
        guard self.stream == nil, let size = self.allocation.pollTransmit(into: buffer) else { return nil }
        return Transmit(from: self.local, to: self.allocation.configuration.server, segmentSize: size)
    }

    mutating func pollStreamRequest() -> StreamRequest? { self.stream?.pollRequest() }

    mutating func handle(_ event: StreamEvent, of stream: ByteStreamID, at now: Instant) {
        guard case .failed(let failure) = event, self.stream?.id == stream else { return }
        self.end(.disconnected(failure))
    }

    mutating func handle(_ bytes: Span<UInt8>, of stream: ByteStreamID, at now: Instant) {
        guard self.stream?.id == stream else { return }
        self.allocation.handle(bytes, at: now) { _, _ in }
        self.takeEvents(at: now)
    }

    mutating func pollBytes(of stream: ByteStreamID, into buffer: DatagramBuffer) -> Bool {
        self.stream?.id == stream && self.allocation.pollTransmit(into: buffer) != nil
    }

    private mutating func takeEvents(at now: Instant) {
        while let event = self.allocation.pollEvent() {
            switch event {
            case .allocated(let grant):
                let time = now - self.start
                self.settle(.success(.init(time: time, mapped: grant.mapped, relayed: grant.relayed)))
                self.deadline = now + Self.farewellLimit
                self.allocation.close(at: now)
            case .redirected(let other, _):
                guard let next = self.allocation.configuration.redirected(to: other) else {
                    self.end(.useless(.uselessRedirection))
                    return
                }
                self.stream?.follow(to: other)
                self.allocation = Allocation(configuration: next, random: .system, at: now)
            case .failed(let failure):
                self.end(.useless(failure))
            case .closed:
                self.isFinished = true
            case .refusedPeer, .lost:
                break
            }
        }
    }

    private mutating func end(_ failure: ServerFailure) {
        self.settle(.failure(failure))
        self.isFinished = true
    }

    /// The first outcome counts.
    private mutating func settle(_ outcome: Result<ServerFinding.Reached, ServerFailure>) {
        self.outcome = self.outcome ?? outcome
    }
}
