// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ICE
import Reactor
import STUN
import TURN
import Testing
import Wire

@testable import Sessions

@Suite
struct DoctorReportTests {
    /// A home with IPv4 and IPv6, two STUN servers, a relay with a wrong password, and networks of containers.
    private var findings: DoctorFindings {
        var findings = Patient.findings(
            paths: [
                Patient.path(.untranslated, .addressAndPortDependent, at: Patient.ipv6),
                Patient.path(.addressAndPortDependent, .addressAndPortDependent),
            ],
            relay: .failure(.useless(.unauthenticated(.wrongCredentials)))
        )
        findings.servers.insert(findings.servers[0], at: 0)
        findings.addresses += (0..<8).map { number in
            let ip = IPAddress.v4(0xAC10_0001 + UInt32(number) << 16)
            let address = InterfaceAddress(interface: "br-\(number)", index: 9, interfaceClass: .container, ip: ip)
            return DoctorFindings.Address(address: address, rank: nil)
        }
        return findings
    }

    @Test
    func `It fits a screen of 80 columns and 24 rows, prompt included`() {
        let report = DoctorReport(self.findings, DoctorVerdict(self.findings))
        #expect(report.lines.count < 24)
        #expect(report.lines.allSatisfy { $0.columns < 80 })
        #expect(report.lines.contains { $0.contains("and 5 more") || $0.contains("and 4 more") })
    }

    @Test
    func `With everything it shows everything`() {
        let report = DoctorReport(self.findings, DoctorVerdict(self.findings), showsAll: true)
        #expect(report.lines.joined().contains("br-7"))
    }

    @Test
    func `What a server says cannot steer a terminal`() {
        var findings = self.findings
        let refusal = ErrorCode(486, "\u{1B}[2J\u{202E}evil\n")
        findings.servers[2].attempts[0].outcome = .failure(.useless(.refused(refusal)))
        let verdict = DoctorVerdict(findings)
        let text = DoctorReport(findings, verdict).lines.joined(separator: "\n")
        #expect(text.contains("evil"))
        #expect(!text.contains("\u{1B}") && !text.contains("\u{202E}") && !text.contains("evil\n"))
        #expect((findings.events + verdict.events).allSatisfy { !$0.line.contains("\u{1B}") })
    }

    @Test
    func `Other transports of a STUN server are shown where UDP does not reach it`() {
        var findings = self.findings
        findings.servers[0].attempts.append(.init(transport: .tcp, family: .ipv4, outcome: Patient.reached))
        func text() -> String { DoctorReport(findings, DoctorVerdict(findings)).lines.joined(separator: "\n") }
        #expect(!text().contains("TCP"))
        findings.servers[0].attempts[0].outcome = .failure(.silent)
        #expect(text().contains("TCP"))
    }

    @Test
    func `Events tell all that is known`() {
        let findings = self.findings
        let lines = (findings.events + DoctorVerdict(findings).events).map(\.line)
        #expect(lines.count { $0.contains("\"event\":\"address\"") } == 10)
        #expect(lines.count { $0.contains("\"event\":\"server\"") } == 3)
        #expect(lines.count { $0.contains("\"event\":\"udp\"") } == 2)
        #expect(lines.contains { $0.contains("\"failure\":\"wrong credentials\"") })
        #expect(lines.contains { $0.contains("\"mapping\":\"address and port-dependent\"") })
        #expect(lines.count { $0.contains("\"event\":\"verdict\"") && $0.contains("\"status\":0") } == 1)
    }

    @Test
    func `How long a mapping is kept is told as far as it is known`() {
        var findings = LifetimeDiscovery.Findings.unknown
        #expect(findings.sentence.contains("not known"))
        findings.atLeast = .seconds(25)
        #expect(findings.sentence == "An unused mapping is kept for 25 s at least.")
        findings.below = .seconds(35)
        #expect(findings.sentence == "An unused mapping is kept for 25 s, and is gone after 35 s.")
        #expect(findings.event(of: self.findings.paths[0]).line.contains("\"at-least\":25,\"below\":35"))
    }
}
