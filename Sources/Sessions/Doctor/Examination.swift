// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Reactor
import STUN
import Wire

/// A core that ends by itself with something known.
protocol Examination: DatagramCore, StreamCore, ~Copyable {
    /// Whether everything is known that will be.
    var isFinished: Bool { get }
}

/// An examination of the way to one server.
protocol ServerProbe: Examination, ~Copyable {
    /// What became of it; nil while it is not known.
    var outcome: Result<ServerFinding.Reached, ServerFailure>? { get }
}

/// An examination that begins once its sockets are bound, so that it knows their addresses.
struct DelayedExamination<Core: Examination & ~Copyable>: ~Copyable, Examination {
    /// The examination; nil before it has begun.
    var core: Core?

    var isFinished: Bool {
        switch self.core {
        case .some(let core): core.isFinished
        case .none: false
        }
    }

    var nextTimeout: Instant? {
        switch self.core {
        case .some(let core): core.nextTimeout
        case .none: nil
        }
    }

    mutating func handle(
        _ datagram: Span<UInt8>,
        from source: SocketAddress,
        on local: SocketAddress,
        at now: Instant
    ) {
        self.core?.handle(datagram, from: source, on: local, at: now)
    }

    mutating func handle(_ failure: DatagramFailure, on local: SocketAddress, at now: Instant) {
        self.core?.handle(failure, on: local, at: now)
    }

    mutating func handleTimeout(at now: Instant) {
        self.core?.handleTimeout(at: now)
    }

    mutating func pollTransmit(into buffer: DatagramBuffer, at now: Instant) -> Transmit? {
        self.core?.pollTransmit(into: buffer, at: now)
    }

    mutating func pollStreamRequest() -> StreamRequest? {
        self.core?.pollStreamRequest()
    }

    mutating func handle(_ event: StreamEvent, of stream: ByteStreamID, at now: Instant) {
        self.core?.handle(event, of: stream, at: now)
    }

    mutating func handle(_ bytes: Span<UInt8>, of stream: ByteStreamID, at now: Instant) {
        self.core?.handle(bytes, of: stream, at: now)
    }

    mutating func pollBytes(of stream: ByteStreamID, into buffer: DatagramBuffer) -> Bool {
        self.core?.pollBytes(of: stream, into: buffer) ?? false
    }
}

extension DelayedExamination where Core: ServerProbe & ~Copyable {
    /// What became of the probe; nil while it is not known.
    var outcome: Result<ServerFinding.Reached, ServerFailure>? {
        switch self.core {
        case .some(let core): core.outcome
        case .none: nil
        }
    }
}

extension PeerDriver where Core: Examination & ~Copyable {
    /// Returns once the core has finished, which it may have already.
    func finish() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            var waiting: CheckedContinuation<Void, Never>? = continuation
            self.onTurn = { core, _ in
                if core.isFinished { waiting.take()?.resume() }
                return false
            }
            // So that there is a turn, also where nothing is to be waited for.
            self.withCore { _, _ in }
        }
        self.onTurn = nil
    }
}

extension LifetimeDiscovery: Examination {}

/// The discovery from one local address, with what ICMP says meanwhile.
struct UDPExamination: Examination {
    /// The discovery itself.
    private(set) var discovery: BehaviorDiscovery
    /// Why datagrams did not get to a server; a hint that counts only where no answer came.
    private(set) var failures: [SocketAddress: DatagramFailure.Reason] = [:]

    /// How many sockets it needs.
    static let sockets = 3

    /// Begins to ask servers, from so many sockets as it needs.
    init(_ servers: [SocketAddress], from sockets: [SocketAddress], at now: Instant) {
        self.discovery = BehaviorDiscovery(
            servers: servers,
            sockets: .init(mapping: sockets[0], filtering: sockets[1], neighbour: sockets[2]),
            random: .system,
            at: now
        )
    }

    var isFinished: Bool { self.discovery.isFinished }

    var nextTimeout: Instant? { self.discovery.nextTimeout }

    mutating func handle(
        _ datagram: Span<UInt8>,
        from source: SocketAddress,
        on local: SocketAddress,
        at now: Instant
    ) {
        self.discovery.handle(datagram, from: source, on: local, at: now)
    }

    mutating func handle(_ failure: DatagramFailure, on local: SocketAddress, at now: Instant) {
        // ICMP may be forged: what was never sent to cannot fail.
        guard self.discovery.servers.contains(failure.destination) else { return }
        self.failures[failure.destination] = failure.reason
    }

    mutating func handleTimeout(at now: Instant) {
        self.discovery.handleTimeout(at: now)
    }

    mutating func pollTransmit(into buffer: DatagramBuffer, at now: Instant) -> Transmit? {
        self.discovery.pollTransmit(into: buffer, at: now)
    }

    /// What became of asking a server.
    func outcome(of server: SocketAddress) -> Result<ServerFinding.Reached, ServerFailure> {
        switch self.discovery.findings.responses[server] {
        case .answered(let answer): .success(.init(time: answer.time, mapped: answer.mapped))
        case .refused(let error): .failure(.refused(error))
        case .silent, nil: .failure(self.failures[server].map { .undeliverable($0) } ?? .silent)
        }
    }
}
