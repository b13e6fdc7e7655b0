// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Reactor
import TURN
import Wire

/// Asks a TURN server for an allocation, and lets it go again.
struct RelayProbe: ~Copyable, Examination {
    /// What became of it; nil while it is not known.
    private(set) var outcome: Result<ServerFinding.Reached, ServerFailure>?
    private(set) var isFinished = false

    private var allocation: Allocation
    private let local: SocketAddress
    private let start: Instant
    private var deadline: Instant
    private var failure: DatagramFailure.Reason?

    /// How long a server may take to answer.
    static let limit = Duration.seconds(5)
    /// How long it may take to let an allocation go, whose time is over in minutes anyway.
    private static let farewellLimit = Duration.seconds(1)

    /// Begins to ask a server.
    init(_ configuration: consuming Allocation.Configuration, from local: SocketAddress, at now: Instant) {
        self.local = local
        self.allocation = Allocation(configuration: configuration, random: .system, at: now)
        self.start = now
        self.deadline = now + Self.limit
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
        guard let size = self.allocation.pollTransmit(into: buffer) else { return nil }
        return Transmit(from: self.local, to: self.allocation.configuration.server, segmentSize: size)
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
