// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// A protocol without sockets or clocks, as a `PeerDriver` drives it.
///
/// After each input the driver drains `pollTransmit` and then sleeps until `nextTimeout`. A late or spurious timeout is
/// nothing to such a core, and after `handleTimeout(at:)` its `nextTimeout` is later than that instant, or nil.
package protocol DatagramCore: ~Copyable {
    /// Takes a datagram that arrived from `source` on the socket bound to `local`.
    mutating func handle(
        _ datagram: Span<UInt8>,
        from source: SocketAddress,
        on local: SocketAddress,
        at now: Instant
    )

    /// Takes note that datagrams did not get to their destination; a hint that may be wrong, or forged.
    mutating func handle(_ failure: DatagramFailure, on local: SocketAddress, at now: Instant)

    /// Lets time pass.
    mutating func handleTimeout(at now: Instant)

    /// Writes the next datagrams into an empty buffer and says where they go; nil when there is nothing to send now.
    mutating func pollTransmit(into buffer: DatagramBuffer, at now: Instant) -> Transmit?

    /// When `handleTimeout(at:)` must be called; nil: after the next input at the earliest.
    var nextTimeout: Instant? { get }
}

extension DatagramCore where Self: ~Copyable {
    /// Does nothing: timeouts tell the same, later.
    package mutating func handle(_ failure: DatagramFailure, on local: SocketAddress, at now: Instant) {}
}
