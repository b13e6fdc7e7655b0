// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

@testable import ICE

@Suite struct GathererTests {
    private static func rig(_ addresses: [String] = ["10.0.0.1:5000"]) -> Rig {
        let rig = Rig(addresses, role: .controlling)
        rig.mapped = { SocketAddress(.v4(0xC633_6401), port: $0.source.port &+ 1) }
        return rig
    }

    private static func candidates(_ rig: Rig) -> [Candidate] {
        rig.events.compactMap { if case .localCandidate(let candidate) = $0 { candidate } else { nil } }
    }

    private static func stale(_ rig: Rig) -> [Candidate] {
        rig.events.compactMap { if case .localCandidateStale(let candidate) = $0 { candidate } else { nil } }
    }

    @Test func `a server tells the reflexive candidate of each base of its family`() throws {
        let rig = Self.rig(["10.0.0.1:5000", "10.0.0.8:5001", "[fd00::1]:5000", "127.0.0.1:5000"])
        rig.isAnswered = { _ in true }
        rig.addServer("192.0.2.1:3478")
        rig.run(for: .seconds(1))
        let reflexive = Self.candidates(rig).filter { $0.kind == .serverReflexive }
        #expect(reflexive.map(\.address.description) == ["198.51.100.1:5001", "198.51.100.1:5002"])
        #expect(reflexive.map { $0.relatedAddress?.description } == ["10.0.0.1:5000", "10.0.0.8:5001"])
        #expect(Set(reflexive.map(\.foundation)).count == 2)
        #expect(reflexive.first?.priority == Candidate.priority(kind: .serverReflexive, localPreference: 65_535))
        #expect(rig.events.count { $0 == .gatheringComplete } == 1)
        #expect(rig.agent.gatheringState == .complete)
    }

    @Test func `two servers that see one address make one candidate`() {
        let rig = Self.rig()
        rig.isAnswered = { _ in true }
        rig.addServer("192.0.2.1:3478")
        rig.addServer("192.0.2.2:3478")
        rig.run(for: .seconds(1))
        #expect(Self.candidates(rig).map(\.kind) == [.host, .serverReflexive])
    }

    @Test func `without a NAT there is no reflexive candidate`() {
        let rig = Rig(role: .controlling)
        rig.isAnswered = { _ in true }
        rig.addServer("192.0.2.1:3478")
        rig.run(for: .seconds(1))
        #expect(Self.candidates(rig).map(\.kind) == [.host])
        #expect(rig.events.contains(.gatheringComplete))
    }

    @Test func `a dead server delays nothing but the end of gathering`() {
        let rig = Self.rig(["10.0.0.1:5000", "[fd00::1]:5000"])
        rig.isAnswered = { $0.destination == socket("192.0.2.1:3478") || $0.destination == socket("10.0.0.2:6000") }
        rig.addServer("[2001:db8::dead]:3478")
        rig.addServer("192.0.2.1:3478")
        rig.setRemote("10.0.0.2:6000")
        rig.run(for: .milliseconds(300))
        #expect(Self.candidates(rig).contains { $0.kind == .serverReflexive })
        #expect(rig.selections.count == 1)
        #expect(rig.agent.gatheringState == .gathering)
        rig.run(for: .seconds(40))
        #expect(rig.agent.gatheringState == .complete)
        #expect(rig.events.count { $0 == .gatheringComplete } == 1)
        let toDead = rig.requests.count { $0.transmit.destination == socket("[2001:db8::dead]:3478") }
        #expect(toDead == 7)
    }

    @Test func `bindings are kept alive every 15 s until a pair is selected`() {
        let rig = Self.rig()
        rig.isAnswered = { _ in true }
        rig.addServer("192.0.2.1:3478")
        rig.addServer("192.0.2.2:3478")
        rig.run(for: .seconds(1))
        let before = rig.requests.count
        rig.run(for: .seconds(60))
        #expect(rig.requests.count - before == 4)
        rig.setRemote("10.0.0.2:6000")
        rig.run(for: .seconds(1))
        let connected = rig.requests.count
        rig.run(for: .seconds(60))
        let later = rig.requests.dropFirst(connected)
        #expect(later.allSatisfy { $0.transmit.destination == socket("10.0.0.2:6000") })
    }

    @Test func `a changed mapping is told: the old candidate is stale, there is a new one`() {
        let rig = Self.rig()
        rig.isAnswered = { _ in true }
        rig.addServer("192.0.2.1:3478")
        rig.addServer("192.0.2.2:3478")
        rig.run(for: .seconds(1))
        rig.mapped = { _ in socket("198.51.100.1:777") }
        rig.run(for: .seconds(17))
        #expect(
            Self.candidates(rig).map(\.address.description) == [
                "10.0.0.1:5000", "198.51.100.1:5001", "198.51.100.1:777",
            ]
        )
        #expect(Self.stale(rig).map(\.address.description) == ["198.51.100.1:5001"])
    }

    @Test func `a forged answer of another address is not believed`() throws {
        let rig = Self.rig()
        rig.addServer("192.0.2.1:3478")
        rig.run(for: .milliseconds(100))
        let request = try #require(rig.requests.first)
        rig.answer(request, mapped: socket("6.6.6.6:6"), from: socket("192.0.2.66:3478"), password: nil)
        #expect(rig.errors == [.unknownTransaction])
        #expect(Self.candidates(rig).map(\.kind) == [.host])
    }

    @Test(arguments: ["0.0.0.0:5", "198.51.100.1:0", "[2001:db8::1]:5"])
    func `a senseless mapping makes no candidate`(mapped: String) throws {
        let rig = Self.rig()
        rig.addServer("192.0.2.1:3478")
        rig.run(for: .milliseconds(100))
        rig.answer(try #require(rig.requests.first), mapped: socket(mapped), password: nil)
        #expect(Self.candidates(rig).map(\.kind) == [.host])
        #expect(rig.agent.gatheringState == .complete)
    }

    @Test func `servers of the wrong family leave nothing to wait for`() {
        let rig = Self.rig()
        rig.addServer("[2001:db8::1]:3478")
        #expect(rig.agent.gatheringState == .complete)
        #expect(rig.events.contains(.gatheringComplete))
    }

    @Test func `an address that comes later is gathered for too`() {
        let rig = Self.rig()
        rig.isAnswered = { _ in true }
        rig.addServer("192.0.2.1:3478")
        rig.run(for: .seconds(1))
        rig.add("10.7.0.1:5005", preference: 5)
        rig.run(for: .seconds(1))
        #expect(Self.candidates(rig).map(\.address.description).last == "198.51.100.1:5006")
        #expect(rig.events.count { $0 == .gatheringComplete } == 2)
    }
}
