// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import Testing
import Wire

@Suite struct HandshakeTests {
    @Test func `both sides learn the fingerprint of the other`() throws {
        try inVirtualTime(seed: 1) {
            let pair = try Pair()
            pair.connect()
            #expect(pair.events[0] == [.established(peerFingerprint: pair.serverCertificate.fingerprint)])
            #expect(pair.events[1] == [.established(peerFingerprint: pair.clientCertificate.fingerprint)])
            #expect(pair.now == Instant.zero + .milliseconds(40))
            let extended = pair.client.isExtendedMasterSecret && pair.server.isExtendedMasterSecret
            #expect(extended)
            let timeouts = [pair.client.nextTimeout, pair.server.nextTimeout]
            #expect(timeouts == [nil, nil])
        }
    }

    @Test(arguments: UInt64(1)...40)
    func `a lossy, reordering, duplicating network only delays it`(seed: UInt64) throws {
        try inVirtualTime(seed: seed) {
            let network = Pair.Network(loss: 0.2, duplication: 0.2, delay: 5, jitter: 60)
            let pair = try Pair(seed: seed, mtu: seed % 2 == 0 ? 256 : 1_200, network: network)
            pair.connect()
            #expect(pair.isEstablished, "seed \(seed)")
        }
    }

    @Test(arguments: UInt64(1)...4)
    func `the same seed gives the same datagrams`(seed: UInt64) throws {
        func trace() throws -> [Pair.Flight] {
            try inVirtualTime(seed: seed) {
                let network = Pair.Network(loss: 0.1, duplication: 0.1, delay: 5, jitter: 60)
                let pair = try Pair(seed: seed, network: network)
                pair.connect()
                return pair.trace
            }
        }
        let first = try trace()
        let second = try trace()
        #expect(!first.isEmpty)
        #expect(first == second)
    }
}
