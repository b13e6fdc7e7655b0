// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

extension Association {
    /// Looks at each chunk of a packet in turn.
    mutating func takeIn(_ packet: Span<UInt8>, at now: Instant) throws(SCTPError) {
        let header: CommonHeader
        do throws(MalformedPacket) {
            header = try CommonHeader(verifying: packet, acceptsZeroChecksum: self.declaredZeroChecksum)
        } catch {
            throw .malformed(error)
        }
        guard header.sourcePort == self.configuration.remotePort, header.destinationPort == self.configuration.localPort
        else { throw .wrongPorts(source: header.sourcePort, destination: header.destinationPort) }
        var reader = ChunkReader()
        var isFirst = true
        while let chunk = try Self.nextChunk(&reader, in: packet) {
            // A lost SHUTDOWN COMPLETE is said again, or the peer would wait for its guard timer.
            guard self.state != .ended || chunk.type == .shutdownAck else { return }
            guard try self.takeIn(chunk, of: packet, header, isFirst: isFirst, at: now) else { return }
            isFirst = false
        }
    }

    /// A packet is over, whatever became of it.
    mutating func endPacket(at now: Instant) {
        guard self.state.isSynchronized else { return }
        self.receiver.endPacket(at: now)
        if self.receiver.isSACKDue(at: now, atBatchEnd: false) {
            let room = (self.configuration.mtu & ~3) - CommonHeader.size
            self.pendingSACKs.append(from: &self.receiver, room: room)
        }
        self.completeDeferredReset()
    }

    private static func nextChunk(_ reader: inout ChunkReader, in packet: Span<UInt8>) throws(SCTPError) -> ChunkField?
    {
        do throws(MalformedPacket) {
            return try reader.next(in: packet)
        } catch {
            throw .malformed(error)
        }
    }

    /// Applies the rules for verification tags (RFC 9260 §8.5) and hands a chunk on.
    ///
    /// - Returns: whether the rest of the packet is looked at.
    private mutating func takeIn(
        _ chunk: ChunkField,
        of packet: Span<UInt8>,
        _ header: CommonHeader,
        isFirst: Bool,
        at now: Instant
    ) throws(SCTPError) -> Bool {
        let value = packet.extracting(chunk.value)
        switch chunk.type {
        case .initiation:
            // §8.5.1 A, and §6.10: INIT is alone in its packet.
            guard header.verificationTag == 0 else { throw .wrongVerificationTag(header.verificationTag) }
            guard isFirst, chunk.value.upperBound + 3 >= packet.count else { throw .unexpectedChunk(.initiation) }
            try self.receiveInit(value, at: now)
            return false
        case .cookieEcho:
            guard isFirst else { throw .unexpectedChunk(.cookieEcho) }
            return try self.receiveCookieEcho(value, tag: header.verificationTag, at: now)
        case .abort:
            try self.checkReflectedTag(header, flags: chunk.flags)
            self.receiveAbort(value, at: now)
            return false
        case .shutdownComplete:
            try self.checkReflectedTag(header, flags: chunk.flags)
            self.receiveShutdownComplete()
            return false
        case .shutdownAck where !self.state.isSynchronized:
            // §8.5.1 E: the peer still knows an association that this side does not know any more.
            self.control.sendStandalone(tag: header.verificationTag) { $0.shutdownCompleteChunk(reflectsTag: true) }
            return false
        default:
            guard header.verificationTag == self.localTag, self.state != .closed else {
                throw .wrongVerificationTag(header.verificationTag)
            }
            return try self.takeInAssociated(chunk, of: packet, at: now)
        }
    }

    /// §8.5.1 B and C: the T bit says that the tag is the one that the receiver would send.
    private func checkReflectedTag(_ header: CommonHeader, flags: UInt8) throws(SCTPError) {
        let isReflected = flags & 1 != 0
        let expected = isReflected ? self.peer?.tag : self.localTag
        guard self.state != .closed, header.verificationTag == expected else {
            throw .wrongVerificationTag(header.verificationTag)
        }
    }

    private mutating func takeInAssociated(
        _ chunk: ChunkField,
        of packet: Span<UInt8>,
        at now: Instant
    ) throws(SCTPError) -> Bool {
        let value = packet.extracting(chunk.value)
        switch chunk.type {
        case .data: try self.receiveData(value, flags: chunk.flags, at: now)
        case .sack: try self.receiveSACK(value, at: now)
        case .forwardTSN: try self.receiveForwardTSN(value)
        case .heartbeat: try self.receiveHeartbeat(value)
        case .heartbeatAck: self.receiveHeartbeatAck(value, at: now)
        case .reconfig: try self.receiveReconfig(value, at: now)
        case .initiationAck: try self.receiveInitAck(value, at: now)
        case .cookieAck: self.receiveCookieAck(at: now)
        case .shutdown: try self.receiveShutdown(value, at: now)
        case .shutdownAck: self.receiveShutdownAck()
        case .error: self.receiveError(value, at: now)
        case .pad: break
        default:
            let rule = chunk.type.unrecognizedRule
            if rule.reports {
                let whole = packet.extracting(chunk.whole)
                let copy = whole.extracting(0..<min(whole.count, Self.maximumReport))
                self.control.report(ErrorCause(.unrecognizedChunkType, value: [UInt8](copying: copy)))
            }
            return rule.continues
        }
        return true
    }

    private mutating func receiveData(_ value: Span<UInt8>, flags: UInt8, at now: Instant) throws(SCTPError) {
        self.takeDataForCookieAck(at: now)
        guard self.state.receivesData else { return }
        var reader = ByteReader(value)
        do throws(MalformedPacket) {
            let header = try DataChunkHeader(parsing: &reader, flags: flags, interleaved: false)
            try self.receiveData(header, payload: reader.rest(), at: now)
        } catch {
            if case .noUserData(let tsn) = error {
                self.end(.aborted(.protocolViolation), telling: .noUserData(tsn))
            }
            throw .malformed(error)
        }
    }

    private mutating func receiveData(
        _ header: DataChunkHeader,
        payload: Span<UInt8>,
        at now: Instant
    ) throws(MalformedPacket) {
        do throws(ReassemblyViolation) {
            switch try self.receiver.receive(header, payload: payload, at: now) {
            case .accepted, .dropped: break
            case .invalidStream(let stream): self.control.report(.invalidStream(stream))
            }
        } catch {
            self.end(.aborted(.protocolViolation), telling: error.cause)
            return
        }
        // RFC 9260 §9.2: in SHUTDOWN-SENT data is answered at once, with SHUTDOWN.
        if self.state == .shutdownSent { self.sendShutdown(at: now) }
    }

    private mutating func receiveSACK(_ value: Span<UInt8>, at now: Instant) throws(SCTPError) {
        self.takeDataForCookieAck(at: now)
        guard self.state.isSynchronized else { return }
        do throws(MalformedPacket) {
            try self.sack.read(value)
        } catch {
            throw .malformed(error)
        }
        guard self.transmission.handle(self.sack, at: now) else { return }
        self.receiver.roundTrip = self.transmission.timeout.smoothed
        self.dataWasAcknowledged(at: now)
    }

    /// What waits for acknowledgements goes on: a shutdown, or the reset of streams.
    mutating func dataWasAcknowledged(at now: Instant) {
        self.continueShutdown(at: now)
        self.startReset(at: now)
    }

    private mutating func receiveForwardTSN(_ value: Span<UInt8>) throws(SCTPError) {
        // Before the handshake is over there is nothing to skip; it comes again.
        guard self.state.receivesData, self.configuration.supportsForwardTSN else { return }
        do throws(MalformedPacket) {
            self.receiver.forward(try ForwardTSNChunk(parsing: value, interleaved: false))
        } catch {
            throw .malformed(error)
        }
    }

    private mutating func receiveAbort(_ value: Span<UInt8>, at now: Instant) {
        // Some stacks abort because of the zero checksum parameter, although its type says that it may be skipped.
        if case .cookieWait(let handshake) = self.state, handshake.attempts == 1, self.declaredZeroChecksum {
            self.repeatHandshake(at: now)
            return
        }
        var causes: [ErrorCause] = []
        do throws(MalformedPacket) {
            causes = try ErrorCause.parse(value)
        } catch {
            causes = []
        }
        self.end(.aborted(.peer(causes)), telling: nil)
    }

    private mutating func receiveError(_ value: Span<UInt8>, at now: Instant) {
        guard case .cookieEchoed = self.state else { return }
        do throws(MalformedPacket) {
            let causes = try ErrorCause.parse(value)
            if causes.contains(where: { $0.code == .staleCookie }) { self.startOver(at: now) }
        } catch {
            // What cannot be read reports nothing.
            return
        }
    }

    /// Bytes of an unknown chunk that are sent back.
    private static let maximumReport = 256
}
