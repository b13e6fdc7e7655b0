// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

extension Association {
    /// Writes the next packet in place of what the writer held: handshake chunks, a SACK, other control chunks,
    /// retransmissions, new data.
    ///
    /// Call it until it returns false.
    /// - Returns: whether there was one.
    package mutating func pollTransmit(into writer: inout ByteWriter, at now: Instant) -> Bool {
        if let packet = self.control.popStandalone() {
            writer.beginPacket(self.header(tag: packet.verificationTag))
            writer.array(packet.chunk)
            writer.finishPacket()
            return true
        }
        guard let peer = self.peer, self.state != .ended else {
            writer.removeAll()
            return false
        }
        writer.beginPacket(self.header(tag: peer.tag))
        let hasCookie = self.writeHandshake(into: &writer)
        if hasCookie {
            // RFC 9260 §5.1 C: pending data may follow COOKIE ECHO in its packet, but in no other until COOKIE ACK.
            _ = self.transmission.write(into: &writer, at: now)
        } else if self.state.isSynchronized {
            self.writeControl(into: &writer, at: now)
            if self.state.sendsData, self.transmission.write(into: &writer, at: now) {
                self.heartbeat.lastSentAt = now
            }
        }
        guard writer.count > CommonHeader.size else {
            writer.removeAll()
            return false
        }
        // RFC 9653 §5.2: a packet with COOKIE ECHO has a checksum in any case.
        let omitsChecksum = self.configuration.usesZeroChecksum && peer.acceptsZeroChecksum && !hasCookie
        writer.finishPacket(zeroChecksum: omitsChecksum)
        return true
    }

    private func header(tag: UInt32) -> CommonHeader {
        CommonHeader(
            sourcePort: self.configuration.localPort,
            destinationPort: self.configuration.remotePort,
            verificationTag: tag
        )
    }

    /// - Returns: whether the packet has a COOKIE ECHO.
    private mutating func writeHandshake(into writer: inout ByteWriter) -> Bool {
        var hasCookie = false
        if self.control.isCookieEchoDue, case .cookieEchoed(let handshake) = self.state {
            hasCookie = true
            writer.cookieEchoChunk(handshake.cookie)
            while let cause = self.control.popError(room: self.room(in: writer)) {
                writer.errorChunk([cause])
            }
        }
        self.control.isCookieEchoDue = false
        if self.control.isCookieAckDue {
            writer.chunk(.cookieAck)
            self.control.isCookieAckDue = false
        }
        return hasCookie
    }

    private mutating func writeControl(into writer: inout ByteWriter, at now: Instant) {
        if !self.pendingSACKs.isEmpty {
            self.pendingSACKs.pop(into: &writer)
        } else if self.receiver.isSACKDue(at: now, atBatchEnd: true) {
            self.receiver.writeSACK(room: self.room(in: writer), to: &writer)
        }
        if self.control.isShutdownDue {
            writer.shutdownChunk(ShutdownChunk(cumulativeTSN: self.receiver.cumulativeTSN))
            self.control.isShutdownDue = false
        }
        if self.control.isShutdownAckDue {
            writer.chunk(.shutdownAck)
            self.control.isShutdownAckDue = false
        }
        if let information = self.control.heartbeat, self.room(in: writer) >= information.count + 8 {
            writer.heartbeatChunk(information: information.span)
            self.control.heartbeat = nil
        }
        while let information = self.control.popHeartbeatAnswer(room: self.room(in: writer)) {
            writer.heartbeatChunk(information: information.span, isAck: true)
        }
        while let cause = self.control.popError(room: self.room(in: writer)) {
            writer.errorChunk([cause])
        }
        self.writeReconfig(into: &writer, at: now)
    }

    /// Bytes that are left in a packet.
    func room(in writer: ByteWriter) -> Int {
        (self.configuration.mtu & ~3) - ((writer.count + 3) & ~3)
    }
}
