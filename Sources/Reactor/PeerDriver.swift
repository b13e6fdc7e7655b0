// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import TLS
package import Wire

/// Binds a sans-IO core to sockets, a timer and the turns of an `EventLoop`.
///
/// In a turn all that arrived is ingested, then due timers run, then what actors asked for; at its end everything is
/// sent in one pass, and then the owner takes the core's events as a batch. A driver belongs to the thread of its loop,
/// and is kept alive by its sockets until `close()`.
package final class PeerDriver<Core: DatagramCore & StreamCore & ~Copyable>: TurnObserver {
    /// Takes the core's events at the end of a turn in which it had input, after what was due has been sent.
    ///
    /// Returns whether it changed the core: then there is another pass of sending, and it is called again. It must use
    /// the core that it is lent, not `withCore`.
    package var onTurn: ((inout Core, Instant) -> Bool)?

    /// The local addresses that are bound, in the order of binding.
    package var localAddresses: [SocketAddress] { self.sockets.map(\.localAddress) }

    /// Whom streams with TLS trust; without it there are none.
    package var trust: TLSClientContext?

    let loop: EventLoop
    var core: Core
    let outgoing = DatagramBuffer()
    var streams: [ByteStreamID: TCPStream] = [:]
    var listeners: [TCPListener] = []
    private var sockets: [UDPSocket] = []
    private var timer: LoopTimer?
    private let incoming = ReceiveBuffer()
    private var isAwaitingEndOfTurn = false
    private var isClosed = false

    /// Takes a core over; nothing happens before a socket is bound or `withCore` is called.
    package init(_ core: consuming Core, on loop: EventLoop) {
        loop.checkIsolated()
        self.loop = loop
        self.core = core
        self.timer = loop.makeTimer { [weak self] now in self?.timeout(at: now) }
    }

    /// Lends the core for inputs; what it has to send leaves at the end of this turn.
    package func withCore<Result: ~Copyable, Failure: Error>(
        _ body: (inout Core, Instant) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        self.loop.checkIsolated()
        self.awaitEndOfTurn()
        return try body(&self.core, self.loop.now())
    }

    /// Sends at the end of a turn, and hands the events out.
    package func turnEnded(at now: Instant) {
        self.isAwaitingEndOfTurn = false
        guard !self.isClosed else { return }
        for _ in 0..<roundsPerTurn {
            let isDone = self.transmit(at: now)
            if !isDone {
                self.awaitEndOfTurn()
            }
            guard let onTurn = self.onTurn, onTurn(&self.core, now) else {
                self.timer?.arm(at: self.core.nextTimeout)
                return
            }
        }
        self.awaitEndOfTurn()
        self.timer?.arm(at: self.core.nextTimeout)
    }

    func awaitEndOfTurn() {
        guard !self.isAwaitingEndOfTurn, !self.isClosed else { return }
        self.isAwaitingEndOfTurn = true
        self.loop.notifyAtEndOfTurn(self)
    }

    private func timeout(at now: Instant) {
        self.core.handleTimeout(at: now)
        self.awaitEndOfTurn()
    }
}

// MARK: - Sockets

extension PeerDriver where Core: ~Copyable {
    /// Binds a socket for the core to an address; port 0 lets the kernel choose.
    ///
    /// Returns what it was bound to.
    package func bind(
        _ address: SocketAddress,
        options: UDPSocket.Options = UDPSocket.Options()
    ) throws(SystemError) -> SocketAddress {
        let socket = try UDPSocket(bindingTo: address, options: options)
        try self.loop.watch(socket.descriptor, for: .readable) { readiness in
            self.handle(readiness, of: socket)
        }
        self.sockets.append(socket)
        return socket.localAddress
    }

    /// Closes the socket bound to an address, if there is one.
    package func unbind(_ address: SocketAddress) {
        guard let index = self.sockets.firstIndex(where: { $0.localAddress == address }) else { return }
        self.loop.unwatch(self.sockets[index].descriptor)
        self.sockets.remove(at: index)
    }

    /// Sends what the core still has to say and closes all sockets; the driver does nothing afterwards.
    package func close() {
        guard !self.isClosed else { return }
        _ = self.transmit(at: self.loop.now())
        self.isClosed = true
        self.onTurn = nil
        self.timer?.cancel()
        for socket in self.sockets {
            self.loop.unwatch(socket.descriptor)
        }
        self.sockets.removeAll()
        self.closeStreams()
    }

    /// What went through the socket bound to an address; nil if there is none.
    package func counters(of address: SocketAddress) -> UDPSocket.Counters? {
        self.socket(boundTo: address)?.counters
    }

    private func socket(boundTo address: SocketAddress) -> UDPSocket? {
        for socket in self.sockets where socket.localAddress == address {
            return socket
        }
        return nil
    }

    private func handle(_ readiness: Readiness, of socket: UDPSocket) {
        let local = socket.localAddress
        if readiness.contains(.failed) {
            socket.takeErrors { failure in
                self.core.handle(failure, on: local, at: self.loop.now())
            }
        }
        if readiness.contains(.readable) {
            self.drain(socket)
        }
        if readiness.contains(.writable) {
            let isEmpty = socket.flush { failure in
                self.core.handle(failure, on: local, at: self.loop.now())
            }
            if isEmpty {
                self.setInterest(.readable, of: socket)
            }
        }
        self.awaitEndOfTurn()
    }

    private func drain(_ socket: UDPSocket) {
        let local = socket.localAddress
        for _ in 0..<readsPerTurn {
            let now = self.loop.now()
            let reception = socket.receive(into: self.incoming) { datagram, source in
                self.core.handle(datagram, from: source, on: local, at: now)
            }
            guard reception != .empty else { return }
        }
    }

    private func setInterest(_ interest: Readiness, of socket: UDPSocket) {
        do {
            try self.loop.setInterest(interest, of: socket.descriptor)
        } catch {
            // The descriptor is open and watched, so that this cannot happen; what waits is retried with the next
            // input.
        }
    }
}

// MARK: - Sending

extension PeerDriver where Core: ~Copyable {
    /// Sends what the core has; false when there may be more, for the next turn.
    private func transmit(at now: Instant) -> Bool {
        let isCongested = self.sockets.contains { $0.backlogSize >= congestionMark }
        for _ in 0..<(isCongested ? transmitsWhenCongested : transmitsPerPass) {
            self.outgoing.removeAll()
            if let transmit = self.core.pollTransmit(into: self.outgoing, at: now) {
                self.send(transmit, at: now)
            } else if !self.serveStreams(at: now) {
                return true
            }
        }
        _ = self.serveStreams(at: now)
        // A congested socket becomes writable, and that is a turn of its own.
        return isCongested
    }

    private func send(_ transmit: Transmit, at now: Instant) {
        guard let socket = self.socket(boundTo: transmit.source) else {
            let failure = DatagramFailure(to: transmit.destination, .badSource)
            self.core.handle(failure, on: transmit.source, at: now)
            return
        }
        let bytes = self.outgoing.bytes
        switch socket.send(bytes.span, segmentSize: transmit.segmentSize, to: transmit.destination) {
        case .sent:
            break
        case .queued:
            self.setInterest([.readable, .writable], of: socket)
        case .failed(let reason):
            if socket.backlogSize > 0 {
                self.setInterest([.readable, .writable], of: socket)
            }
            let failure = DatagramFailure(to: transmit.destination, reason)
            self.core.handle(failure, on: transmit.source, at: now)
        }
    }
}

/// How often sending and taking events alternate in a turn.
private let roundsPerTurn = 4

/// How many times a ready socket is read in a turn; with coalesced datagrams a megabyte.
private let readsPerTurn = 16
/// How many buffers leave in one pass, so that reading is not put off for long.
private let transmitsPerPass = 32
/// How many while a socket is congested: those for other sockets must still get through.
private let transmitsWhenCongested = 4
/// A socket with a backlog of so many bytes is congested: the core keeps its data then, instead of losing it.
private let congestionMark = 256 << 10
