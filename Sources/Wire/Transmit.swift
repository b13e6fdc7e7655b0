// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Where the datagrams in a `DatagramBuffer` go.
///
/// The buffer holds one datagram, or several of `segmentSize` bytes each (the last may be shorter) which leave in one
/// system call (`UDP_SEGMENT`).
public struct Transmit: Hashable, Sendable, BitwiseCopyable {
    /// The local address (an ICE base) to send from.
    public var source: SocketAddress
    /// The remote address.
    public var destination: SocketAddress
    /// The size of each datagram but the last; equal to the count of the buffer for a single one.
    public var segmentSize: Int

    /// Creates a transmit.
    public init(from source: SocketAddress, to destination: SocketAddress, segmentSize: Int) {
        self.source = source
        self.destination = destination
        self.segmentSize = segmentSize
    }
}

/// Memory for what goes out in one system call: up to 64 KiB of datagrams of equal size, one after the other.
///
/// The driver owns one and lends it to `pollTransmit`; records are encrypted straight into it.
public final class DatagramBuffer {
    /// The most that one send may carry: the payload limit of UDP over IPv4.
    public static let capacity = 65_507

    /// The bytes so far; storage is kept between uses.
    public var bytes: [UInt8]

    /// Creates an empty buffer with all its storage.
    public init() {
        self.bytes = []
        self.bytes.reserveCapacity(Self.capacity)
    }

    /// How many bytes it holds.
    public var count: Int { self.bytes.count }

    /// Forgets the bytes and keeps the storage.
    public func removeAll() {
        self.bytes.removeAll(keepingCapacity: true)
    }
}
