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
            if self.tcp.hasBase(transmit.source) {
                self.tcp.send(buffer.bytes.span, transmit, at: now)
            } else {
                self.relays.send(buffer.bytes.span, transmit, at: now)
            }
        }
    }

    /// The same as if nothing had to be wrapped for a relay.
    private mutating func pollDirect(into buffer: DatagramBuffer, at now: Instant) -> Transmit? {
        if let probe = self.pendingProbe.take() {
            buffer.bytes.append(contentsOf: probe.bytes)
            return probe.transmit
        }
        if let check = self.agent.pollTransmit() {
            buffer.bytes.append(contentsOf: check.bytes)
            return Transmit(from: check.source, to: check.destination, segmentSize: buffer.count)
        }
        if let (bytes, start) = self.secure?.pollDatagram() {
            buffer.bytes.append(contentsOf: bytes)
            // The session may have moved since the handshake; what is said now, an alert for one, goes where it is. A client that
            // has not seen the last flight awaits it where it asks for it.
            let path = self.isSecuredThere ? self.route.current ?? start : start
            return Transmit(from: path.local, to: path.remote, segmentSize: buffer.count)
        }
        guard let path = self.route.current, let secure = self.secure, secure.isEstablished,
            self.isClosed || !self.isCongested(path)
        else { return nil }
        let probe = self.route.probe(at: now)
        guard let size = self.fill(buffer, through: secure, segments: probe == nil ? Self.maximumSegments : 1, at: now)
        else {
            return self.isClosed ? self.sayGoodbye(through: secure, on: path, into: buffer, at: now) : nil
        }
        self.agent.noteDataSent(at: now)
        if let probe { self.prepareProbe(on: probe, through: secure, at: now) }
        return Transmit(from: path.local, to: path.remote, segmentSize: size)
    }

    /// Has the packet that was just sealed go out on another path as well, in a record of its own: a copy of the record that
    /// comes second would be dropped as a replay, and prove nothing.
    private mutating func prepareProbe(on path: Path, through secure: SecureTransport, at now: Instant) {
        let record = DatagramBuffer()
        guard secure.seal(self.packet.bytes.span, into: record) else { return }
        self.route.noteProbe(at: now)
        self.pendingProbe = (Transmit(from: path.local, to: path.remote, segmentSize: record.count), record.bytes)
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
    private mutating func fill(
        _ buffer: DatagramBuffer,
        through secure: SecureTransport,
        segments maximum: Int,
        at now: Instant
    ) -> Int? {
        var segmentSize: Int?
        var segments = 0
        while segments < maximum {
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
            segments += 1
            guard let size = segmentSize else {
                segmentSize = buffer.count - start
                continue
            }
            if buffer.count - start < size { break }
        }
        return segmentSize
    }
}
