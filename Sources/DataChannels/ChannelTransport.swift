// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import SCTP
package import Wire

/// What channels need of an association.
package protocol ChannelTransport: ~Copyable {
    /// Why the transport refuses.
    associatedtype Failure: Error

    /// On how many streams this side may send.
    var outboundStreams: UInt16 { get }
    /// On how many streams the peer may send.
    var inboundStreams: UInt16 { get }

    /// Bytes of a stream that wait to be sent.
    func bufferedAmount(stream: StreamID) -> Int

    /// Queues a message of at least one byte.
    mutating func send(
        _ bytes: [UInt8],
        stream: StreamID,
        protocolID: PayloadProtocolID,
        isUnordered: Bool,
        reliability: Reliability,
        at now: Instant
    ) throws(Failure)

    /// Starts outgoing streams anew once all that was queued on them has arrived or was given up (RFC 6525).
    mutating func resetStreams(_ streams: [StreamID], at now: Instant) throws(Failure)
}
