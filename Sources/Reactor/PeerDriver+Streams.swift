// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Wire

/// Streams that a core may have open at a time; what it asks for beyond fails.
private let maximumStreams = 96
/// Connections that are taken from a listener in a turn.
private let acceptsPerTurn = 8
/// How often another port is tried where UDP has the same one.
private let portTries = 8

extension PeerDriver where Core: ~Copyable {
    /// Opens and closes what the core asks for, and sends what streams have room for.
    ///
    /// Returns whether anything was sent: then the core may have more.
    func serveStreams(at now: Instant) -> Bool {
        while let request = self.core.pollStreamRequest() {
            switch request {
            case .open(let id, let local, let remote, let server):
                do throws(StreamFailure) {
                    try self.open(id, from: local, to: remote, secureFor: server)
                } catch {
                    self.core.handle(.failed(error), of: id, at: now)
                }
            case .close(let id):
                self.streams.removeValue(forKey: id)?.close()
            }
        }
        var hasSent = false
        for (id, stream) in self.streams {
            while stream.isWritable {
                self.outgoing.removeAll()
                guard self.core.pollBytes(of: id, into: self.outgoing) else { break }
                let bytes = self.outgoing.bytes
                stream.write(bytes.span)
                hasSent = true
            }
        }
        return hasSent
    }

    /// Listens for the core on an address, at a port that no socket of the core has: packets are named by it.
    ///
    /// Returns what it was bound to.
    package func listen(on address: SocketAddress) throws(SystemError) -> SocketAddress {
        var listener = try TCPListener(on: address)
        for _ in 0..<portTries where self.localAddresses.contains(listener.localAddress) {
            listener = try TCPListener(on: address)
        }
        let chosen = listener
        guard !self.localAddresses.contains(chosen.localAddress) else { throw SystemError(.bind, code: EADDRINUSE) }
        try self.loop.watch(chosen.descriptor, for: .readable) { [weak self] _ in self?.accept(from: chosen) }
        self.listeners.append(chosen)
        return chosen.localAddress
    }

    /// Closes the listener on an address, if there is one; connections that came in stay.
    package func stopListening(on address: SocketAddress) {
        guard let index = self.listeners.firstIndex(where: { $0.localAddress == address }) else { return }
        self.loop.unwatch(self.listeners[index].descriptor)
        self.listeners.remove(at: index)
    }

    /// Where it listens.
    package var listeningAddresses: [SocketAddress] { self.listeners.map(\.localAddress) }

    private func accept(from listener: TCPListener) {
        for _ in 0..<acceptsPerTurn {
            guard let connection = listener.accept() else { break }
            let (remote, now) = (connection.remote, self.loop.now())
            guard self.streams.count < maximumStreams,
                let id = self.core.accept(from: remote, on: listener.localAddress, at: now)
            else { continue }
            do throws(StreamFailure) {
                self.streams[id] = try TCPStream(
                    connection,
                    on: self.loop,
                    onEvent: { [weak self] event in self?.take(event, of: id) },
                    onBytes: { [weak self] bytes in self?.take(bytes, of: id) },
                    onRoom: { [weak self] in self?.awaitEndOfTurn() }
                )
            } catch {
                self.core.handle(.failed(error), of: id, at: now)
            }
        }
        self.awaitEndOfTurn()
    }

    private func open(
        _ id: ByteStreamID,
        from local: SocketAddress,
        to remote: SocketAddress,
        secureFor server: ServerName?
    ) throws(StreamFailure) {
        guard self.streams.count < maximumStreams else { throw .other("too many connections") }
        let security = try server.map { server throws(StreamFailure) in
            guard let trust = self.trust else { throw .insecure("nobody is trusted") }
            return TCPStream.Security(server, trust: trust)
        }
        self.streams[id] = try TCPStream(
            from: local,
            to: remote,
            security: security,
            on: self.loop,
            onEvent: { [weak self] event in self?.take(event, of: id) },
            onBytes: { [weak self] bytes in self?.take(bytes, of: id) },
            onRoom: { [weak self] in self?.awaitEndOfTurn() }
        )
    }

    private func take(_ event: StreamEvent, of id: ByteStreamID) {
        if case .failed = event { self.streams.removeValue(forKey: id) }
        self.core.handle(event, of: id, at: self.loop.now())
        self.awaitEndOfTurn()
    }

    private func take(_ bytes: Span<UInt8>, of id: ByteStreamID) {
        self.core.handle(bytes, of: id, at: self.loop.now())
        self.awaitEndOfTurn()
    }

    func closeStreams() {
        for stream in self.streams.values { stream.close() }
        self.streams = [:]
        for listener in self.listeners { self.loop.unwatch(listener.descriptor) }
        self.listeners = []
    }
}
