// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SDP
import Testing
import Wire

@Suite struct CandidateAttributeTests {
    @Test func `reads what Chromium trickles`() throws {
        let candidate = try #require(
            CandidateAttribute(
                "candidate:1091672320 1 udp 2113937151 ecb3b7a5-7ebc-49fc-82ec-fe6bb11e21d0.local 57486 typ host "
                    + "generation 0 ufrag oeZs network-cost 999"
            )
        )
        #expect(candidate.foundation == "1091672320")
        #expect(candidate.component == 1)
        #expect(candidate.transport == .udp)
        #expect(candidate.priority == 2_113_937_151)
        #expect(candidate.address == .name("ecb3b7a5-7ebc-49fc-82ec-fe6bb11e21d0.local"))
        #expect(candidate.port == 57486)
        #expect(candidate.kind == .host)
        #expect(candidate.relatedAddress == nil)
        #expect(candidate.usernameFragment == "oeZs")
    }

    @Test func `reads what Firefox trickles`() throws {
        let text = "a=candidate:2 1 TCP 2105458943 9a0ccf55-b476-481a-b451-7b83428a5f74.local 9 typ host tcptype active"
        let candidate = try #require(CandidateAttribute(text))
        #expect(candidate.transport == .tcp)
        #expect(candidate.tcpType == .active)
        #expect(candidate.port == 9)
    }

    @Test func `extensions come in any order`() throws {
        let head = "candidate:1 1 UDP 1 2001:DB8::1 1 TYP SRFLX"
        let plain = try #require(CandidateAttribute(head + " raddr 192.0.2.1 rport 5"))
        #expect(plain.relatedAddress == SocketAddress("192.0.2.1:5"))
        #expect(plain.address == IPAddress("2001:db8::1").map { .ip($0) })
        for tail in [
            " rport 5 raddr 192.0.2.1", " network-id 3 rport 5 generation 0 raddr 192.0.2.1",
            " raddr 192.0.2.1 rport 5 dangling",
        ] {
            #expect(CandidateAttribute(head + tail) == plain)
        }
    }

    @Test(arguments: ["raddr 0.0.0.0 rport 0", "raddr :: rport 9", "raddr host.local rport 3", "raddr 192.0.2.1", ""])
    func `a related address may be hidden`(tail: String) throws {
        let candidate = try #require(CandidateAttribute("candidate:1 1 udp 1 192.0.2.7 1 typ relay \(tail)"))
        #expect(candidate.relatedAddress == nil)
        #expect(candidate.description == "candidate:1 1 udp 1 192.0.2.7 1 typ relay raddr 0.0.0.0 rport 9")
    }

    @Test func `a zone has a meaning on one host only and is cut off`() {
        let candidate = CandidateAttribute("candidate:1 1 udp 1 fe80::1%eth0 1 typ host")
        #expect(candidate?.address == IPAddress("fe80::1").map { .ip($0) })
    }

    @Test(arguments: [
        "candidate:1 1 udp 0 192.0.2.1 0 typ host",
        "candidate:1 2 udp 4294967295 192.0.2.1 65535 typ prflx",
        "candidate:f957a2332b1715da3b0ef8ba684454eb 1 udp 2130706431 fd00::2 43057 typ host",
        "candidate:1234567890123456789012345678901234567890 1 ssltcp 1 192.0.2.1 443 typ host",
    ])
    func `takes what browsers take`(text: String) {
        #expect(CandidateAttribute(text) != nil)
    }

    @Test(arguments: [
        "", "candidate:", "candidate:bogus", "bogus:1 1 udp 1 192.0.2.1 1 typ host",
        "candidate: 1 udp 1 192.0.2.1 1 typ host", "candidate:1 0 udp 1 192.0.2.1 1 typ host",
        "candidate:1 257 udp 1 192.0.2.1 1 typ host", "candidate:1 1 udp 4294967296 192.0.2.1 1 typ host",
        "candidate:1 1 udp -1 192.0.2.1 1 typ host", "candidate:1 1 udp 1 192.0.2.256 1 typ host",
        "candidate:1 1 udp 1 192.0.2.1 65536 typ host", "candidate:1 1 udp 1 192.0.2.1 1 typ guest",
        "candidate:1 1 udp 1 192.0.2.1 1 type host", "candidate:1 1 udp 1 192.0.2.1 1 typ",
        "candidate:1 1 udp 1 example.com 1 typ host", "candidate:1 1 udp 1 .local 1 typ host",
        "candidate:1 1 udp 1 a..local 1 typ host", "candidate:1 1 udp 1 a/b.local 1 typ host",
    ])
    func `refuses what is malformed`(text: String) {
        #expect(CandidateAttribute(text) == nil)
    }

    @Test func `refuses a foundation, a name and a line without end`() {
        let long = String(repeating: "a", count: 254)
        #expect(CandidateAttribute("candidate:\(long) 1 udp 1 192.0.2.1 1 typ host") == nil)
        #expect(CandidateAttribute("candidate:1 1 udp 1 \(long).local 1 typ host") == nil)
        let tail = String(repeating: " a", count: 4_096)
        #expect(CandidateAttribute("candidate:1 1 udp 1 192.0.2.1 1 typ host\(tail)") == nil)
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `reads what it writes`(seed: UInt64) throws {
        var random = RandomSource.seeded(seed)
        let candidate = Self.candidate(random: &random)
        #expect(CandidateAttribute(candidate.description) == candidate)
        #expect(CandidateAttribute("a=" + candidate.description) == candidate)
    }

    private static func candidate(random: inout RandomSource) -> CandidateAttribute {
        let addresses: [CandidateAttribute.Address] = [
            .ip(.v4(UInt32.random(in: 0 ... .max, using: &random))),
            .ip(.v6(high: random.next(), low: random.next())),
            .name("\(random.next()).local"),
        ]
        var candidate = CandidateAttribute(
            foundation: "\(random.next())+/",
            priority: UInt32.random(in: 0 ... .max, using: &random),
            address: addresses[Int.random(in: 0..<3, using: &random)],
            port: UInt16.random(in: 0 ... .max, using: &random),
            kind: CandidateAttribute.Kind.allCases.randomElement(using: &random) ?? .host
        )
        if Bool.random(using: &random) {
            let ip = IPAddress.v4(UInt32.random(in: 1 ... .max, using: &random))
            candidate.relatedAddress = SocketAddress(ip, port: UInt16.random(in: 0 ... .max, using: &random))
        }
        if Bool.random(using: &random) {
            candidate.transport = .tcp
            candidate.tcpType = CandidateAttribute.TCPType.allCases.randomElement(using: &random)
        }
        if Bool.random(using: &random) {
            candidate.usernameFragment = "\(random.next() | 1 << 40)"
        }
        candidate.component = UInt16.random(in: 1...256, using: &random)
        return candidate
    }
}
