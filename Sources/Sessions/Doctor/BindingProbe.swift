// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Reactor
import STUN
import Wire

/// Asks a STUN server over a stream where it sees this host.
struct BindingProbe: ~Copyable, ServerProbe {
    private(set) var outcome: Result<ServerFinding.Reached, ServerFailure>?

    private var stream: ProbeStream
    private var transaction: ClientTransaction
    private var framer = StreamFramer()
    private let start: Instant

    /// Begins to ask a server, which is reached over a stream.
    init(_ stream: ProbeStream, at now: Instant) {
        var random = RandomSource.system
        let id = TransactionID(random: &random)
        self.stream = stream
        self.transaction = ClientTransaction(
            id,
            request: STUNMessage(.binding, .request, id).encoded(),
            schedule: .reliable,
            at: now
        )
        self.start = now
    }

    var isFinished: Bool { self.outcome != nil }

    var nextTimeout: Instant? { self.isFinished ? nil : self.start + ProbeStream.limit }

    mutating func handleTimeout(at now: Instant) {
        if now >= self.start + ProbeStream.limit { self.settle(.failure(.silent)) }
    }

    mutating func pollStreamRequest() -> StreamRequest? { self.stream.pollRequest() }

    mutating func handle(_ event: StreamEvent, of stream: ByteStreamID, at now: Instant) {
        if case .failed(let failure) = event { self.settle(.failure(.disconnected(failure))) }
    }

    mutating func handle(_ bytes: Span<UInt8>, of stream: ByteStreamID, at now: Instant) {
        do throws(StreamFault) {
            try self.framer.append(bytes)
            while !self.isFinished, let frame = try self.framer.next() {
                if case .message(let message) = frame { self.take(message, at: now) }
            }
        } catch {
            self.settle(.failure(.senseless))
        }
    }

    mutating func pollBytes(of stream: ByteStreamID, into buffer: DatagramBuffer) -> Bool {
        guard let request = self.transaction.pollTransmit() else { return false }
        buffer.bytes.append(contentsOf: request)
        return true
    }

    private mutating func take(_ bytes: [UInt8], at now: Instant) {
        guard let message = try? STUNMessage(parsing: bytes.span), message.transactionID == self.transaction.id else {
            return
        }
        if message.messageClass == .success, let mapped = message.mappedAddress {
            self.settle(.success(.init(time: now - self.start, mapped: mapped)))
        } else if message.messageClass == .failure, let error = message.errorCode {
            self.settle(.failure(.refused(error)))
        }
    }

    /// The first outcome counts.
    private mutating func settle(_ outcome: Result<ServerFinding.Reached, ServerFailure>) {
        self.outcome = self.outcome ?? outcome
    }
}

extension BindingProbe {
    // Nothing goes by datagrams.

    mutating func handle(
        _ datagram: Span<UInt8>,
        from source: SocketAddress,
        on local: SocketAddress,
        at now: Instant
    ) {}

    mutating func pollTransmit(into buffer: DatagramBuffer, at now: Instant) -> Transmit? { nil }
}
