// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
package import Wire

/// A non-blocking UDP socket, bound to one local address.
///
/// Superbuffers leave in one system call (`UDP_SEGMENT`) and arrive in one (`UDP_GRO`) where the kernel can. Datagrams
/// are never fragmented. No failure to send closes anything: it is told for its destination. The socket belongs to
/// whoever made it, usually to the thread of an `EventLoop`, and closes its descriptor with its last reference.
package final class UDPSocket {
    /// What is asked of the kernel; where it refuses, the socket works without.
    package struct Options: Hashable, Sendable {
        /// Sends several datagrams in one call.
        package var segments = true
        /// Receives several datagrams in one call.
        package var coalesces = true
        /// Tells what ICMP reports of datagrams that were sent.
        package var reportsErrors = true
        /// The size of the kernel's buffers in each direction, in bytes.
        package var bufferSize: Int32 = 4 << 20

        /// Asks for everything.
        package init() {}
    }

    /// What became of a send.
    package enum Outcome: Hashable, Sendable {
        /// The kernel has all of it.
        case sent
        /// Some of it waits for room: call `flush` when the descriptor is writable.
        case queued
        /// Some of it, or all, was lost.
        case failed(DatagramFailure.Reason)
    }

    /// What became of an attempt to receive.
    package enum Reception: Hashable, Sendable {
        /// Datagrams were delivered; there may be more.
        case received
        /// An error was cleared that concerned something else; there may be more.
        case skipped
        /// There is nothing to read now.
        case empty
    }

    /// What went through a socket so far.
    package struct Counters: Hashable, Sendable {
        /// Datagrams that the kernel took.
        package var datagramsSent: UInt64 = 0
        /// The calls this took.
        package var sendCalls: UInt64 = 0
        /// Datagrams that were delivered.
        package var datagramsReceived: UInt64 = 0
        /// The calls this took.
        package var receiveCalls: UInt64 = 0
        /// Datagrams that no room was found for.
        package var datagramsDropped: UInt64 = 0
    }

    /// The address that it is bound to.
    package let localAddress: SocketAddress
    /// The descriptor, to be watched by an `EventLoop`.
    package let descriptor: Int32
    /// What went through it so far.
    package private(set) var counters = Counters()
    /// Whether several datagrams are sent in one call; turned off when a device cannot.
    package private(set) var isSegmenting: Bool
    /// Whether the kernel may deliver several datagrams in one call.
    package let isCoalescing: Bool

    private var backlog = SendBacklog()

    /// The most segments that every kernel with `UDP_SEGMENT` takes (`UDP_MAX_SEGMENTS`; 128 since Linux 6.9).
    private static let segmentsPerCall = 64

    /// Binds a socket to an address; port 0 lets the kernel choose.
    package convenience init(bindingTo address: SocketAddress, options: Options = Options()) throws(SystemError) {
        var local = address.linux
        let descriptor = clinux_udp_open(&local)
        guard descriptor >= 0 else { throw SystemError(.bind, code: -descriptor) }
        self.init(owning: descriptor, at: SocketAddress(address.ip, port: local.port), options: options)
    }

    /// Takes over a descriptor that is bound to an address.
    init(owning descriptor: Int32, at localAddress: SocketAddress, options: Options) {
        self.descriptor = descriptor
        self.localAddress = localAddress
        let version: Int32 = localAddress.ip.isIPv4 ? 4 : 6
        _ = clinux_udp_forbid_fragments(descriptor, version)
        if options.reportsErrors {
            _ = clinux_udp_report_errors(descriptor, version)
        }
        clinux_udp_set_buffers(descriptor, options.bufferSize)
        self.isCoalescing = options.coalesces && clinux_udp_coalesce(descriptor) == 0
        self.isSegmenting = options.segments && clinux_udp_can_segment(descriptor) != 0
    }

    deinit {
        close(self.descriptor)
    }
}

// MARK: - Sending

extension UDPSocket {
    /// How many bytes wait for room in the kernel.
    package var backlogSize: Int { self.backlog.size }

    /// Sends `bytes` as datagrams of `segmentSize` bytes each, the last of which may be shorter.
    package func send(_ bytes: Span<UInt8>, segmentSize: Int, to destination: SocketAddress) -> Outcome {
        guard bytes.count > 0, segmentSize > 0 else { return .sent }
        guard self.backlog.isEmpty else {
            return self.enqueue(bytes, segmentSize: segmentSize, to: destination)
        }
        let (consumed, failure) = self.transmit(bytes, segmentSize: segmentSize, to: destination)
        if consumed < bytes.count {
            let rest = self.enqueue(
                bytes.extracting(consumed..<bytes.count),
                segmentSize: segmentSize,
                to: destination
            )
            return failure.map { .failed($0) } ?? rest
        }
        return failure.map { .failed($0) } ?? .sent
    }

    /// Sends what waits, as far as there is room, and tells each failure.
    ///
    /// Returns whether nothing waits any more.
    package func flush(onFailure: (DatagramFailure) -> Void) -> Bool {
        while let first = self.backlog.first {
            let (consumed, failure) = self.transmit(
                first.bytes.span,
                segmentSize: first.segmentSize,
                to: first.destination
            )
            if let failure {
                onFailure(DatagramFailure(to: first.destination, failure))
            }
            guard self.backlog.consume(consumed) else { return false }
        }
        return true
    }

    private func enqueue(_ bytes: Span<UInt8>, segmentSize: Int, to destination: SocketAddress) -> Outcome {
        guard self.backlog.append(bytes, segmentSize: segmentSize, to: destination) else {
            self.counters.datagramsDropped &+= UInt64(Self.segments(bytes.count, of: segmentSize))
            return .failed(.noRoom)
        }
        return .queued
    }

    /// Hands bytes to the kernel until it has no room; what failed counts as consumed.
    private func transmit(
        _ bytes: Span<UInt8>,
        segmentSize: Int,
        to destination: SocketAddress
    ) -> (consumed: Int, failure: DatagramFailure.Reason?) {
        let address = destination.linux
        var offset = 0
        var failure: DatagramFailure.Reason?
        while offset < bytes.count {
            let run = self.run(of: bytes.count - offset, segmentSize: segmentSize)
            let part = bytes.extracting(offset..<(offset + run))
            let (consumed, code) = self.sendRun(part, segmentSize: segmentSize, to: address)
            if code == EAGAIN {
                break
            }
            if code == 0 {
                self.counters.datagramsSent &+= UInt64(Self.segments(consumed, of: segmentSize))
            } else if failure == nil {
                failure = DatagramFailure.Reason(code: code)
            }
            offset += consumed
        }
        return (offset, failure)
    }

    /// How many of `count` bytes go in the next call.
    private func run(of count: Int, segmentSize: Int) -> Int {
        guard self.isSegmenting, segmentSize <= Int(UInt16.max) else { return min(count, segmentSize) }
        let most = min(Self.segmentsPerCall, DatagramBuffer.capacity / segmentSize)
        return min(count, segmentSize * max(1, most))
    }

    /// Sends a run of segments, in one call where that is possible; the code is an `errno` or 0.
    ///
    /// A device or a route that cannot segment says EIO, EINVAL or EOPNOTSUPP; but a segment that is too large for the
    /// route says EINVAL or EMSGSIZE too. The first segment alone tells which it is: if it gets through, segmenting was
    /// at fault and is turned off for this socket.
    private func sendRun(
        _ bytes: Span<UInt8>,
        segmentSize: Int,
        to address: clinux_address
    ) -> (consumed: Int, code: Int32) {
        guard bytes.count > segmentSize else { return (bytes.count, self.sendOnce(bytes, segmentSize: 0, to: address)) }
        let code = self.sendOnce(bytes, segmentSize: UInt16(truncatingIfNeeded: segmentSize), to: address)
        guard code == EINVAL || code == EIO || code == EMSGSIZE || code == EOPNOTSUPP else {
            return (bytes.count, code)
        }
        let single = self.sendOnce(bytes.extracting(0..<segmentSize), segmentSize: 0, to: address)
        guard single == 0 else { return (bytes.count, single) }
        self.isSegmenting = false
        return (segmentSize, 0)
    }

    /// One call, or two: an error that ICMP reported for an earlier datagram is handed to whatever is sent next, to
    /// whomever it goes, so that such an error counts only when it comes twice.
    private func sendOnce(_ bytes: Span<UInt8>, segmentSize: UInt16, to address: clinux_address) -> Int32 {
        let code = self.call(bytes, segmentSize: segmentSize, to: address)
        switch code {
        case ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENONET, EACCES, EPROTO, EMSGSIZE, ENOPROTOOPT,
            EOPNOTSUPP:
            return self.call(bytes, segmentSize: segmentSize, to: address)
        default:
            return code
        }
    }

    private func call(_ bytes: Span<UInt8>, segmentSize: UInt16, to address: clinux_address) -> Int32 {
        self.counters.sendCalls &+= 1
        var address = address
        let result = bytes.withUnsafeBufferPointer { buffer in
            clinux_udp_send(self.descriptor, buffer.baseAddress, buffer.count, &address, segmentSize)
        }
        return result < 0 ? Int32(truncatingIfNeeded: -result) : 0
    }

    private static func segments(_ count: Int, of size: Int) -> Int {
        (count + size - 1) / size
    }
}

// MARK: - Receiving

extension UDPSocket {
    /// Reads once, and calls `body` for each datagram that came with it and its source.
    package func receive(
        into buffer: ReceiveBuffer,
        _ body: (Span<UInt8>, SocketAddress) -> Void
    ) -> Reception {
        var address = clinux_address()
        var segment: UInt16 = 0
        let count = clinux_udp_receive(self.descriptor, buffer.base, ReceiveBuffer.capacity, &address, &segment)
        guard count >= 0 else { return count == -Int(EAGAIN) ? .empty : .skipped }
        guard let source = self.remote(address) else { return .skipped }
        self.counters.receiveCalls &+= 1
        let bytes = Span(_unsafeStart: UnsafePointer(buffer.base), count: count)
        let size = segment == 0 ? max(count, 1) : Int(segment)
        var start = 0
        repeat {
            let end = min(start + size, count)
            self.counters.datagramsReceived &+= 1
            body(bytes.extracting(start..<end), source)
            start = end
        } while start < count
        return .received
    }

    /// Tells what ICMP reported, a bounded amount; to be called when the descriptor is ready as `failed`.
    package func takeErrors(onFailure: (DatagramFailure) -> Void) {
        var entry = clinux_udp_error()
        for _ in 0..<Self.errorsPerCall {
            guard clinux_udp_take_error(self.descriptor, &entry) != 0 else {
                // Otherwise an error without an entry would keep the descriptor ready for ever.
                _ = clinux_udp_clear_error(self.descriptor)
                return
            }
            guard entry.error != 0, let destination = self.remote(entry.destination) else { continue }
            onFailure(DatagramFailure(to: destination, DatagramFailure.Reason(code: entry.error)))
        }
    }

    /// A socket with a link-local address is bound to its interface: its remote addresses need no scope, and get none,
    /// so that they equal those that the other side tells.
    private func remote(_ address: clinux_address) -> SocketAddress? {
        guard var remote = SocketAddress(address) else { return nil }
        if self.localAddress.ip.isLinkLocal {
            remote.ip = remote.ip.withoutScope
        }
        return remote
    }

    /// How many reported errors are taken in a turn.
    private static let errorsPerCall = 16
}

/// Memory for one receive; one is enough for all sockets of a thread.
package final class ReceiveBuffer {
    /// The most that coalesced datagrams fill: a smaller buffer would truncate them.
    package static let capacity = 65_536

    fileprivate let base: UnsafeMutablePointer<UInt8>

    /// Allocates a buffer.
    package init() {
        self.base = .allocate(capacity: Self.capacity)
        self.base.initialize(repeating: 0, count: Self.capacity)
    }

    deinit {
        self.base.deallocate()
    }
}
