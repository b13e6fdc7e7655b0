// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import Testing
import Wire

/// What broke handshakes elsewhere.
@Suite struct HandshakeLessonTests {
    @Test(arguments: [Captures.chromium, Captures.firefox], [[0, 1], [1, 0], [0, 0, 1], [1, 1, 0], [0, 1, 0, 1]])
    func `a browser's split ClientHello is answered, in any order and duplicated`(
        hello: [[UInt8]],
        order: [Int]
    ) throws {
        try inVirtualTime(seed: 29) {
            let certificate = try DTLSCertificate()
            var server = try DTLSConnection(certificate: certificate, role: .server, mtu: 1_200)
            server.start(at: .zero)
            for index in order {
                let datagram = hello[index]
                try server.handle(datagram.span, at: .zero) { _ in }
            }
            var records: [[UInt8]] = []
            while let datagram = server.pollHandshakeDatagram() {
                #expect(datagram.count <= 1_200)
                records += Records.split(datagram)
            }
            // ServerHello, Certificate, ServerKeyExchange, CertificateRequest, ServerHelloDone
            #expect(records.map { $0[13] } == [2, 11, 12, 13, 14])
            #expect(server.nextTimeout != nil)
            let (cipher, extensions) = try Records.serverHello(records[0])
            #expect(cipher == 0xC02B)
            // extended_master_secret, ec_point_formats, renegotiation_info, use_srtp, without which some stacks refuse; not
            // ALPN (16).
            #expect(extensions == [23, 11, 0xFF01, 14])
        }
    }

    @Test(arguments: [[0], [1], [2], [3], [2, 3], [3, 4], [3, 5]], [256, 1_200])
    func `lost flights are repeated, also the last one, without application data`(lost: [Int], mtu: Int) throws {
        try inVirtualTime(seed: 30) {
            let pair = try Pair(mtu: mtu)
            pair.tamper = { flight, index in lost.contains(index) ? [] : [flight] }
            pair.connect()
            #expect(pair.isEstablished)
            #expect(pair.now > Instant.zero + .milliseconds(40))
        }
    }

    @Test func `the whole last flight of the server is lost twice`() throws {
        try inVirtualTime(seed: 30) {
            let pair = try Pair()
            var losses = 0
            pair.tamper = { flight, _ in
                let isLast = Records.split(flight.bytes).contains { Records.epoch($0) == 1 }
                guard flight.sender == .server, isLast, losses < 2 else { return [flight] }
                losses += 1
                return []
            }
            pair.connect()
            #expect(losses == 2)
            #expect(pair.isEstablished)
        }
    }

    @Test(arguments: [Pair.Side.client, .server])
    func `Finished before ChangeCipherSpec costs no retransmission`(side: Pair.Side) throws {
        try inVirtualTime(seed: 31) {
            let pair = try Pair()
            pair.tamper = { flight, _ in
                guard flight.sender == side else { return [flight] }
                let records = Records.split(flight.bytes)
                let ordered = records.filter { $0[0] != Records.changeCipherSpec }
                let late = records.filter { $0[0] == Records.changeCipherSpec }
                return (ordered + late).map { Pair.Flight(sender: side, arrival: flight.arrival, bytes: $0) }
            }
            pair.connect()
            #expect(pair.isEstablished)
            #expect(pair.now == Instant.zero + .milliseconds(40))
        }
    }

    @Test(arguments: [Pair.Side.client, .server])
    func `ChangeCipherSpec before everything else is survived`(side: Pair.Side) throws {
        try inVirtualTime(seed: 31) {
            let pair = try Pair()
            var isFirst = true
            pair.tamper = { flight, _ in
                let records = Records.split(flight.bytes)
                guard flight.sender == side, isFirst, records.contains(where: { $0[0] == Records.changeCipherSpec })
                else { return [flight] }
                isFirst = false
                let early = records.filter { $0[0] == Records.changeCipherSpec }
                let ordered = records.filter { $0[0] != Records.changeCipherSpec }
                return (early + ordered).map { Pair.Flight(sender: side, arrival: flight.arrival, bytes: $0) }
            }
            pair.connect()
            #expect(!isFirst)
            #expect(pair.isEstablished)
        }
    }

    @Test func `a handshake fits into datagrams of 256 bytes`() throws {
        try inVirtualTime(seed: 31) {
            let pair = try Pair(mtu: 256)
            pair.connect()
            #expect(pair.isEstablished)
            #expect(pair.trace.allSatisfy { $0.bytes.count <= 256 })
            #expect(pair.now == Instant.zero + .milliseconds(40))
        }
    }

    @Test(arguments: [Captures.chromium, Captures.firefox])
    func `the ClientHello of somebody else does not wedge a handshake`(hello: [[UInt8]]) throws {
        try inVirtualTime(seed: 33) {
            let pair = try Pair()
            pair.tamper = { flight, _ in
                guard flight.sender == .client else { return [flight] }
                let foreign = hello.enumerated().map { index, bytes in
                    var bytes = bytes
                    bytes[10] = UInt8(20 + index)
                    return Pair.Flight(sender: .client, arrival: flight.arrival, bytes: bytes)
                }
                return [flight] + foreign
            }
            pair.connect()
            #expect(pair.isEstablished)
            let verified = pair.verify()
            #expect(verified)
            pair.inject(hello[0], to: .server)
            pair.inject(hello[1], to: .server)
            pair.inject(try pair.seal([1, 2, 3], on: .client), to: .server)
            #expect(pair.received[1] == [[1, 2, 3]])
        }
    }

    @Test(arguments: 0...255)
    func `forged alerts never end a handshake`(description: Int) throws {
        try inVirtualTime(seed: 34) {
            let pair = try Pair()
            let alert = Records.plaintext(Records.alert, sequence: 40, [2, UInt8(description)])
            pair.tamper = { flight, _ in
                [Pair.Flight(sender: flight.sender, arrival: flight.arrival, bytes: alert), flight]
            }
            pair.connect()
            #expect(pair.isEstablished)
            #expect(pair.now == Instant.zero + .milliseconds(40))
            #expect(pair.client.unauthenticatedAlert == UInt8(description))
            #expect(pair.client.droppedRecords > 0)
            let verified = pair.verify()
            #expect(verified)
            pair.inject(alert, to: .client)
            pair.inject(try pair.seal([7], on: .server), to: .client)
            #expect(pair.received[0] == [[7]])
        }
    }
}
