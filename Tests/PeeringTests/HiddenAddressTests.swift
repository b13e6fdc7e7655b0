// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ICE
import Peering
import SDP
import SimulatedNetwork
import Testing
import Wire

/// Host candidates behind names (draft-ietf-mmusic-mdns-ice-candidates).
@Suite struct HiddenAddressTests {
    private static let name = "ecb3b7a5-7ebc-49fc-82ec-fe6bb11e21d0.local"

    /// Answers what a side asks of multicast DNS; the names that it asked for.
    @discardableResult
    private func answer(_ side: PeerSide, with addresses: [String], in world: PeerWorld) -> [String] {
        let names = side.connection.takeUnresolvedNames()
        for name in names {
            for address in addresses { side.connection.resolve(name, to: ip(address), at: world.now) }
            if addresses.isEmpty { side.connection.resolve(name, to: nil, at: world.now) }
        }
        world.settle()
        return names
    }

    @Test func `a description tells names alone, and no other candidate tells the address`() throws {
        let world = PeerWorld(seed: 41)
        let nat = world.addNAT(at: "203.0.113.1")
        let ann = try world.addSide("ann", at: "192.168.1.2", named: Self.name, behind: nat)
        world.give(world.addRelay(at: "198.51.100.9:3478"), to: ann)
        world.gather()
        let section = ann.connection.makeOffer(endOfCandidates: true).dataChannel
        let description = ann.connection.localDescription
        #expect(description.candidates.map(\.attribute) == section.candidates)
        #expect(Set(section.candidates.map(\.kind)) == [.host, .serverReflexive, .relayed])
        for candidate in section.candidates {
            #expect((candidate.kind == .host) == (candidate.address == .name(Self.name)))
            #expect(candidate.relatedAddress == nil)
            #expect(!candidate.description.contains("192.168"))
            #expect(candidate.kind == .host || candidate.description.contains("raddr 0.0.0.0 rport 9"))
        }
    }

    @Test func `two sides behind names on one network find the direct path`() throws {
        let world = PeerWorld(seed: 42)
        let nat = world.addNAT(at: "203.0.113.1")
        let ann = try world.addSide("ann", at: "192.168.1.2", named: Self.name, behind: nat, usesServers: false)
        let bob = try world.addSide("bob", at: "192.168.1.3", behind: nat, usesServers: false)
        try world.introduce(ann, to: bob)
        try world.introduce(bob, to: ann)
        #expect(self.answer(bob, with: ["192.168.1.2", "fd00::2"], in: world) == [Self.name])
        #expect(self.answer(bob, with: [], in: world).isEmpty, "a name is told twice")
        #expect(world.run(limit: .seconds(5)) { ann.isEstablished && bob.isEstablished })
        #expect(bob.path?.remote.kind == .host && bob.path?.remote.address == ann.addresses[0])
        #expect(ann.path?.local.kind == .host)
    }

    @Test func `a name that is resolved late tells what an address is that was heard before`() throws {
        let world = PeerWorld(seed: 43)
        let ann = try world.addSide("ann", at: "192.168.1.2", named: Self.name, usesServers: false)
        let bob = try world.addSide("bob", at: "192.168.1.3", usesServers: false)
        #expect(try world.meet(ann, bob, limit: .seconds(5)))
        #expect(bob.path?.remote.kind == .peerReflexive)
        self.answer(bob, with: ["192.168.1.2"], in: world)
        #expect(bob.path?.remote.kind == .host)
        try ImpostorTests.expectTalk(ann, bob, in: world)
    }

    @Test func `where nobody answers for a name other candidates serve`() throws {
        let world = PeerWorld(seed: 44)
        let ann = try world.addSide("ann", at: "192.168.1.2", named: Self.name, behind: world.addNAT(at: "203.0.113.1"))
        let bob = try world.addSide("bob", at: "192.168.2.2", named: Self.name, behind: world.addNAT(at: "203.0.113.2"))
        world.gather()
        try world.introduce(ann, bob)
        self.answer(ann, with: [], in: world)
        self.answer(bob, with: [], in: world)
        #expect(world.run(limit: .seconds(10)) { ann.isEstablished && bob.isEstablished })
        #expect(ann.lostNames == [Self.name] && bob.lostNames == [Self.name])
        #expect(ann.path?.isDirect == true)
        try world.introduce(ann, to: bob)
        #expect(bob.connection.takeUnresolvedNames() == [Self.name], "told again, it is not asked for again")
    }

    @Test func `a public address behind a name is told as what a server sees`() throws {
        let world = PeerWorld(seed: 45)
        let ann = try world.addSide("ann", at: "203.0.113.1", named: Self.name)
        let bob = try world.addSide("bob", at: "192.168.2.2", behind: world.addNAT(at: "203.0.113.2"))
        let cat = try world.addSide("cat", at: "203.0.113.3")
        world.gather()
        #expect(ann.candidates.map(\.kind) == [.host, .serverReflexive])
        #expect(ann.candidates[1].address == ann.addresses[0])
        #expect(cat.candidates.map(\.kind) == [.host])
        #expect(try world.meet(ann, bob, limit: .seconds(10)))
        try ImpostorTests.expectTalk(ann, bob, in: world)
    }

    @Test func `a private address behind a name is not told, though a server sees it`() throws {
        let world = PeerWorld(seed: 46)
        let ann = try world.addSide("ann", at: "192.168.1.2", named: Self.name)
        world.gather()
        #expect(ann.candidates.map(\.attribute.address) == [.name(Self.name)])
    }

    @Test func `names are asked for once, up to a limit, and never with relays alone`() throws {
        let world = PeerWorld(seed: 47)
        let bob = try world.addSide("bob", at: "192.168.1.3")
        let hermit = try world.addSide("hermit", at: "192.168.1.4") { $0.policy = .relay }
        for number in 0..<200 {
            let text = "candidate:1 1 udp 1 h\(number / 2).local \(5_000 + number % 2) typ host"
            let candidate = try #require(CandidateAttribute(text))
            bob.connection.addRemoteCandidate(candidate, at: world.now)
            hermit.connection.addRemoteCandidate(candidate, at: world.now)
        }
        #expect(bob.connection.takeUnresolvedNames() == (0..<32).map { "h\($0).local" })
        #expect(hermit.connection.takeUnresolvedNames().isEmpty)
    }

    @Test func `another port behind a name that is resolved is asked for, and checked`() throws {
        let world = PeerWorld(seed: 48)
        let bob = try world.addSide("bob", at: "192.168.1.3", usesServers: false)
        for port in [5_000, 5_001] {
            let candidate = try #require(CandidateAttribute("candidate:1 1 udp 1 \(Self.name) \(port) typ host"))
            bob.connection.addRemoteCandidate(candidate, at: world.now)
            bob.connection.addRemoteCandidate(candidate, at: world.now)
            #expect(self.answer(bob, with: ["192.168.1.2"], in: world) == [Self.name])
        }
        let reports = bob.connection.pairReports
        #expect(reports.map(\.destination) == [address("192.168.1.2:5000"), address("192.168.1.2:5001")])
    }

    @Test(arguments: ["srflx", "prflx", "relay"])
    func `only the address of a host may be a name`(kind: String) throws {
        let text = "candidate:1 1 udp 2113937151 \(Self.name) 5000 typ \(kind) raddr 0.0.0.0 rport 9"
        #expect(Candidate(try #require(CandidateAttribute(text))) == nil)
    }
}
