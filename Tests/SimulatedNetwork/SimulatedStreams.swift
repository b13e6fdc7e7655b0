// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// Byte streams in virtual time: in order, without loss, as slow as told.
package final class SimulatedStreams {
    /// One end of a stream.
    package struct End: Hashable, Sendable {
        fileprivate let number: Int
        fileprivate let isDialler: Bool

        /// The end at the other side.
        package var other: End { End(number: self.number, isDialler: !self.isDialler) }
    }

    /// What comes to an end.
    package enum Arrival: Sendable {
        /// A stream from an address to an address has come in.
        case dialled(from: SocketAddress, to: SocketAddress)
        /// The stream is open.
        case opened
        /// Bytes of the other end.
        case bytes([UInt8])
        /// There is room again.
        case room
        /// It could not be opened, or has ended.
        case failed(StreamFailure)
    }

    private struct Flight {
        var arrival: Instant
        var end: End
        var what: Arrival
    }

    /// One-way delay.
    package var delay = Duration.milliseconds(10)
    /// Bits a second in each direction; nil means no limit.
    package var rate: UInt64?
    /// Why what is dialled from now on fails, by its destination; `timedOut` after 10 s, others at once.
    package var failures: [SocketAddress: StreamFailure] = [:]
    /// Destinations that were dialled, in their order.
    package private(set) var dialled: [SocketAddress] = []
    /// The most bytes that waited at one end.
    package private(set) var longestQueue = 0

    private var flights: [Flight] = []
    private var busyUntil: [End: Instant] = [:]
    private var ended: Set<End> = []
    private var count = 0
    /// What a kernel takes without sending it.
    private static let room = Duration.milliseconds(20)

    /// Creates streams, of which there are none yet.
    package init() {}

    /// Begins a stream; its dialling end is returned.
    package func dial(from local: SocketAddress, to remote: SocketAddress, at now: Instant) -> End {
        self.count += 1
        self.dialled.append(remote)
        let end = End(number: self.count, isDialler: true)
        if let failure = self.failures[remote] {
            let wait = failure == .timedOut ? Duration.seconds(10) : self.delay * 2
            self.launch(.failed(failure), to: end, at: now + wait)
        } else {
            self.launch(.dialled(from: local, to: remote), to: end.other, at: now + self.delay)
            self.launch(.opened, to: end, at: now + self.delay * 2)
        }
        return end
    }

    /// Whether an end takes more.
    package func hasRoom(_ end: End, at now: Instant) -> Bool {
        (self.busyUntil[end] ?? now) <= now + Self.room
    }

    /// Sends bytes from an end.
    package func send(_ bytes: [UInt8], from end: End, at now: Instant) {
        guard !self.ended.contains(end) else { return }
        let start = max(self.busyUntil[end] ?? now, now)
        let done = self.rate.map { start.advanced(byNanoseconds: UInt64(bytes.count) * 8_000_000_000 / $0) } ?? start
        self.busyUntil[end] = done
        self.longestQueue = max(self.longestQueue, bytes.count)
        self.launch(.bytes(bytes), to: end.other, at: done + self.delay)
        if done > now { self.launch(.room, to: end, at: done) }
    }

    /// Ends a stream from one end; what was sent still arrives.
    package func close(_ end: End, at now: Instant, because failure: StreamFailure = .ended) {
        guard self.ended.insert(end).inserted, !self.ended.contains(end.other) else { return }
        self.launch(.failed(failure), to: end.other, at: max(self.busyUntil[end] ?? now, now) + self.delay)
    }

    /// Breaks a stream off, so that its end hears of it.
    package func fail(_ end: End, at now: Instant) {
        self.launch(.failed(.reset), to: end, at: now)
    }

    /// When something arrives next; nil while nothing is on its way.
    package var nextArrival: Instant? { self.flights.first?.arrival }

    /// Takes what has arrived by `now`.
    package func receive(at now: Instant) -> (end: End, what: Arrival)? {
        guard let first = self.flights.first, first.arrival <= now else { return nil }
        self.flights.removeFirst()
        guard !self.ended.contains(first.end) else { return self.receive(at: now) }
        if case .failed = first.what { self.ended.insert(first.end) }
        return (first.end, first.what)
    }

    private func launch(_ what: Arrival, to end: End, at arrival: Instant) {
        let index = self.flights.firstIndex { $0.arrival > arrival } ?? self.flights.endIndex
        self.flights.insert(Flight(arrival: arrival, end: end, what: what), at: index)
    }
}
