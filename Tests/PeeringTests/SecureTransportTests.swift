// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CVirtualTime
import DTLS
import Testing
import Wire

@testable import Peering

@Suite struct SecureTransportTests {
    private let first = Path(local: address("10.0.0.1:5000"), remote: address("10.0.0.2:5000"))
    private let second = Path(local: address("[fd00::1]:5000"), remote: address("[fd00::2]:5000"))

    /// The two ends, of which neither has begun.
    private func ends(_ manner: SecureTransport.Manner) throws -> (client: SecureTransport, server: SecureTransport) {
        let certificates = [try DTLSCertificate(), try DTLSCertificate()]
        func end(_ role: DTLSConnection.Role, mine: Int) -> SecureTransport {
            SecureTransport(
                role: role,
                manner: manner,
                certificate: certificates[mine],
                expected: certificates[1 - mine].fingerprint,
                datagramSize: 1200
            )
        }
        return (end(.client, mine: 0), end(.server, mine: 1))
    }

    /// Carries what one end has to say to the other, where it comes on `path`; where it was sent, and what came of it.
    private func carry(
        from sender: SecureTransport,
        to receiver: SecureTransport,
        arrivingOn path: Path
    ) -> (sentOn: [Path], outcomes: [SecureTransport.Outcome]) {
        var paths: [Path] = []
        var outcomes: [SecureTransport.Outcome] = []
        while let (bytes, sentOn) = sender.pollDatagram() {
            paths.append(sentOn)
            outcomes.append(receiver.handle(bytes.span, on: path, isTold: true, at: .zero) { _ in })
        }
        return (paths, outcomes)
    }

    @Test func `a single handshake goes on whatever path its datagrams take`() throws {
        icetalk_virtual_time_begin(1)
        defer { icetalk_virtual_time_end() }
        let (client, server) = try self.ends(.single)
        client.select(self.first, isTold: true, at: .zero)
        let hello = self.carry(from: client, to: server, arrivingOn: self.first)
        #expect(hello.sentOn == [self.first])

        // The server's ICE has selected another path than the client's.
        server.select(self.second, isTold: true, at: .zero)
        let answer = self.carry(from: server, to: client, arrivingOn: self.second)
        #expect(Set(answer.sentOn) == [self.second])

        client.select(self.second, isTold: true, at: .zero)
        let proof = self.carry(from: client, to: server, arrivingOn: self.second)
        #expect(Set(proof.sentOn) == [self.second])
        #expect(proof.outcomes.last == .secured(self.second))

        let end = self.carry(from: server, to: client, arrivingOn: self.first)
        #expect(end.outcomes.last == .secured(self.first))
    }

    @Test(arguments: [SecureTransport.Manner.single, .perPath])
    func `silence calls for a handshake on a further path only where handshakes race`(
        manner: SecureTransport.Manner
    ) throws {
        icetalk_virtual_time_begin(2)
        defer { icetalk_virtual_time_end() }
        let (client, _) = try self.ends(manner)
        client.select(self.first, isTold: true, at: .zero)
        #expect(client.pollDatagram()?.path == self.first)
        let later = Instant.zero + .seconds(5)
        client.startFurther(on: [(path: self.second, isTold: true)], at: later)
        #expect(client.pollDatagram()?.path == (manner == .perPath ? self.second : nil))
    }
}
