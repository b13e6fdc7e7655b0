// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// Finds out how long a NAT keeps a mapping that nobody uses (RFC 5780 §4.6).
///
/// A port that has spoken to a server rests for a time; then another port asks the server to answer to the resting one
/// (RESPONSE-PORT). Whether that answer gets in tells whether the mapping is still there. An answer may refresh a mapping, so
/// each time is tried on a port of its own, and instead of searching one after the other all are tried beside each other: it
/// takes as long as the longest time, or until the first port is found shut. A port that rests for no time at all tells
/// whether the server does what it is asked.
package struct LifetimeDiscovery: Sendable {
    /// What is known.
    package struct Findings: Hashable, Sendable {
        /// A mapping was alive after that time; nil: not even a fresh one was reached, the server cannot do it.
        package var atLeast: Duration?
        /// A mapping was gone after that time; nil: none was found to be.
        package var below: Duration?

        /// Nothing.
        package static let unknown = Findings()
    }

    /// A port that rests.
    private struct Rung {
        enum State {
            /// It speaks to the server.
            case opening(ClientTransaction)
            /// The server saw it at a port; nothing is to be heard before an instant.
            case resting(port: UInt16, until: Instant)
            /// The other port asks.
            case asked(ClientTransaction)
            /// It was reached.
            case open
            /// It was not.
            case shut
            /// It does not matter any more.
            case given
        }

        let wait: Duration
        let socket: SocketAddress
        var state: State

        var nextTimeout: Instant? {
            switch self.state {
            case .opening(let transaction), .asked(let transaction): transaction.nextTimeout
            case .resting(_, let until): until
            case .open, .shut, .given: nil
            }
        }
    }

    /// How long ports rest, in order; between the times that NATs are known for: 20, 30, 60, 120, 180, 300 s.
    package static let waits: [Duration] = [0, 10, 18, 25, 35, 50, 70, 100, 140, 200, 280, 320].map { .seconds($0) }

    private let server: SocketAddress
    private let asking: SocketAddress
    private var rungs: [Rung]
    private var random: RandomSource

    /// RFC 8489 §6.2.1's 500 ms, five times within 7.5 s, and 1 s for the last answer.
    private static let schedule = RetransmissionSchedule.unreliable(transmissions: 5, lastWaitFactor: 2)

    /// The time that it may take in all.
    package static var limit: Duration { (Self.waits.last ?? .zero) + .seconds(18) }

    /// Begins with a socket that asks and, in the order of `waits`, those that rest; all of one local address.
    package init(
        server: SocketAddress,
        asking: SocketAddress,
        resting: [SocketAddress],
        random: RandomSource,
        at now: Instant
    ) {
        self.server = server
        self.asking = asking
        self.rungs = []
        self.random = random
        for (wait, socket) in zip(Self.waits, resting) {
            let transaction = self.transaction(at: now)
            self.rungs.append(Rung(wait: wait, socket: socket, state: .opening(transaction)))
        }
    }

    /// Whether everything is known that will be.
    package var isFinished: Bool { self.nextTimeout == nil }

    /// When `handleTimeout(at:)` has something to do; nil: never.
    package var nextTimeout: Instant? {
        self.rungs.reduce(nil) { earliest($0, $1.nextTimeout) }
    }

    /// Ends it with what is known.
    package mutating func stop() {
        for index in self.rungs.indices { self.give(index) }
    }

    /// What is known by now.
    package var findings: Findings {
        var findings = Findings.unknown
        for rung in self.rungs {
            switch rung.state {
            case .open: findings.atLeast = rung.wait
            case .shut: findings.below = findings.below ?? rung.wait
            case .opening, .resting, .asked, .given: break
            }
        }
        guard let atLeast = findings.atLeast else { return .unknown }
        // Lost answers alone make a shorter time look worse than a longer one.
        if let below = findings.below, below <= atLeast { findings.below = nil }
        return findings
    }

    /// Takes a datagram that came to one of the sockets.
    package mutating func handle(
        _ datagram: Span<UInt8>,
        from source: SocketAddress,
        on local: SocketAddress,
        at now: Instant
    ) {
        guard source == self.server, let message = try? STUNMessage(parsing: datagram),
            message.method == .binding, let index = self.rungs.firstIndex(where: { $0.socket == local })
        else { return }
        switch self.rungs[index].state {
        case .opening(let transaction) where transaction.id == message.transactionID:
            guard message.messageClass == .success, let mapped = message.mappedAddress else { return }
            let until = now + self.rungs[index].wait
            self.rungs[index].state = .resting(port: mapped.port, until: until)
            self.handleTimeout(at: now)
        case .asked(let transaction) where transaction.id == message.transactionID:
            self.rungs[index].state = .open
        default:
            break
        }
    }

    /// Lets time pass.
    package mutating func handleTimeout(at now: Instant) {
        for index in self.rungs.indices {
            switch self.rungs[index].state {
            case .opening(var transaction):
                transaction.handleTimeout(at: now)
                self.rungs[index].state = transaction.isExpired ? .given : .opening(transaction)
            case .resting(let port, let until) where until <= now:
                self.rungs[index].state = .asked(self.transaction(answeringTo: port, at: now))
            case .asked(var transaction):
                transaction.handleTimeout(at: now)
                self.rungs[index].state = transaction.isExpired ? .shut : .asked(transaction)
                // What is gone after a time is gone after a longer one.
                guard transaction.isExpired else { break }
                for longer in self.rungs.indices where longer > index { self.give(longer) }
            case .resting, .open, .shut, .given:
                break
            }
        }
    }

    /// Writes the next datagram into an empty buffer and says where it goes; nil when there is nothing to send now.
    package mutating func pollTransmit(into buffer: DatagramBuffer, at now: Instant) -> Transmit? {
        for index in self.rungs.indices {
            let rung = self.rungs[index]
            switch rung.state {
            case .opening(var transaction):
                guard let request = transaction.pollTransmit() else { continue }
                self.rungs[index].state = .opening(transaction)
                return self.transmit(request, from: rung.socket, into: buffer)
            case .asked(var transaction):
                guard let request = transaction.pollTransmit() else { continue }
                self.rungs[index].state = .asked(transaction)
                return self.transmit(request, from: self.asking, into: buffer)
            case .resting, .open, .shut, .given:
                continue
            }
        }
        return nil
    }

    private func transmit(_ request: [UInt8], from source: SocketAddress, into buffer: DatagramBuffer) -> Transmit {
        buffer.bytes.append(contentsOf: request)
        return Transmit(from: source, to: self.server, segmentSize: request.count)
    }

    private mutating func transaction(answeringTo port: UInt16? = nil, at now: Instant) -> ClientTransaction {
        let id = TransactionID(random: &self.random)
        let request = STUNMessage(.binding, .request, id, attributes: port.map { [.responsePort($0)] } ?? [])
        return ClientTransaction(id, request: request.encoded(), schedule: Self.schedule, at: now)
    }

    /// Has a port rest no longer; nothing is known of it.
    private mutating func give(_ index: Int) {
        switch self.rungs[index].state {
        case .opening, .resting, .asked: self.rungs[index].state = .given
        case .open, .shut, .given: break
        }
    }
}
