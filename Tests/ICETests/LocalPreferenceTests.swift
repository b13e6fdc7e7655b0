// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import ICE

@Suite struct LocalPreferenceTests {
    /// The addresses in the order of their preferences.
    private static func order(_ interfaces: [(String, InterfaceClass)]) -> [String] {
        let addresses = interfaces.map { ClassifiedAddress(IPAddress($0.0) ?? .v4(0), $0.1) }
        let preferences = ICEAgent.localPreferences(for: addresses)
        return zip(interfaces, preferences).sorted { $0.1 > $1.1 }.map { $0.0.0 }
    }

    @Test func `one IPv4 address follows each (N4 + N6) through N4 IPv6 addresses`() {
        let order = Self.order([
            ("10.0.0.1", .wired), ("10.0.0.2", .wired), ("fd00::1", .wired), ("fd00::2", .wired), ("fd00::3", .wired),
            ("fd00::4", .wired), ("fd00::5", .wired), ("fd00::6", .wired),
        ])
        #expect(
            order == [
                "fd00::1", "fd00::2", "fd00::3", "fd00::4", "10.0.0.1", "fd00::5", "fd00::6", "10.0.0.2",
            ]
        )
    }

    @Test func `tunnels and bridges come after what is real, whatever their family`() {
        let order = Self.order([
            ("172.17.0.1", .container), ("fd99::1", .tunnel), ("10.0.0.1", .wireless),
            ("10.1.0.1", .wired), ("fd00::1", .wireless), ("127.0.0.1", .loopback),
        ])
        #expect(order == ["fd00::1", "10.1.0.1", "10.0.0.1", "fd99::1", "172.17.0.1", "127.0.0.1"])
    }

    @Test func `one family alone keeps its order, link-local addresses last`() {
        #expect(Self.order([("fe80::1", .wired), ("fd00::1", .wired)]) == ["fd00::1", "fe80::1"])
        #expect(Self.order([("10.0.0.1", .wired), ("10.0.0.2", .wired)]) == ["10.0.0.1", "10.0.0.2"])
        #expect(Self.order([]).isEmpty)
    }

    @Test func `no two preferences are alike`() {
        let interfaces = (0..<500).map { ClassifiedAddress(.v4(UInt32($0)), InterfaceClass.allCases[$0 % 5]) }
        #expect(Set(ICEAgent.localPreferences(for: interfaces)).count == 500)
    }
}

@Suite struct CandidatePairTests {
    @Test func `the priority of a pair is the same on both sides`() {
        let host = Candidate.priority(kind: .host, localPreference: 65_535)
        let relayed = Candidate.priority(kind: .relayed, localPreference: 65_535)
        #expect(host == 2_130_706_431)
        #expect(relayed == 16_777_215)
        let controlling = CandidatePair.priority(local: host, remote: relayed, role: .controlling)
        let controlled = CandidatePair.priority(local: relayed, remote: host, role: .controlled)
        #expect(controlling == controlled)
        #expect(controlling == (16_777_215 << 32) + 2 * 2_130_706_431 + 1)
        let greatest = CandidatePair.priority(local: .max, remote: .max, role: .controlled)
        #expect(greatest == 0x7FFF_FFFF << 32 + 2 * 0x7FFF_FFFF)
    }

    @Test func `requests are repeated as RFC 8489 says`() {
        let start = Instant.zero
        var retransmission = Retransmission(at: start, timeout: .milliseconds(500))
        var times: [Int] = []
        var end: Int?
        while end == nil {
            let now = retransmission.deadline
            switch retransmission.advance(at: now) {
            case .wait: Issue.record("a deadline that means nothing")
            case .send: times.append(Int(now.nanoseconds / 1_000_000))
            case .giveUp: end = Int(now.nanoseconds / 1_000_000)
            }
        }
        #expect(times == [500, 1_500, 3_500, 7_500, 15_500, 31_500])
        #expect(end == 39_500)
    }
}
