// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import Testing
import Wire

@Suite struct DTLSConnectionFuzzTests {
    private static func corrupt(_ datagram: [UInt8], _ random: inout RandomSource) -> [UInt8] {
        var bytes = datagram
        switch UInt64.random(in: 0..<6, using: &random) {
        case 0:
            bytes = random.bytes(Int.random(in: 0...1_500, using: &random))
        case 1:
            bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
        case 2:
            let header: [UInt8] = [UInt8.random(in: 20...23, using: &random), 0xFE, 0xFD, 0, 1]
            bytes.replaceSubrange(0..<min(5, bytes.count), with: header)
        case 3:
            let body = random.bytes(Int.random(in: 0...60, using: &random))
            let type = UInt8.random(in: 20...23, using: &random)
            bytes = Records.plaintext(type, sequence: UInt8.random(in: 0...80, using: &random), body) + bytes
        default:
            for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
        }
        return bytes
    }

    @Test(arguments: UInt64(1)...60)
    func `damaged and foreign datagrams in a handshake end in a state, and are never delivered`(
        seed: UInt64
    ) throws {
        try inVirtualTime(seed: seed) {
            var random = RandomSource.seeded(seed)
            let pair = try Pair(seed: seed, mtu: seed % 3 == 0 ? 256 : 1_200)
            pair.tamper = { flight, _ in
                guard UInt64.random(in: 0..<3, using: &random) == 0 else { return [flight] }
                let damaged = Self.corrupt(flight.bytes, &random)
                return [Pair.Flight(sender: flight.sender, arrival: flight.arrival, bytes: damaged), flight]
            }
            pair.start()
            pair.run(for: .seconds(120)) { pair.isEstablished }
            for state in [pair.client.state, pair.server.state] {
                switch state {
                case .established, .failed, .handshaking: break
                case .idle, .closed: Issue.record("\(state), seed \(seed)")
                }
            }
            #expect(pair.received == [[], []])
        }
    }

    @Test(arguments: UInt64(1)...20)
    func `garbage alone ends no handshake: only libssl's patience does`(seed: UInt64) throws {
        try inVirtualTime(seed: seed) {
            var random = RandomSource.seeded(seed)
            let pair = try Pair(seed: seed)
            pair.tamper = { flight, _ in
                let garbage = random.bytes(Int.random(in: 1...100, using: &random))
                let record = Records.plaintext(22, sequence: UInt8.random(in: 0...90, using: &random), garbage)
                return [garbage, record].map {
                    Pair.Flight(sender: flight.sender, arrival: flight.arrival, bytes: $0)
                } + [flight]
            }
            pair.connect()
            #expect(pair.isEstablished, "seed \(seed)")
        }
    }

    @Test(arguments: UInt64(1)...20)
    func `an established connection survives whatever arrives`(seed: UInt64) throws {
        try inVirtualTime(seed: seed) {
            var random = RandomSource.seeded(seed)
            let pair = try Pair(seed: seed)
            pair.connect()
            let verified = pair.verify()
            try #require(verified)
            for round in 0..<200 {
                let side: Pair.Side = round % 2 == 0 ? .client : .server
                let payload = random.bytes(Int.random(in: 1...1_163, using: &random))
                let datagram = try pair.seal(payload, on: side)
                let old = pair.trace[Int.random(in: 0..<pair.trace.count, using: &random)].bytes
                pair.inject(Self.corrupt(old, &random), to: side)
                pair.inject(Self.corrupt(old, &random), to: side.other)
                var damaged = datagram
                let index = Int.random(in: 13..<damaged.count, using: &random)
                damaged[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                pair.inject(damaged, to: side.other)
                #expect(pair.received[side.other.rawValue].isEmpty, "seed \(seed)")
                pair.inject(datagram, to: side.other)
                #expect(pair.received[side.other.rawValue] == [payload], "seed \(seed)")
                pair.received = [[], []]
            }
            #expect(pair.isEstablished, "seed \(seed)")
        }
    }
}
