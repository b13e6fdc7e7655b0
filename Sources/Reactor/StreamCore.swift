// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The side of a core that has to do with byte streams, as a `PeerDriver` drives it; one that uses none implements nothing.
///
/// The core asks for streams, is told what becomes of them, and gets their bytes. What it has to send it keeps, bounded, and
/// is asked for it whenever a stream has room: a stream that does not flow is not asked.
package protocol StreamCore: ~Copyable {
    /// The next stream to be opened or closed; nil when there is none.
    mutating func pollStreamRequest() -> StreamRequest?

    /// Takes a connection that came in to an address on which the driver listens, and names it; nil refuses it.
    mutating func accept(from remote: SocketAddress, on local: SocketAddress, at now: Instant) -> ByteStreamID?

    /// Takes note of what became of a stream.
    mutating func handle(_ event: StreamEvent, of stream: ByteStreamID, at now: Instant)

    /// Takes bytes that arrived on a stream, in their order.
    mutating func handle(_ bytes: Span<UInt8>, of stream: ByteStreamID, at now: Instant)

    /// Fills an empty buffer with what is to be sent on a stream next; false when there is nothing.
    mutating func pollBytes(of stream: ByteStreamID, into buffer: DatagramBuffer) -> Bool
}

extension StreamCore where Self: ~Copyable {
    /// Nil: there are no streams.
    package mutating func pollStreamRequest() -> StreamRequest? { nil }

    /// Nil: nobody is awaited.
    package mutating func accept(from remote: SocketAddress, on local: SocketAddress, at now: Instant) -> ByteStreamID?
    {
        nil
    }

    /// Does nothing.
    package mutating func handle(_ event: StreamEvent, of stream: ByteStreamID, at now: Instant) {}

    /// Does nothing.
    package mutating func handle(_ bytes: Span<UInt8>, of stream: ByteStreamID, at now: Instant) {}

    /// False: there is nothing to send.
    package mutating func pollBytes(of stream: ByteStreamID, into buffer: DatagramBuffer) -> Bool { false }
}
