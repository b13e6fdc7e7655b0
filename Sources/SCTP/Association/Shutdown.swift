// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The end of an association (RFC 9260 §9).
extension Association {
    /// Ends the association when all that was sent is acknowledged; nothing can be sent from now on.
    package mutating func shutdown(at now: Instant) {
        switch self.state {
        case .closed, .cookieWait, .cookieEchoed:
            self.end(.shutdownComplete, telling: self.peer == nil ? nil : ErrorCause(.userInitiatedAbort))
        case .established:
            self.state = .shutdownPending
            self.continueShutdown(at: now)
        case .shutdownPending, .shutdownSent, .shutdownReceived, .shutdownAckSent, .ended:
            break
        }
    }

    /// Ends the association at once.
    ///
    /// The ABORT is the only packet that still leaves: drain `pollTransmit` before the path is torn down.
    package mutating func abort(reason: String) {
        guard self.state != .ended else { return }
        let text = String(decoding: reason.utf8.prefix(Self.maximumReason), as: UTF8.self)
        self.end(.aborted(.local), telling: ErrorCause(.userInitiatedAbort, reason: text))
    }

    /// The last step of every association.
    mutating func end(_ event: Event, telling cause: ErrorCause?) {
        guard self.state != .ended else { return }
        self.state = .ended
        self.timers = TimerTable()
        self.pendingSACKs.removeAll()
        self.control.removeAll()
        if let cause, let peer = self.peer {
            self.control.sendStandalone(tag: peer.tag) { $0.abortChunk([cause]) }
        }
        self.events.append(event)
    }

    /// Goes on with a shutdown that waited for acknowledgements.
    mutating func continueShutdown(at now: Instant) {
        guard self.transmission.isIdle else { return }
        switch self.state {
        case .shutdownPending:
            self.state = .shutdownSent
            self.startShutdownGuard(at: now)
            self.sendShutdown(at: now)
        case .shutdownReceived:
            self.state = .shutdownAckSent
            self.startShutdownGuard(at: now)
            self.sendShutdownAck(at: now)
        case .closed, .cookieWait, .cookieEchoed, .established, .shutdownSent, .shutdownAckSent, .ended:
            break
        }
    }

    /// SHUTDOWN of the peer.
    mutating func receiveShutdown(_ value: Span<UInt8>, at now: Instant) throws(SCTPError) {
        let chunk: ShutdownChunk
        do throws(MalformedPacket) {
            chunk = try ShutdownChunk(parsing: value)
        } catch {
            throw .malformed(error)
        }
        switch self.state {
        case .established, .shutdownPending:
            self.transmission.handle(cumulativeTSN: chunk.cumulativeTSN, at: now)
            self.state = .shutdownReceived
            self.continueShutdown(at: now)
        case .shutdownReceived:
            self.transmission.handle(cumulativeTSN: chunk.cumulativeTSN, at: now)
            self.continueShutdown(at: now)
        case .shutdownSent:
            // Both sides shut down.
            self.state = .shutdownAckSent
            self.sendShutdownAck(at: now)
        case .shutdownAckSent:
            self.sendShutdownAck(at: now)
        case .closed, .cookieWait, .cookieEchoed, .ended:
            break
        }
    }

    /// SHUTDOWN ACK of the peer.
    mutating func receiveShutdownAck() {
        guard self.state == .shutdownSent || self.state == .shutdownAckSent, let peer = self.peer else { return }
        self.end(.shutdownComplete, telling: nil)
        self.control.sendStandalone(tag: peer.tag) { $0.shutdownCompleteChunk() }
    }

    /// SHUTDOWN COMPLETE of the peer.
    mutating func receiveShutdownComplete() {
        guard self.state == .shutdownAckSent else { return }
        self.end(.shutdownComplete, telling: nil)
    }

    /// T2-shutdown expired.
    mutating func repeatShutdown(at now: Instant) {
        self.shutdownAttempts += 1
        switch self.state {
        case .shutdownSent: self.sendShutdown(at: now)
        case .shutdownAckSent: self.sendShutdownAck(at: now)
        case .closed, .cookieWait, .cookieEchoed, .established, .shutdownPending, .shutdownReceived, .ended: break
        }
    }

    /// Sends SHUTDOWN, and again until it is answered.
    mutating func sendShutdown(at now: Instant) {
        self.control.isShutdownDue = true
        self.startShutdownTimer(at: now)
    }

    private mutating func sendShutdownAck(at now: Instant) {
        self.control.isShutdownDue = false
        self.control.isShutdownAckDue = true
        self.startShutdownTimer(at: now)
    }

    private mutating func startShutdownTimer(at now: Instant) {
        let delay = self.transmission.timeout.backedOff(self.shutdownAttempts)
        self.timers[.shutdown] = now.advanced(byNanoseconds: delay)
    }

    /// §9.2: "5 times RTO.Max".
    private mutating func startShutdownGuard(at now: Instant) {
        let delay = 5 * min(self.configuration.maximumTimeout.wholeNanoseconds, .max / 5)
        self.timers[.shutdownGuard] = now.advanced(byNanoseconds: delay)
    }

    /// Bytes of a reason that is told to the peer.
    private static let maximumReason = 256
}
