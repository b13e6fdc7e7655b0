// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CVirtualTime
import DTLS
import FuzzDriver
import Wire

/// Made once: what costs is their keys.
struct Certificates {
    let client: DTLSCertificate
    let server: DTLSCertificate

    init() {
        icetalk_virtual_time_begin(1)
        do throws(DTLSError) {
            self.client = try DTLSCertificate()
            self.server = try DTLSCertificate()
        } catch {
            fail("\(error)")
        }
    }
}

/// One side and what is on the way to it.
final class DTLSEnd {
    var connection: DTLSConnection
    let peerFingerprint: Fingerprint
    /// Datagrams on the way to this side.
    var inbox: [[UInt8]] = []
    /// What the other side has sealed for this one.
    var expected: Set<[UInt8]> = []
    var wasClosed = false

    init(_ certificate: DTLSCertificate, _ role: DTLSConnection.Role, peer: DTLSCertificate) {
        do throws(DTLSError) {
            self.connection = try DTLSConnection(certificate: certificate, role: role, mtu: 1_200)
        } catch {
            fail("\(error)")
        }
        self.peerFingerprint = peer.fingerprint
    }

    func take(_ plaintext: [UInt8]) {
        require(self.expected.remove(plaintext) != nil, "\(plaintext) was never sent, or comes twice")
    }

    var isEstablished: Bool { self.connection.state == .established }
}

/// Two sides in virtual time.
struct DTLSWorld {
    private let ends: [DTLSEnd]
    private var now = Instant.zero
    private var seen: [[UInt8]] = []
    private var sealed: UInt8 = 0

    init(certificates: Certificates) {
        icetalk_virtual_time_begin(2)
        self.ends = [
            DTLSEnd(certificates.client, .client, peer: certificates.server),
            DTLSEnd(certificates.server, .server, peer: certificates.client),
        ]
        for index in 0...1 {
            self.ends[index].connection.start(at: self.now)
            self.drain(index)
        }
    }

    /// Lets everything through until both sides stand.
    mutating func connect() {
        for _ in 0..<16 {
            for index in 0...1 {
                while !self.ends[index].inbox.isEmpty {
                    self.deliver(self.ends[index].inbox.removeFirst(), to: index)
                }
            }
        }
        require(self.ends.allSatisfy { $0.isEstablished && $0.connection.isPeerVerified })
    }

    /// Does what the input says next.
    mutating func step(_ input: inout FuzzInput) {
        let operation = input.u8()
        let index = Int(operation >> 7)
        let end = self.ends[index]
        switch operation & 15 {
        case 0...4 where !end.inbox.isEmpty:
            self.deliver(end.inbox.removeFirst(), to: index)
        case 5...6 where !end.inbox.isEmpty:
            var datagram = end.inbox.removeFirst()
            input.damage(&datagram)
            self.deliver(datagram, to: index)
        case 7 where !end.inbox.isEmpty:
            end.inbox.removeFirst()
        case 8:
            self.deliver(input.block(), to: index)
        case 9 where !self.seen.isEmpty:
            var datagram = self.seen[input.choice(self.seen.count)]
            input.damage(&datagram)
            self.deliver(datagram, to: index)
        case 10...11:
            self.expire(index)
        case 12...13:
            guard let datagram = self.seal(on: index) else { return }
            self.ends[1 - index].inbox.append(datagram)
        case 14:
            self.deliver(self.record(&input), to: index)
        case 15 where input.u8() == 0xC1:
            end.wasClosed = true
            end.connection.close(at: self.now)
            self.drain(index)
        default:
            break
        }
    }

    /// A record with a header that makes sense.
    private func record(_ input: inout FuzzInput) -> [UInt8] {
        var writer = ByteWriter()
        writer.u8(20 + input.u8() % 4)
        writer.u16(0xFEFD)
        writer.u16(UInt16(input.u8() & 1))
        writer.u32(0)
        writer.u16(UInt16(input.u8()))
        let body = input.take(Int(input.u8()))
        writer.u16(UInt16(body.count))
        writer.array(body)
        return writer.bytes
    }

    private mutating func deliver(_ datagram: [UInt8], to index: Int) {
        let end = self.ends[index]
        let wasVerified = end.connection.isPeerVerified
        var delivered: [[UInt8]] = []
        try? end.connection.handle(datagram.span, at: self.now) { delivered.append([UInt8](copying: $0)) }
        require(wasVerified || delivered.isEmpty, "data was delivered before the peer was verified")
        delivered.forEach(end.take)
        if self.seen.count < 64 { self.seen.append(datagram) }
        self.drain(index)
    }

    private mutating func expire(_ index: Int) {
        guard let timeout = self.ends[index].connection.nextTimeout else { return }
        self.now = max(self.now, timeout)
        icetalk_virtual_time_set(self.now.nanoseconds)
        self.ends[index].connection.handleTimeout(at: self.now)
        self.drain(index)
        requireProgress(self.ends[index].connection.nextTimeout, after: self.now)
    }

    private func drain(_ index: Int) {
        let end = self.ends[index]
        while end.connection.pollEvent() != nil {}
        if end.isEstablished, !end.connection.isPeerVerified {
            require(end.connection.verifyPeer(end.peerFingerprint), "the wrong certificate was let in")
            end.connection.deliverEarlyData { end.take([UInt8](copying: $0)) }
        }
        while let datagram = end.connection.pollHandshakeDatagram() {
            require(datagram.count <= end.connection.mtu, "\(datagram.count) bytes")
            if self.ends[1 - index].inbox.count < 64 { self.ends[1 - index].inbox.append(datagram) }
        }
    }

    /// The next message of a side, if it stands.
    private mutating func seal(on index: Int) -> [UInt8]? {
        let end = self.ends[index]
        guard end.isEstablished, end.connection.isPeerVerified else { return nil }
        self.sealed &+= 1
        let plaintext = [self.sealed, UInt8(index)] + [UInt8](repeating: 0x2A, count: Int(self.sealed) * 4)
        let buffer = DatagramBuffer()
        do throws(DTLSError) {
            let count = try end.connection.seal(plaintext.span, into: buffer)
            requireEqual(count, buffer.count)
        } catch {
            fail("\(error)")
        }
        self.ends[1 - index].expected.insert(plaintext)
        return buffer.bytes
    }

    /// A fresh message still arrives where both sides stand.
    mutating func requireSurvival() {
        defer { icetalk_virtual_time_end() }
        guard self.ends.allSatisfy({ $0.isEstablished && !$0.wasClosed }) else { return }
        for index in 0...1 {
            guard let datagram = self.seal(on: index) else { fail("nothing can be sealed") }
            let before = self.ends[1 - index].expected.count
            self.deliver(datagram, to: 1 - index)
            requireEqual(self.ends[1 - index].expected.count, before - 1, "the connection is deaf")
        }
    }
}
