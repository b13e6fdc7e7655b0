// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// What an input of an association can be refused for.
package enum SCTPError: Error, Equatable, Sendable {
    // The peer's fault: the packet, or the rest of it, is dropped.

    /// The bytes are no SCTP packet, or a chunk in it is wrong.
    case malformed(MalformedPacket)
    /// The packet is not for this association: the ports are others.
    case wrongPorts(source: UInt16, destination: UInt16)
    /// The packet is not of this association (RFC 9260 §8.5).
    case wrongVerificationTag(UInt32)
    /// The cookie is not one of ours, or does not fit (RFC 9260 §5.2.4).
    case invalidCookie
    /// A chunk makes no sense in this state.
    case unexpectedChunk(ChunkType)

    // The caller's.

    /// The association is shutting down or over.
    case notOpen
    /// SCTP cannot carry a message of no bytes.
    case emptyMessage
    /// There are fewer streams, for one side or the other.
    case noSuchStream(StreamID)
    /// The stream is being reset.
    case streamIsResetting(StreamID)
    /// The peer cannot reset streams.
    case resetsUnsupported
}
