// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
package import TLS
package import Wire

/// A non-blocking TCP connection on an `EventLoop`, with TLS over it where that is wanted.
///
/// It belongs to the thread of its loop, which keeps it alive until it has failed or `close()`. What it cannot send at once
/// waits, and nothing more should be written before `isWritable`: so nothing but one write ever waits here.
package final class TCPStream {
    /// The server whose certificate is demanded, and whom this host trusts to issue it.
    package struct Security {
        let server: ServerName
        let trust: TLSClientContext

        /// Creates a demand.
        package init(_ server: ServerName, trust: TLSClientContext) {
            self.server = server
            self.trust = trust
        }
    }

    private enum Phase {
        case connecting
        case securing
        case open
        case ended
    }

    /// How long connecting may take, with all that TLS needs.
    package static let connectingLimit = Duration.seconds(10)
    private static let bufferSize = 64 << 10
    /// How many times a ready stream is read in a turn, so that others have theirs.
    private static let readsPerTurn = 8

    private let loop: EventLoop
    private let descriptor: Int32
    private let security: Security?
    private let onEvent: (StreamEvent) -> Void
    private let onBytes: (Span<UInt8>) -> Void
    private let onRoom: () -> Void
    private var phase: Phase
    private var session: TLSClientSession?
    private var timer: LoopTimer?
    /// What waits for room in the kernel, and how much of it was sent.
    private var backlog: [UInt8] = []
    private var sent = 0
    private var incoming = [UInt8](repeating: 0, count: TCPStream.bufferSize)

    /// Begins to connect; what becomes of it is told.
    ///
    /// - Throws: when it is clear at once that this leads nowhere.
    package init(
        from local: SocketAddress,
        to remote: SocketAddress,
        security: Security?,
        on loop: EventLoop,
        onEvent: @escaping (StreamEvent) -> Void,
        onBytes: @escaping (Span<UInt8>) -> Void,
        onRoom: @escaping () -> Void
    ) throws(StreamFailure) {
        var (source, destination) = (local.linux, remote.linux)
        let descriptor = clinux_tcp_connect(&source, &destination)
        guard descriptor >= 0 else { throw StreamFailure(code: -descriptor) }
        self.loop = loop
        self.descriptor = descriptor
        self.security = security
        self.onEvent = onEvent
        self.onBytes = onBytes
        self.onRoom = onRoom
        self.phase = .connecting
        try self.watch(for: .writable)
        let timer = loop.makeTimer { [weak self] _ in self?.fail(.timedOut) }
        timer.arm(at: loop.now() + Self.connectingLimit)
        self.timer = timer
    }

    /// Takes over a connection that came in; it is open.
    package init(
        _ connection: TCPListener.Connection,
        on loop: EventLoop,
        onEvent: @escaping (StreamEvent) -> Void,
        onBytes: @escaping (Span<UInt8>) -> Void,
        onRoom: @escaping () -> Void
    ) throws(StreamFailure) {
        guard let descriptor = connection.takeDescriptor() else { throw .ended }
        self.loop = loop
        self.descriptor = descriptor
        self.security = nil
        self.onEvent = onEvent
        self.onBytes = onBytes
        self.onRoom = onRoom
        self.phase = .open
        try self.watch(for: .readable)
    }

    deinit {
        Glibc.close(self.descriptor)
    }

    private func watch(for interest: Readiness) throws(StreamFailure) {
        do {
            try self.loop.watch(self.descriptor, for: interest) { readiness in self.handle(readiness) }
        } catch {
            throw StreamFailure(code: error.code)
        }
    }
}

// MARK: - What the owner asks

extension TCPStream {
    /// Whether it is open, and nothing waits.
    package var isWritable: Bool { self.phase == .open && self.backlog.isEmpty }

    /// Sends bytes, once it is open; those that there is no room for wait.
    package func write(_ bytes: Span<UInt8>) {
        guard self.phase == .open else { return }
        if self.session == nil {
            self.backlog.append(copying: bytes)
        } else {
            do throws(TLSError) {
                try self.session?.send(bytes)
            } catch {
                return self.fail(StreamFailure(error))
            }
        }
        self.flush()
    }

    /// Ends the connection after what was written; nothing is told any more.
    package func close() {
        guard self.phase != .ended else { return }
        self.session?.close()
        self.session?.takeOutgoing(into: &self.backlog)
        self.end()
    }
}

// MARK: - What happens

extension TCPStream {
    private func handle(_ readiness: Readiness) {
        if self.phase == .connecting { return self.conclude() }
        if readiness.contains(.writable) {
            self.flush()
            if self.isWritable { self.onRoom() }
        }
        if !readiness.isDisjoint(with: [.readable, .failed]) { self.drain() }
    }

    /// Connecting is decided.
    private func conclude() {
        let code = clinux_tcp_take_error(self.descriptor)
        guard code == 0 else { return self.fail(StreamFailure(code: code)) }
        guard let security = self.security else { return self.open() }
        self.phase = .securing
        do throws(TLSError) {
            self.session = try TLSClientSession(security.trust, with: security.server)
        } catch {
            return self.fail(StreamFailure(error))
        }
        self.flush()
    }

    private func open() {
        self.phase = .open
        self.timer?.cancel()
        self.flush()
        self.onEvent(.opened)
    }

    private func drain() {
        for _ in 0..<Self.readsPerTurn where self.phase != .ended {
            let count = self.incoming.withUnsafeMutableBytes { buffer in
                clinux_tcp_receive(self.descriptor, buffer.baseAddress, buffer.count)
            }
            guard count > 0 else {
                if count != -Int(EAGAIN) { self.fail(count == 0 ? .ended : StreamFailure(code: Int32(-count))) }
                return
            }
            self.take(count)
        }
    }

    private func take(_ count: Int) {
        let bytes = self.incoming
        guard var session = self.session.take() else { return self.onBytes(bytes.span.extracting(0..<count)) }
        var failure: StreamFailure?
        do throws(TLSError) {
            try session.receive(bytes.span.extracting(0..<count), deliver: self.onBytes)
        } catch {
            failure = StreamFailure(error)
        }
        let state = session.state
        self.session = consume session
        if let failure { return self.fail(failure) }
        switch state {
        case .handshaking: self.flush()
        case .established: self.phase == .securing ? self.open() : self.flush()
        case .ended: self.fail(.ended)
        }
    }

    /// Sends what waits, as far as there is room.
    private func flush() {
        self.session?.takeOutgoing(into: &self.backlog)
        while self.sent < self.backlog.count {
            let count = self.backlog.withUnsafeBytes { bytes in
                clinux_tcp_send(self.descriptor, bytes.baseAddress?.advanced(by: self.sent), bytes.count - self.sent)
            }
            guard count >= 0 else {
                if count != -Int(EAGAIN) { return self.fail(StreamFailure(code: Int32(-count))) }
                return self.setInterest([.readable, .writable])
            }
            self.sent += count
        }
        self.backlog.removeAll(keepingCapacity: true)
        self.sent = 0
        self.setInterest(.readable)
    }

    private func setInterest(_ interest: Readiness) {
        // The descriptor is open and watched, so that this cannot fail.
        try? self.loop.setInterest(interest, of: self.descriptor)
    }

    private func fail(_ failure: StreamFailure) {
        guard self.phase != .ended else { return }
        // An alert tells the server why.
        self.session?.takeOutgoing(into: &self.backlog)
        self.end()
        self.onEvent(.failed(failure))
    }

    /// Hands to the kernel what it takes; that it still sends.
    private func end() {
        self.phase = .ended
        self.timer?.cancel()
        self.loop.unwatch(self.descriptor)
        if self.sent < self.backlog.count {
            self.backlog.withUnsafeBytes { bytes in
                _ = clinux_tcp_send(
                    self.descriptor,
                    bytes.baseAddress?.advanced(by: self.sent),
                    bytes.count - self.sent
                )
            }
        }
        clinux_tcp_finish(self.descriptor)
    }
}

extension StreamFailure {
    /// What an `errno` means.
    init(code: Int32) {
        switch code {
        case ECONNREFUSED: self = .refused
        case EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN, ENONET: self = .unreachable
        case EPERM, EACCES: self = .prohibited
        case ETIMEDOUT: self = .timedOut
        case ECONNRESET, EPIPE, ECONNABORTED: self = .reset
        case EADDRNOTAVAIL, EAFNOSUPPORT, ENODEV, EINVAL: self = .badSource
        default: self = .other(errorText(code))
        }
    }

    /// What an error of TLS means for a stream.
    init(_ error: TLSError) {
        switch error {
        case .certificate(let problem): self = .certificate(problem.description)
        case .alert, .notTLS, .protocolViolation, .library: self = .insecure(error.description)
        }
    }
}
