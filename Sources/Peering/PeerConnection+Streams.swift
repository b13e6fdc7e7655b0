// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

extension PeerConnection {
    /// The next stream that is wanted or not any longer; nil when there is none.
    package mutating func pollStreamRequest() -> StreamRequest? { self.streams.pollRequest() }

    /// Takes note of what became of a stream.
    package mutating func handle(_ event: StreamEvent, of stream: ByteStreamID, at now: Instant) {
        _ = self.relays.handle(event, of: stream, at: now)
        if !self.isClosed { self.pump(at: now) }
    }

    /// Takes bytes that arrived on a stream.
    package mutating func handle(_ bytes: Span<UInt8>, of stream: ByteStreamID, at now: Instant) {
        _ = self.relays.handle(bytes, of: stream, at: now) { payload, peer, relayed in
            guard !self.isClosed else { return }
            self.receive(payload, on: Path(local: relayed, remote: peer), at: now)
        }
        if !self.isClosed { self.pump(at: now) }
    }

    /// Fills an empty buffer with what is to be sent on a stream next; false when there is nothing.
    package mutating func pollBytes(of stream: ByteStreamID, into buffer: DatagramBuffer) -> Bool {
        self.relays.pollBytes(of: stream, into: buffer)
    }

    /// Whether the association had better keep what it has for a path: the stream under it does not take it as fast.
    func isCongested(_ path: Path) -> Bool { self.relays.isCongested(path.local) }
}
