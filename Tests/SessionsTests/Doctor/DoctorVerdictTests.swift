// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ICE
import Reactor
import TURN
import Testing
import Wire

@testable import STUN
@testable import Sessions

@Suite
struct DoctorVerdictTests {
    @Test(
        arguments: [
            (.untranslated, .endpointIndependent, "no NAT, no firewall", .all),
            (.untranslated, .addressDependent, "no NAT, a firewall", .all),
            (.untranslated, .addressAndPortDependent, "no NAT, a firewall", .most),
            (.untranslated, .unknown, "no NAT", .most),
            (.endpointIndependent, .endpointIndependent, "full-cone NAT", .all),
            (.endpointIndependent, .addressDependent, "address-restricted NAT", .all),
            (.endpointIndependent, .addressAndPortDependent, "port-restricted NAT", .most),
            (.endpointIndependent, .unknown, "NAT, port-restricted at worst", .most),
            (.addressDependent, .endpointIndependent, "symmetric NAT", .few),
            (.addressAndPortDependent, .addressAndPortDependent, "symmetric NAT", .few),
            (.endpointDependent, .unknown, "symmetric NAT", .few),
            (.unknown, .unknown, "NAT of unknown kind", .unknown),
        ] as [(MappingBehavior, FilteringBehavior, String, DirectReach)]
    )
    func `A NAT has a name, and lets some peers be reached`(
        _ mapping: MappingBehavior,
        _ filtering: FilteringBehavior,
        _ name: String,
        _ reach: DirectReach
    ) {
        let path = Patient.path(mapping, filtering)
        #expect(path.behavior.name == name)
        #expect(path.behavior.reach == reach)
    }

    /// RFC 4787's rules, applied to both sides: whether two of these are connected directly.
    private func connects(_ first: BehaviorFindings, _ second: BehaviorFindings) -> Bool {
        func admits(_ receiver: BehaviorFindings, _ sender: BehaviorFindings) -> Bool {
            guard !receiver.mapping.dependsOnEndpoint else { return false }
            return receiver.filtering != .addressAndPortDependent || !sender.mapping.dependsOnEndpoint
        }
        return admits(first, second) || admits(second, first)
    }

    @Test
    func `What is said of peers is what the rules of mapping and filtering give`() {
        let mappings: [MappingBehavior] = [
            .untranslated, .endpointIndependent, .addressDependent, .addressAndPortDependent,
        ]
        let filters: [FilteringBehavior] = [.endpointIndependent, .addressDependent, .addressAndPortDependent]
        let all = mappings.flatMap { mapping in filters.map { Patient.path(mapping, $0).behavior } }
        for behavior in all {
            let missed = all.filter { !self.connects(behavior, $0) }
            switch behavior.reach {
            case .all: #expect(missed.isEmpty)
            case .most: #expect(!missed.isEmpty && missed.allSatisfy(\.mapping.dependsOnEndpoint))
            case .few:
                #expect(missed.contains { !$0.mapping.dependsOnEndpoint })
                #expect(missed.allSatisfy { $0.reach != .all })
            case .unknown, .none: Issue.record("\(behavior.name) is known")
            }
        }
    }

    @Test
    func `The better family counts`() {
        let findings = Patient.findings(paths: [
            Patient.path(.addressAndPortDependent, .addressAndPortDependent),
            Patient.path(.untranslated, .addressAndPortDependent, at: Patient.ipv6),
        ])
        let verdict = DoctorVerdict(findings)
        #expect(verdict.reach == .most && verdict.status == .done)
        #expect(verdict.sentences.count == 2 && verdict.sentences[1].contains("every peer on IPv6"))
        #expect(!verdict.advice.contains { $0.contains("IPv6 at both ends") })
    }

    @Test
    func `Where a relay is needed it is said, unless there is one`() {
        let symmetric = [Patient.path(.addressAndPortDependent, .addressAndPortDependent)]
        let without = DoctorVerdict(Patient.findings(paths: symmetric))
        #expect(without.advice.contains { $0.contains("--turn") } && !without.hasRelay)
        let with = DoctorVerdict(Patient.findings(paths: symmetric, relay: Patient.reached))
        #expect(!with.advice.contains { $0.contains("--turn") } && with.hasRelay)
        #expect(with.sentences.last?.contains("turn:relay.example (TLS)") == true)
        let open = DoctorVerdict(Patient.findings(paths: [Patient.path(.untranslated, .endpointIndependent)]))
        #expect(open.advice.isEmpty && open.reach == .all)
    }

    @Test
    func `A relay that is reached otherwise than it was named is to be named anew`() {
        let blocked = Patient.path(.unknown, .unknown, isReached: false)
        var findings = Patient.findings(paths: [blocked], stun: .failure(.silent))
        let uri = "turn:relay.example?transport=tcp"
        findings.servers[1].attempts = [
            .init(transport: .udp, family: .ipv4, outcome: .failure(.silent)),
            .init(transport: .tcp, family: .ipv4, outcome: Patient.reached, uri: uri),
        ]
        let verdict = DoctorVerdict(findings)
        #expect(verdict.sentences.last == "All peers are reached through the relay \(uri) (TCP) alone.")
        #expect(verdict.advice == ["Name the relay as it is reached: --turn \"\(uri)\"."])
    }

    @Test
    func `Blocked UDP is told, with what gets through`() {
        let blocked = Patient.path(.unknown, .unknown, isReached: false)
        var findings = Patient.findings(paths: [blocked], stun: .failure(.silent), relay: Patient.reached)
        #expect(DoctorVerdict(findings).status == .done)
        #expect(DoctorVerdict(findings).sentences.last?.contains("alone") == true)
        findings.servers[1].attempts = []
        let verdict = DoctorVerdict(findings)
        #expect(verdict.status == .noPath && verdict.reach == .none)
        findings.servers[0].attempts.append(.init(transport: .tcp, family: .ipv4, outcome: Patient.reached))
        #expect(DoctorVerdict(findings).status == .done)
        #expect(DoctorVerdict(findings).advice.contains { $0.contains("turns:HOST:443") })
    }

    @Test(
        arguments: [
            (.unresolved(.notFound), "no such host"),
            (.unresolved(.timedOut), "looking the name up took too long"),
            (.useless(.unauthenticated(.wrongCredentials)), "the user name or the password is wrong"),
            (.disconnected(.certificate("has expired")), "its certificate has expired"),
        ] as [(ServerFailure, String)]
    )
    func `Mistakes that can be mended are told once`(_ failure: ServerFailure, _ reason: String) {
        var findings = Patient.findings(paths: [Patient.path(.untranslated, .endpointIndependent)])
        findings.servers[1].attempts = AddressFamily.allCases.map {
            .init(transport: .udp, family: $0, outcome: .failure(failure))
        }
        #expect(DoctorVerdict(findings).advice == ["turn:relay.example: \(reason)."])
    }

    @Test
    func `A bad certificate is not told where the server is reached without it`() {
        var findings = Patient.findings(paths: [Patient.path(.untranslated, .endpointIndependent)])
        findings.servers[0].attempts.append(
            .init(transport: .tls, family: .ipv4, outcome: .failure(.disconnected(.certificate("has expired"))))
        )
        #expect(DoctorVerdict(findings).advice.isEmpty)
    }

    @Test
    func `Without an address, or without a server, it is said what to do`() {
        var findings = DoctorFindings()
        #expect(DoctorVerdict(findings).status == .noPath)
        let nowhere = "This host has no address that leads anywhere: connect it to a network."
        #expect(DoctorVerdict(findings).advice == [nowhere])
        findings.paths = [Patient.path(.unknown, .unknown, isReached: false)]
        #expect(DoctorVerdict(findings).advice.first?.contains("--stun") == true)
    }
}

/// Findings of which a doctor could tell.
enum Patient {
    static let ipv4 = InterfaceAddress(
        interface: "eth0",
        index: 2,
        interfaceClass: .wired,
        ip: .v4(0xC0A8_010A)
    )
    static let ipv6 = InterfaceAddress(
        interface: "eth0",
        index: 2,
        interfaceClass: .wired,
        ip: .v6(high: 0x2001_0DB8_1234_5678, low: 0x1234_5678_9ABC_DEF0)
    )
    static let server = SocketAddress(.v4(0xC000_0201), port: 3_478)
    static let reached = Result<ServerFinding.Reached, ServerFailure>.success(.init(time: .milliseconds(12)))

    static func path(
        _ mapping: MappingBehavior,
        _ filtering: FilteringBehavior,
        at address: InterfaceAddress = Self.ipv4,
        isReached: Bool = true
    ) -> DoctorFindings.UDPPath {
        let local = SocketAddress(address.ip, port: 50_000)
        let mapped = mapping == .untranslated ? local : SocketAddress(.v4(0xC633_6402), port: 50_001)
        return DoctorFindings.UDPPath(
            address: address,
            behavior: BehaviorFindings(
                local: local,
                responses: [Self.server: .silent],
                mapped: isReached ? mapped : nil,
                mapping: mapping,
                filtering: filtering,
                preservesPorts: mapping == .untranslated ? nil : false,
                hairpins: mapping == .untranslated ? nil : false,
                reference: nil
            )
        )
    }

    static func findings(
        paths: [DoctorFindings.UDPPath],
        stun: Result<ServerFinding.Reached, ServerFailure> = Self.reached,
        relay: Result<ServerFinding.Reached, ServerFailure> = .failure(.silent)
    ) -> DoctorFindings {
        var findings = DoctorFindings()
        findings.addresses = paths.enumerated().map { .init(address: $0.element.address, rank: $0.offset + 1) }
        findings.paths = paths
        findings.servers = [
            ServerFinding(
                kind: .stun,
                name: "stun:stun.example",
                attempts: [.init(transport: .udp, family: .ipv4, outcome: stun)]
            ),
            ServerFinding(
                kind: .turn,
                name: "turn:relay.example",
                attempts: [.init(transport: .tls, family: .ipv4, outcome: relay)]
            ),
        ]
        return findings
    }
}
