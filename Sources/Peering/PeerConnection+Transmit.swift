// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import ICE
import SCTP
package import Wire

extension PeerConnection {
    /// Segments in one transmit: more do not fit the socket buffer of a browser (64 KiB, of which the kernel charges
    /// twice).
    private static let maximumSegments = 45

    /// Fills the buffer with what is to be sent next and says where it goes; nil when there is nothing now.
    ///
    /// A buffer may hold many datagrams of one size (`Transmit.segmentSize`). Call it until nil after every mutation.
    package mutating func pollTransmit(into buffer: DatagramBuffer, at now: Instant) -> Transmit? {
        while true {
            buffer.removeAll()
            if let transmit = self.relays.pollTransmit(into: buffer) { return transmit }
            guard let transmit = self.pollDirect(into: buffer, at: now) else {
                guard self.isClosed, self.relays.close(at: now) else { return nil }
                continue
            }
            if self.relays.hasBase(transmit.source) { return transmit }
            self.relays.send(buffer.bytes.span, transmit, at: now)
        }
    }

    /// The same as if nothing had to be wrapped for a relay.
    private mutating func pollDirect(into buffer: DatagramBuffer, at now: Instant) -> Transmit? {
        if let copy = self.pendingCopy.take() {
            buffer.bytes.append(contentsOf: copy.bytes)
            return copy.transmit
        }
        if let check = self.agent.pollTransmit() {
            buffer.bytes.append(contentsOf: check.bytes)
            return Transmit(from: check.source, to: check.destination, segmentSize: buffer.count)
        }
        if let (bytes, start) = self.secure?.pollDatagram() {
            buffer.bytes.append(contentsOf: bytes)
            // The session may have moved since the handshake; what is said now, an alert for one, goes where it is.
            let path = self.secure?.isEstablished == true ? self.route.current ?? start : start
            return Transmit(from: path.local, to: path.remote, segmentSize: buffer.count)
        }
        guard let path = self.route.current, let secure = self.secure, secure.isEstablished else { return nil }
        guard let size = self.fill(buffer, through: secure, at: now) else {
            return self.isClosed ? self.sayGoodbye(through: secure, on: path, into: buffer, at: now) : nil
        }
        return Transmit(from: path.local, to: path.remote, segmentSize: size)
    }

    /// After the last packet of the association comes `close_notify`, once.
    private func sayGoodbye(
        through secure: SecureTransport,
        on path: Path,
        into buffer: DatagramBuffer,
        at now: Instant
    ) -> Transmit? {
        secure.close(at: now)
        guard let (bytes, _) = secure.pollDatagram() else { return nil }
        buffer.bytes.append(contentsOf: bytes)
        return Transmit(from: path.local, to: path.remote, segmentSize: buffer.count)
    }

    /// Seals SCTP packets into the buffer while they have one size; a shorter one may end the run.
    ///
    /// Returns that size; nil when there was nothing.
    private mutating func fill(_ buffer: DatagramBuffer, through secure: SecureTransport, at now: Instant) -> Int? {
        var segmentSize: Int?
        var segments = 0
        while segments < Self.maximumSegments {
            if !self.holdsPacket {
                self.packet.removeAll()
                guard self.association.pollTransmit(into: &self.packet, at: now) else { break }
                self.holdsPacket = true
            }
            let record = self.packet.count + DTLSConnection.recordOverhead
            if let segmentSize, record > segmentSize { break }
            guard buffer.count + record <= DatagramBuffer.capacity else { break }
            let start = buffer.count
            self.holdsPacket = false
            guard secure.seal(self.packet.bytes.span, into: buffer) else { continue }
            if segments == 0 { self.copyPacket(through: secure, at: now) }
            segments += 1
            guard let size = segmentSize else {
                segmentSize = buffer.count - start
                continue
            }
            if buffer.count - start < size { break }
        }
        return segmentSize
    }

    /// Seals a packet once more for a path that is not proven yet.
    ///
    /// It is a record of its own: a copy of the same one would be a replay wherever the path in use is not the slower one.
    private mutating func copyPacket(through secure: SecureTransport, at now: Instant) {
        guard let probe = self.route.probe(at: now) else { return }
        let buffer = DatagramBuffer()
        guard secure.seal(self.packet.bytes.span, into: buffer) else { return }
        let copy = Transmit(from: probe.local, to: probe.remote, segmentSize: buffer.count)
        self.pendingCopy = (copy, buffer.bytes)
    }
}
