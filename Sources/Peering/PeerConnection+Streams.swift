// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ICE
package import Wire

extension PeerConnection {
    /// The next stream that is wanted or not any longer; nil when there is none.
    package mutating func pollStreamRequest() -> StreamRequest? { self.streams.pollRequest() }

    /// Takes note of what became of a stream.
    package mutating func handle(_ event: StreamEvent, of stream: ByteStreamID, at now: Instant) {
        let isRelays = self.relays.handle(event, of: stream, at: now)
        let lost = isRelays ? nil : self.tcp.handle(event, of: stream, at: now)
        guard !self.isClosed else { return }
        if let lost { self.agent.noteUnreachable(lost.remote, on: lost.local, at: now) }
        self.pump(at: now)
    }

    /// Takes bytes that arrived on a stream.
    package mutating func handle(_ bytes: Span<UInt8>, of stream: ByteStreamID, at now: Instant) {
        let isRelayed = self.relays.handle(bytes, of: stream, at: now) { payload, peer, relayed in
            guard !self.isClosed else { return }
            self.receive(payload, on: Path(local: relayed, remote: peer), at: now)
        }
        if !isRelayed, !self.isClosed { self.takePackets(bytes, of: stream, at: now) }
        if !self.isClosed { self.pump(at: now) }
    }

    /// Fills an empty buffer with what is to be sent on a stream next; false when there is nothing.
    package mutating func pollBytes(of stream: ByteStreamID, into buffer: DatagramBuffer) -> Bool {
        self.relays.pollBytes(of: stream, into: buffer) || self.tcp.pollBytes(of: stream, into: buffer)
    }

    /// Takes a connection that came in and names it; nil refuses it.
    package mutating func accept(from remote: SocketAddress, on local: SocketAddress, at now: Instant) -> ByteStreamID?
    {
        self.isClosed ? nil : self.tcp.accept(from: remote, on: local, at: now)
    }

    private mutating func takePackets(_ bytes: Span<UInt8>, of stream: ByteStreamID, at now: Instant) {
        self.tcp.handle(bytes, of: stream) { packet, path in self.receive(packet, on: path, at: now) }
        if let path = self.tcp.strangersPath(of: stream), self.agent.isKnownSource(path.remote, on: path.local) {
            self.tcp.welcome(stream)
        }
    }

    /// Whether the association had better keep what it has for a path: the stream under it does not take it as fast.
    func isCongested(_ path: Path) -> Bool {
        self.tcp.hasBase(path.local) ? self.tcp.isCongested(path) : self.relays.isCongested(path.local)
    }
}
