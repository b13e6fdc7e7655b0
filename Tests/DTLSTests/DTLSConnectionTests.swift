// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import Testing
import Wire

@Suite struct DTLSConnectionTests {
    private func connected(mtu: Int = 1_200) throws -> Pair {
        let pair = try Pair(mtu: mtu)
        pair.connect()
        try #require(pair.isEstablished)
        let verified = pair.verify()
        try #require(verified)
        return pair
    }

    @Test func `records are appended to the buffer and opened in order`() throws {
        try inVirtualTime(seed: 1) {
            let pair = try self.connected()
            let buffer = DatagramBuffer()
            for size in [1, 2, 500, 1_163] {
                let plaintext = [UInt8](repeating: UInt8(size & 0xFF), count: size)
                let before = buffer.count
                let record = try pair.client.seal(plaintext.span, into: buffer)
                #expect(record == size + DTLSConnection.recordOverhead)
                #expect(buffer.count == before + record)
            }
            pair.inject(buffer.bytes, to: .server)
            #expect(pair.received[1].map(\.count) == [1, 2, 500, 1_163])
            pair.inject(buffer.bytes, to: .server)
            #expect(pair.received[1].count == 4, "replayed records are dropped")
            #expect(pair.server.pollHandshakeDatagram() == nil)
        }
    }

    @Test func `the largest record passes both ways`() throws {
        try inVirtualTime(seed: 1) {
            let pair = try self.connected()
            try pair.client.setMTU(65_507)
            #expect(pair.client.maximumPlaintextSize == 16_384)
            let plaintext = [UInt8](repeating: 3, count: 16_384)
            pair.inject(try pair.seal(plaintext, on: .client), to: .server)
            #expect(pair.received[1] == [plaintext])
        }
    }

    @Test func `a plaintext that exceeds the MTU is refused until the MTU is raised`() throws {
        try inVirtualTime(seed: 1) {
            let pair = try self.connected()
            let plaintext = [UInt8](repeating: 9, count: 1_164)
            #expect(throws: DTLSError.plaintextSize(1_164, limit: 1_163)) { try pair.seal(plaintext, on: .client) }
            #expect(throws: DTLSError.plaintextSize(0, limit: 1_163)) { try pair.seal([], on: .client) }
            try pair.client.setMTU(1_201)
            pair.inject(try pair.seal(plaintext, on: .client), to: .server)
            #expect(pair.received[1] == [plaintext])
            #expect(throws: DTLSError.mtuOutOfRange(255)) { try pair.client.setMTU(255) }
            #expect(throws: DTLSError.mtuOutOfRange(65_508)) { try pair.client.setMTU(65_508) }
            #expect(throws: DTLSError.mtuOutOfRange(255)) { try Pair(mtu: 255) }
        }
    }

    @Test func `a full buffer takes no record`() throws {
        try inVirtualTime(seed: 1) {
            let pair = try self.connected()
            let buffer = DatagramBuffer()
            buffer.bytes = [UInt8](repeating: 0, count: DatagramBuffer.capacity - 137)
            let plaintext = [UInt8](repeating: 1, count: 101)
            #expect(throws: DTLSError.bufferFull) { try pair.client.seal(plaintext.span, into: buffer) }
            #expect(buffer.count == DatagramBuffer.capacity - 137)
            #expect(try pair.client.seal(plaintext.span.extracting(0..<100), into: buffer) == 137)
        }
    }

    @Test func `nothing flows before the fingerprint is verified`() throws {
        try inVirtualTime(seed: 1) {
            let pair = try Pair()
            #expect(throws: DTLSError.notEstablished) { try pair.seal([1], on: .client) }
            let tooEarly = pair.client.verifyPeer(pair.serverCertificate.fingerprint)
            #expect(!tooEarly)
            pair.connect()
            #expect(throws: DTLSError.peerNotVerified) { try pair.seal([1], on: .client) }
            let verified = pair.client.verifyPeer(pair.serverCertificate.fingerprint)
            #expect(verified)
            pair.inject(try pair.seal([1], on: .client), to: .server)
            #expect(pair.received[1].isEmpty)
            let answered = pair.server.verifyPeer(pair.clientCertificate.fingerprint)
            #expect(answered)
            pair.inject(try pair.seal([2], on: .client), to: .server)
            #expect(pair.received[1] == [[2]])
        }
    }

    @Test func `data that overtakes the end of the handshake is delivered once the peer is verified`() throws {
        try inVirtualTime(seed: 1) {
            let pair = try Pair()
            pair.start()
            pair.run(for: .seconds(1)) { pair.server.state == .established }
            let lastFlight = pair.trace.filter { $0.sender == .server && $0.arrival > pair.now }
            let answered = pair.server.verifyPeer(pair.clientCertificate.fingerprint)
            try #require(answered && pair.client.state == .handshaking && !lastFlight.isEmpty)
            pair.inject(try pair.seal([1], on: .server), to: .client)
            for flight in lastFlight {
                pair.inject(flight.bytes, to: .client)
            }
            var early: [[UInt8]] = []
            pair.client.deliverEarlyData { early.append([UInt8](copying: $0)) }
            #expect(pair.client.state == .established && early.isEmpty)
            let verified = pair.client.verifyPeer(pair.serverCertificate.fingerprint)
            pair.client.deliverEarlyData { early.append([UInt8](copying: $0)) }
            #expect(verified && early == [[1]])
        }
    }

    @Test func `a wrong fingerprint fails the connection`() throws {
        try inVirtualTime(seed: 1) {
            let pair = try Pair()
            pair.connect()
            let verified = pair.client.verifyPeer(pair.clientCertificate.fingerprint)
            #expect(!verified)
            pair.drain(.client)
            #expect(pair.client.state == .failed(.fingerprintMismatch))
            #expect(pair.events[0].last == .failed(.fingerprintMismatch))
            let retried = pair.client.verifyPeer(pair.serverCertificate.fingerprint)
            #expect(!retried)
            #expect(throws: DTLSError.notEstablished) { try pair.seal([1], on: .client) }
        }
    }

    @Test func `close_notify ends both sides, once`() throws {
        try inVirtualTime(seed: 1) {
            let pair = try self.connected()
            pair.client.close(at: pair.now)
            pair.client.close(at: pair.now)
            pair.drain(.client)
            #expect(pair.client.state == .closed(by: .local))
            pair.run(for: .seconds(1))
            #expect(pair.server.state == .closed(by: .remote))
            #expect(pair.events[0].dropFirst() == [.closed(by: .local)])
            #expect(pair.events[1].dropFirst() == [.closed(by: .remote)])
            let alerts = pair.trace.filter { $0.bytes[0] == Records.alert }
            #expect(alerts.map(\.sender) == [.client, .server])
            #expect(throws: DTLSError.notEstablished) { try pair.seal([1], on: .server) }
            #expect(throws: DTLSError.notEstablished) { try pair.seal([1], on: .client) }
        }
    }

    @Test func `closing during the handshake sends nothing and stops the timer`() throws {
        try inVirtualTime(seed: 1) {
            let pair = try Pair()
            pair.start()
            let sent = pair.trace.count
            pair.client.close(at: pair.now)
            pair.drain(.client)
            #expect(pair.trace.count == sent)
            #expect(pair.client.nextTimeout == nil)
            #expect(pair.events[0] == [.closed(by: .local)])
        }
    }

    @Test func `both sides export the same keying material`() throws {
        try inVirtualTime(seed: 1) {
            let pair = try Pair()
            #expect(throws: DTLSError.notEstablished) {
                try pair.client.exportKeyingMaterial(label: "EXPORTER-icetalk", context: nil, count: 32)
            }
            pair.connect()
            for context: [UInt8]? in [nil, [], [1, 2, 3]] {
                let left = try pair.client.exportKeyingMaterial(label: "EXPORTER-a", context: context, count: 32)
                let right = try pair.server.exportKeyingMaterial(label: "EXPORTER-a", context: context, count: 32)
                let other = try pair.server.exportKeyingMaterial(label: "EXPORTER-b", context: context, count: 32)
                #expect(left.count == 32)
                #expect(left == right)
                #expect(left != other)
            }
        }
    }

    @Test func `certificates are fresh, and random without virtual time`() throws {
        let first = try DTLSCertificate()
        let second = try DTLSCertificate()
        #expect(first.fingerprint != second.fingerprint)
        try inVirtualTime(seed: 5) {
            let third = try DTLSCertificate()
            let fourth = try DTLSCertificate()
            #expect(third.fingerprint != fourth.fingerprint)
        }
    }

    @Test func `datagrams before the start are ignored`() throws {
        let certificate = try DTLSCertificate()
        var server = try DTLSConnection(certificate: certificate, role: .server, mtu: 1_200)
        for datagram in Captures.chromium {
            try server.handle(datagram.span, at: .zero) { _ in }
        }
        let answer = server.pollHandshakeDatagram()
        #expect(answer == nil)
        #expect(server.state == .idle)
    }
}
