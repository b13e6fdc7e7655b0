// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Partial reliability (RFC 3758, RFC 7496): giving up messages, and telling the peer not to wait for them.
extension Transmission {
    /// Gives up messages that were retransmitted often enough, or whose time is over, as far as they need sending.
    mutating func abandonWhatIsOver(at now: Instant) {
        if let index = self.queue.partlySent, self.queue.messages[index].expiry <= now {
            self.abandon(message: index, around: self.outstanding.nextTSN.previous)
        }
        var next = self.outstanding.firstLost
        while let tsn = next {
            if self.isOver(self.outstanding[tsn], at: now) {
                self.abandon(message: self.outstanding[tsn].message, around: tsn)
            }
            next = self.outstanding.firstLost(from: tsn.next)
        }
        self.updateForwardPoint(at: now)
    }

    /// Moves the point to which the peer shall skip, and decides whether it must be told (again).
    mutating func updateForwardPoint(at now: Instant) {
        guard self.supportsForwardTSN, let point = self.outstanding.abandonedPoint() else { return }
        if self.forwardPoint.precedes(point) {
            self.forwardPoint = point
            self.isForwardDue = true
        } else if now > self.lastForwardAt,
            now.nanoseconds(since: self.lastForwardAt) >= self.timeout.smoothed ?? self.timeout.value
        {
            // Never twice at one time, even if that is how long a round trip takes.
            self.isForwardDue = true
        }
    }

    /// Writes a FORWARD-TSN chunk if one is due (RFC 3758 §3.5 C3).
    mutating func writeForwardTSN(into writer: inout ByteWriter, at now: Instant) {
        guard self.isForwardDue else { return }
        self.isForwardDue = false
        guard self.outstanding.cumulativeTSN.precedes(self.forwardPoint) else { return }
        let capacity = (self.packetSize - ((writer.count + 3) & ~3) - 8) / 4
        writer.forwardTSNChunk(self.forwardTSN(maximumStreams: capacity))
        self.lastForwardAt = now
        if self.timer == nil { self.startTimer(at: now) }
    }

    /// What the peer is told: the point, and for each stream the last ordered message below it that was given up.
    private func forwardTSN(maximumStreams: Int) -> ForwardTSNChunk {
        var skipped: [SkippedMessage] = []
        var tsn = self.outstanding.cumulativeTSN.next
        var point = self.outstanding.cumulativeTSN
        while tsn.isAtMost(self.forwardPoint) {
            let chunk = self.outstanding[tsn]
            let message = self.queue.messages[chunk.message]
            if chunk.isAbandoned, !message.isUnordered {
                let number = UInt32(message.ssn.rawValue)
                if let index = skipped.firstIndex(where: { $0.stream == message.stream }) {
                    skipped[index].message = number
                } else {
                    guard skipped.count < maximumStreams else { break }
                    skipped.append(SkippedMessage(stream: message.stream, message: number))
                }
            }
            point = tsn
            tsn = tsn.next
        }
        return ForwardTSNChunk(newCumulativeTSN: point, skipped: skipped)
    }

    private func isOver(_ chunk: OutstandingData.Chunk, at now: Instant) -> Bool {
        let expiry = self.queue.messages[chunk.message].expiry
        let limit = self.queue.messages[chunk.message].maximumRetransmits
        if expiry <= now { return true }
        guard let limit else { return false }
        return UInt32(chunk.transmissions) > limit
    }

    /// Gives up a message: its chunks in flight, and what was not sent of it.
    ///
    /// If its end was never sent a placeholder takes a TSN, so that skipping it skips the message at the peer, even when
    /// all that was sent is acknowledged.
    private mutating func abandon(message: UInt32, around tsn: TSN) {
        if self.outstanding.cumulativeTSN.precedes(tsn), self.outstanding[tsn].message == message {
            self.outstanding.abandon(message: message, around: tsn)
        }
        guard self.queue.discardRest(of: message) else { return }
        self.queue.commitPlaceholder(of: message)
        _ = self.outstanding.append(OutstandingData.Chunk(endOf: message))
    }
}
