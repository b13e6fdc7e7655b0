// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// What is known about HEARTBEATs.
struct HeartbeatState: Sendable {
    /// When something was sent last that is acknowledged.
    var lastSentAt = Instant.zero
    /// What the HEARTBEAT under way holds.
    var nonce: UInt64?
    /// When it was sent.
    var sentAt = Instant.zero
    /// How many in a row were not answered.
    var unanswered = 0
}

/// Tests of an idle path (RFC 9260 §8.3).
extension Association {
    /// Sends a HEARTBEAT now, as §8.3 allows on request of the user: whoever answers it is there.
    package mutating func sendHeartbeat(at now: Instant) {
        guard self.state == .established else { return }
        self.queueHeartbeat(at: now)
        self.scheduleHeartbeat(at: now)
    }

    private mutating func queueHeartbeat(at now: Instant) {
        let nonce = self.random.next()
        self.heartbeat.nonce = nonce
        self.heartbeat.sentAt = now
        var writer = ByteWriter()
        writer.u64(nonce)
        self.control.heartbeat = writer.bytes
    }

    /// The heartbeat timer expired.
    mutating func heartbeatIsDue(at now: Instant) {
        guard self.state == .established else { return }
        let interval = self.configuration.heartbeatInterval.wholeNanoseconds
        if now.nanoseconds(since: self.heartbeat.lastSentAt) >= interval || self.heartbeat.nonce != nil {
            if self.heartbeat.nonce != nil { self.heartbeat.unanswered += 1 }
            self.queueHeartbeat(at: now)
        }
        self.scheduleHeartbeat(at: now)
    }

    /// §8.3: every HB.interval plus RTO, with RTO varied by half.
    mutating func scheduleHeartbeat(at now: Instant) {
        let timeout = self.transmission.timeout.value
        let jittered = timeout / 2 + UInt64.random(in: 0...timeout, using: &self.random)
        let interval = self.configuration.heartbeatInterval.wholeNanoseconds
        self.timers[.heartbeat] = now.advanced(byNanoseconds: interval).advanced(byNanoseconds: jittered)
    }

    /// HEARTBEAT of the peer.
    mutating func receiveHeartbeat(_ value: Span<UInt8>) throws(SCTPError) {
        guard self.state.isSynchronized else { return }
        do throws(MalformedPacket) {
            let range = try Heartbeat.information(in: value)
            guard range.count <= self.configuration.mtu - CommonHeader.size - 8 else { return }
            self.control.answerHeartbeat([UInt8](copying: value.extracting(range)))
        } catch {
            throw .malformed(error)
        }
    }

    /// HEARTBEAT ACK of the peer.
    mutating func receiveHeartbeatAck(_ value: Span<UInt8>, at now: Instant) {
        guard let nonce = self.heartbeat.nonce, let range = try? Heartbeat.information(in: value) else { return }
        var reader = ByteReader(value.extracting(range))
        guard range.count == 8, let answer = try? reader.u64(), answer == nonce else { return }
        self.heartbeat.nonce = nil
        self.heartbeat.unanswered = 0
        self.transmission.timeout.measure(now.nanoseconds(since: self.heartbeat.sentAt))
    }
}
