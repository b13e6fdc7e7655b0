// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
import Wire

/// Makes messages of chunks: joins fragments, and puts the messages of each stream in order.
///
/// It is given each TSN once. What it holds is counted in `bytesQueued`; whoever feeds it keeps that within the receive
/// window, so that the peer cannot make it grow.
package struct ReassemblyQueue: Sendable {
    /// The largest message that is put together.
    package let maximumMessageSize: Int
    /// Bytes of fragments and messages that are held, with an overhead for each.
    package private(set) var bytesQueued = 0

    private var order: StreamOrder
    private var output = Deque<ReceivedMessage>()
    private var store = FragmentStore()
    private var open: OpenMessage?
    /// After a part of a message was given up, the rest of it may still arrive.
    private var skipsToBegin = false
    private var interleaved: InterleavedReassembly?

    /// The message at the front, of which all fragments so far arrived in order: they need no cells.
    private struct OpenMessage: Sendable {
        var latest: DataChunkHeader
        var protocolID: PayloadProtocolID
        var bytes: [UInt8]
    }

    /// Creates a queue for DATA chunks, or for I-DATA chunks with `interleaved`.
    package init(maximumMessageSize: Int, interleaved: Bool = false) {
        self.maximumMessageSize = maximumMessageSize
        self.order = StreamOrder(interleaved: interleaved)
        self.interleaved = interleaved ? InterleavedReassembly(maximumMessageSize: maximumMessageSize) : nil
    }

    /// Takes in a chunk; `isNext` says whether all TSNs before it were taken in or given up.
    ///
    /// After an error the queue is of no more use: the association is aborted.
    package mutating func insert(
        _ header: DataChunkHeader,
        payload: Span<UInt8>,
        isNext: Bool
    ) throws(ReassemblyViolation) {
        guard payload.count <= self.maximumMessageSize else { throw .messageTooLarge(header.stream) }
        self.bytesQueued += payload.count + Self.overhead
        if self.interleaved != nil {
            try self.insertInterleaved(header, payload: payload)
        } else if let latest = self.open?.latest, latest.tsn.next == header.tsn || isNext {
            guard latest.tsn.next == header.tsn else { throw .missingEnd(latest.tsn) }
            try self.extend(latest, with: header, payload: payload)
        } else if header.flags.isSuperset(of: [.begin, .end]) {
            try self.checkNeighbours(of: header)
            if isNext { self.skipsToBegin = false }
            try self.complete(header, protocolID: header.protocolID, bytes: [UInt8](copying: payload))
        } else if isNext, header.flags.contains(.begin) {
            self.skipsToBegin = false
            self.open = OpenMessage(
                latest: header,
                protocolID: header.protocolID,
                bytes: [UInt8](copying: payload)
            )
            try self.drainStore()
        } else {
            try self.storeFragment(header, payload: payload, isNext: isNext)
        }
    }

    /// The next whole message in order, or nil; poll again after each chunk.
    package mutating func popMessage() -> ReceivedMessage? {
        guard let message = self.output.popFirst() else { return nil }
        self.bytesQueued -= message.bytes.count + Self.overhead
        return message
    }

    /// Forgets what the sender gave up (RFC 3758 §3.6, RFC 8260 §2.3.1).
    ///
    /// `oldCumulativeTSN` is that of the tracker before it was forwarded.
    package mutating func forward(_ chunk: ForwardTSNChunk, from oldCumulativeTSN: TSN) {
        if self.interleaved != nil {
            for skipped in chunk.skipped {
                let freed = self.interleaved?.discard(skipped) ?? (bytes: 0, fragments: 0)
                self.bytesQueued -= freed.bytes + freed.fragments * Self.overhead
            }
        } else {
            self.discardOpen()
            self.discardStored(from: oldCumulativeTSN.next, through: chunk.newCumulativeTSN)
            self.skipsToBegin = true
        }
        for skipped in chunk.skipped where !skipped.isUnordered {
            self.order.skip(skipped.message, of: skipped.stream, to: &self.output)
        }
    }

    /// Starts streams anew at number 0, all of them if none is named (RFC 6525 §5.2.2).
    package mutating func reset(_ streams: [StreamID]) {
        for stream in streams.isEmpty ? self.order.streams : streams {
            for message in self.order.reset(stream) {
                self.bytesQueued -= message.bytes.count + Self.overhead
            }
            let freed = self.interleaved?.discardAll(of: stream) ?? (bytes: 0, fragments: 0)
            self.bytesQueued -= freed.bytes + freed.fragments * Self.overhead
        }
    }

    private mutating func extend(
        _ latest: DataChunkHeader,
        with header: DataChunkHeader,
        payload: Span<UInt8>
    ) throws(ReassemblyViolation) {
        _ = try FragmentStore.isOneMessage(latest, header)
        self.open?.bytes.append(copying: payload)
        try self.joined(header)
        try self.drainStore()
    }

    /// Bookkeeping after the bytes of a fragment were joined to the open message.
    private mutating func joined(_ header: DataChunkHeader) throws(ReassemblyViolation) {
        self.bytesQueued -= Self.overhead
        self.open?.latest = header
        guard let count = self.open?.bytes.count, count <= self.maximumMessageSize else {
            throw .messageTooLarge(header.stream)
        }
        guard header.flags.contains(.end), let whole = self.open.take() else { return }
        try self.complete(header, protocolID: whole.protocolID, bytes: whole.bytes)
    }

    /// Joins stored fragments that follow the open message.
    private mutating func drainStore() throws(ReassemblyViolation) {
        while let latest = self.open?.latest, let header = self.store.header(at: latest.tsn.next) {
            _ = try FragmentStore.isOneMessage(latest, header)
            if var whole = self.open.take() {
                self.store.take(header.tsn, appendingTo: &whole.bytes)
                self.open = whole
            }
            try self.joined(header)
        }
    }

    private mutating func storeFragment(
        _ header: DataChunkHeader,
        payload: Span<UInt8>,
        isNext: Bool
    ) throws(ReassemblyViolation) {
        let run = try self.store.insert(header, payload: payload)
        let evicted = self.store.takeEvicted()
        self.bytesQueued -= evicted.bytes + evicted.fragments * Self.overhead
        guard let first = self.store.header(at: run.first), let last = self.store.header(at: run.last) else { return }
        let isWhole = first.flags.contains(.begin) && last.flags.contains(.end)
        if isWhole {
            try self.complete(last, protocolID: first.protocolID, bytes: try self.takeRun(run))
        } else if isNext {
            guard first.flags.contains(.begin) else {
                guard self.skipsToBegin else { throw .missingBegin(first.tsn) }
                self.skipsToBegin = !last.flags.contains(.end)
                self.discardRun(from: run.first)
                return
            }
            let bytes = try self.takeRun(run)
            self.open = OpenMessage(latest: last, protocolID: first.protocolID, bytes: bytes)
        }
    }

    private mutating func takeRun(_ run: FragmentRun) throws(ReassemblyViolation) -> [UInt8] {
        var bytes: [UInt8] = []
        var tsn = run.first
        while tsn.isAtMost(run.last) {
            self.store.take(tsn, appendingTo: &bytes)
            tsn = tsn.next
            self.bytesQueued -= Self.overhead
            guard bytes.count <= self.maximumMessageSize else { throw .messageTooLarge(StreamID(0)) }
        }
        self.bytesQueued += Self.overhead
        return bytes
    }

    private func checkNeighbours(of header: DataChunkHeader) throws(ReassemblyViolation) {
        guard self.store.count > 0 else { return }
        if let left = self.store.header(at: header.tsn.previous) {
            _ = try FragmentStore.isOneMessage(left, header)
        }
        if let right = self.store.header(at: header.tsn.next) {
            _ = try FragmentStore.isOneMessage(header, right)
        }
    }

    private mutating func insertInterleaved(
        _ header: DataChunkHeader,
        payload: Span<UInt8>
    ) throws(ReassemblyViolation) {
        guard let whole = try self.interleaved?.insert(header, payload: payload) else { return }
        self.bytesQueued -= (whole.fragments - 1) * Self.overhead
        try self.complete(header, protocolID: whole.protocolID, bytes: whole.bytes)
    }

    /// Hands on a message, which counts as its bytes and one overhead.
    private mutating func complete(
        _ header: DataChunkHeader,
        protocolID: PayloadProtocolID,
        bytes: [UInt8]
    ) throws(ReassemblyViolation) {
        let isUnordered = header.flags.contains(.unordered)
        let message = ReceivedMessage(
            stream: header.stream,
            protocolID: protocolID,
            isUnordered: isUnordered,
            bytes: bytes
        )
        if isUnordered {
            self.output.append(message)
        } else {
            try self.order.admit(message, number: header.message, to: &self.output)
        }
    }

    private mutating func discardOpen() {
        guard let abandoned = self.open.take() else { return }
        self.bytesQueued -= abandoned.bytes.count + Self.overhead
    }

    private mutating func discardStored(from first: TSN, through last: TSN) {
        // Fragments that arrived before what they waited for stay stored behind it; the message of these is given up too.
        var tsn = first.previous
        while let count = self.store.discard(tsn) {
            self.bytesQueued -= count + Self.overhead
            tsn = tsn.previous
        }
        tsn = first
        while self.store.count > 0, tsn.isAtMost(last), tsn.distance(from: first) < TSNTracker.windowSize {
            if let count = self.store.discard(tsn) { self.bytesQueued -= count + Self.overhead }
            tsn = tsn.next
        }
        guard let header = self.store.header(at: last.next), !header.flags.contains(.begin) else { return }
        self.discardRun(from: last.next)
    }

    /// Discards the rest of a message that lost its beginning.
    private mutating func discardRun(from first: TSN) {
        var tsn = first
        var isRest = true
        while isRest, let header = self.store.header(at: tsn) {
            isRest = !header.flags.contains(.end)
            if let count = self.store.discard(tsn) { self.bytesQueued -= count + Self.overhead }
            tsn = tsn.next
        }
    }

    /// What a fragment or message counts for beside its bytes, so that many tiny ones fill the window too.
    package static let overhead = 128
}
