// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import Wire

/// What the BIO of one connection reads from and writes to.
///
/// Lifetimes. The BIO holds an unretained pointer to its bridge. `DTLSConnection` owns the bridge and the `SSL`, which
/// owns the BIO; the connection frees the `SSL` in its deinitializer, while its reference to the bridge still stands,
/// so no callback can meet a bridge that is gone. The borrowed bytes and the borrowed buffer are lent for the length
/// of one closure (`lend`), which sets them and takes them back; callbacks run only within libssl calls, which run
/// only within such a closure, on the thread that has exclusive access to the connection.
final class RecordBridge {
    /// How many datagrams wait for the owner; a flight has four, or a dozen with the smallest MTU.
    static let maximumQueuedDatagrams = 64
    /// The timeout while the round-trip time is unknown: 1 second (RFC 6347 §4.2.4.1), in microseconds.
    static let defaultTimeout: UInt32 = 1_000_000
    /// Where doubling ends, in microseconds.
    static let maximumTimeout: UInt32 = 3_000_000
    /// Below this, in microseconds, a retransmission mostly races the processing of the peer.
    static let minimumTimeout: UInt32 = 50_000

    /// Handshake messages and alerts, one datagram each.
    var datagrams: [[UInt8]] = []
    /// The first timeout of a flight, in microseconds.
    var initialTimeout = RecordBridge.defaultTimeout

    private var incoming: UnsafeRawBufferPointer?
    private var sink: Unmanaged<DatagramBuffer>?

    /// Whether the BIO did not read the record yet that it was lent.
    var hasIncoming: Bool { self.incoming != nil }

    /// Lends one record to the BIO for the length of `body`.
    func lend<Result>(record: Span<UInt8>, _ body: () -> Result) -> Result {
        record.withUnsafeBytes { bytes in
            self.incoming = bytes
            defer { self.incoming = nil }
            return body()
        }
    }

    /// Lends the buffer to which application records are appended to the BIO for the length of `body`.
    func lend<Result>(sink: DatagramBuffer, _ body: () -> Result) -> Result {
        self.sink = .passUnretained(sink)
        defer { self.sink = nil }
        return withExtendedLifetime(sink, body)
    }

    /// The next datagram of a flight.
    func popDatagram() -> [UInt8]? {
        self.datagrams.isEmpty ? nil : self.datagrams.removeFirst()
    }

    /// The timeout after `previous`, which is 0 for the first one of a flight; microseconds.
    func timeout(after previous: UInt32) -> UInt32 {
        previous == 0 ? self.initialTimeout : min(previous &* 2, Self.maximumTimeout)
    }

    /// Takes one datagram from `BIO_write`, which always succeeds, as sending over UDP does.
    fileprivate func write(_ bytes: UnsafeRawBufferPointer) {
        if bytes.first == RecordHeader.ContentType.applicationData.rawValue, let sink = self.sink {
            sink._withUnsafeGuaranteedRef { $0.bytes.append(contentsOf: bytes) }
        } else if self.datagrams.count < Self.maximumQueuedDatagrams {
            self.datagrams.append([UInt8](bytes))
        }
    }

    /// Gives `BIO_read` the lent record, once; nil when there is none.
    fileprivate func read(into target: UnsafeMutableRawBufferPointer) -> Int? {
        guard let record = self.incoming else { return nil }
        self.incoming = nil
        let count = min(record.count, target.count)
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: record[..<count]))
        return count
    }
}

extension RecordBridge {
    /// A BIO that reads from and writes to this bridge, which must outlive it; nil when memory is short.
    func makeBIO() -> OpaquePointer? {
        guard let method = Self.method, let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        BIO_set_init(bio, 1)
        return bio
    }

    /// The bridge of a BIO that `makeBIO` made; nil for another.
    private static func bridge(of bio: OpaquePointer?) -> RecordBridge? {
        BIO_get_data(bio).map { Unmanaged<RecordBridge>.fromOpaque($0).takeUnretainedValue() }
    }

    /// The callback that libssl asks for the next timeout.
    static let timerCallback: @convention(c) (OpaquePointer?, UInt32) -> UInt32 = { ssl, previous in
        RecordBridge.bridge(of: SSL_get_rbio(ssl))?.timeout(after: previous) ?? RecordBridge.defaultTimeout
    }

    /// One table for all connections, made once, never changed, and never freed.
    private nonisolated(unsafe) static let method: OpaquePointer? = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "icetalk") else { return nil }
        BIO_meth_set_write(method) { bio, bytes, count in
            icetalk_clear_retry(bio)
            guard let bytes, count > 0, let bridge = RecordBridge.bridge(of: bio) else { return -1 }
            bridge.write(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            return count
        }
        BIO_meth_set_read(method) { bio, bytes, capacity in
            icetalk_clear_retry(bio)
            guard let bytes, capacity > 0, let bridge = RecordBridge.bridge(of: bio) else { return -1 }
            guard let count = bridge.read(into: UnsafeMutableRawBufferPointer(start: bytes, count: Int(capacity)))
            else {
                icetalk_set_retry_read(bio)
                return -1
            }
            return Int32(truncatingIfNeeded: count)
        }
        BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return method
    }()
}
