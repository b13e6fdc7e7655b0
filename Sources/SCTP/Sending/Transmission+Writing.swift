// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

extension Transmission {
    /// Appends to a packet what may leave now: news of abandoned data, then retransmissions, then new data.
    ///
    /// Call it until it returns false.
    /// - Returns: whether anything was appended.
    mutating func write(into writer: inout ByteWriter, at now: Instant) -> Bool {
        let start = writer.count
        if self.supportsForwardTSN, self.queue.limitedCount > 0 { self.abandonWhatIsOver(at: now) }
        self.writeForwardTSN(into: &writer, at: now)
        var lastChunk: Int?
        var wantsAnswer = false
        if self.burst > 0 || self.isFastRetransmitDue {
            wantsAnswer = self.writeRetransmissions(into: &writer, last: &lastChunk, at: now)
            if self.outstanding.lostCount == 0, self.burst > 0 {
                self.writeNewData(into: &writer, last: &lastChunk, at: now)
            }
        }
        if self.outstanding.lostCount > 0 || (self.burst == 0 && !self.queue.isEmpty) { self.isWindowLimited = true }
        if let lastChunk {
            self.burst = max(0, self.burst - 1)
            self.lastSentAt = now
            if self.timer == nil { self.startTimer(at: now) }
            if wantsAnswer || self.isFlightComplete(at: now) {
                writer.bytes[lastChunk + 1] |= DataFlags.immediate.rawValue
            }
        }
        return writer.count > start
    }

    /// Whether nothing more can leave before the peer answers: then it is asked to do so at once (RFC 9260 §6.1, I bit).
    private mutating func isFlightComplete(at now: Instant) -> Bool {
        if self.congestion.window < Self.smallWindow * self.fullPayload { return true }
        if self.outstanding.lostCount > 0 { return false }
        guard self.outstanding.flightBytes < self.congestion.window else { return true }
        guard let next = self.queue.next(room: self.fullPayload, fullRoom: self.fullPayload, at: now) else {
            return true
        }
        return next.length > self.windowLeft
    }

    /// Bytes that the peer has room for, as far as is known.
    private var windowLeft: Int { self.advertisedWindow - self.windowReserve - self.outstanding.flightBytes }

    /// Whether `length` bytes may leave; one chunk always may when nothing is in flight, which also probes a window of
    /// zero (RFC 9260 §6.1 A).
    private func mayCarry(_ length: Int) -> Bool {
        if self.outstanding.flightBytes == 0 { return true }
        return self.outstanding.flightBytes < self.congestion.window && length <= self.windowLeft
    }

    private func room(in writer: ByteWriter) -> Int {
        self.packetSize - ((writer.count + 3) & ~3) - DataChunkHeader.size
    }

    /// - Returns: whether something was written.
    private mutating func writeRetransmissions(
        into writer: inout ByteWriter,
        last: inout Int?,
        at now: Instant
    ) -> Bool {
        let disregardsWindow = self.isFastRetransmitDue
        var isWritten = false
        while let tsn = self.outstanding.firstLost {
            let length = Int(self.outstanding[tsn].length)
            guard length <= self.room(in: writer), disregardsWindow || self.mayCarry(length) else { break }
            self.outstanding.retransmitted(tsn, at: now)
            last = self.writeChunk(tsn, into: &writer)
            self.retransmissionCount += 1
            isWritten = true
            // RFC 9260 §7.2.4 rule 4: the first outstanding chunk is sent again.
            if tsn == self.outstanding.cumulativeTSN.next { self.startTimer(at: now) }
        }
        if isWritten || self.outstanding.lostCount == 0 { self.isFastRetransmitDue = false }
        return isWritten
    }

    private mutating func writeNewData(into writer: inout ByteWriter, last: inout Int?, at now: Instant) {
        while !self.outstanding.isFull {
            let room = self.room(in: writer)
            guard room > 0, let fragment = self.queue.next(room: room, fullRoom: self.fullPayload, at: now) else {
                if self.queue.isEmpty { self.isWindowLimited = false }
                return
            }
            guard self.mayCarry(fragment.length) else {
                self.isWindowLimited = self.outstanding.flightBytes >= self.congestion.window
                return
            }
            self.queue.commit(fragment)
            var flags: DataFlags = self.queue.messages[fragment.message].isUnordered ? .unordered : []
            if fragment.offset == 0 { flags.insert(.begin) }
            if fragment.isLast { flags.insert(.end) }
            let tsn = self.outstanding.append(
                OutstandingData.Chunk(
                    sentAt: now,
                    message: fragment.message,
                    offset: fragment.offset,
                    length: fragment.length,
                    flags: flags
                )
            )
            last = self.writeChunk(tsn, into: &writer)
        }
    }

    /// - Returns: where in the writer the chunk begins.
    private func writeChunk(_ tsn: TSN, into writer: inout ByteWriter) -> Int {
        let chunk = self.outstanding[tsn]
        let start = (writer.count + 3) & ~3
        let header = DataChunkHeader(
            tsn: tsn,
            stream: self.queue.messages[chunk.message].stream,
            message: UInt32(self.queue.messages[chunk.message].ssn.rawValue),
            protocolID: self.queue.messages[chunk.message].protocolID,
            flags: chunk.flags
        )
        let bytes = self.queue.messages[chunk.message].bytes
        let first = Int(chunk.offset)
        writer.dataChunk(header, payload: bytes.span.extracting(first..<(first + Int(chunk.length))))
        return start
    }

    /// Below this many packets the peer's delayed SACK would cost more than it saves.
    private static let smallWindow = 10
}
