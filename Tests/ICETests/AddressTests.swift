// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

@testable import ICE

@Suite struct AddressTests {
    @Test func `an agent without addresses waits and has not failed`() {
        let rig = Rig([], role: .controlling)
        rig.setRemote("10.0.0.2:6000")
        rig.run(for: .seconds(600))
        #expect(rig.agent.state == .checking)
        rig.isAnswered = { _ in true }
        rig.add("10.0.0.1:5000")
        rig.run(for: .seconds(1))
        #expect(rig.agent.state == .completed)
    }

    @Test func `a description that comes before any local address works`() {
        let lab = Lab()
        let left = lab.host("left", [], role: .controlling, nat: NAT("198.51.100.1"))
        let right = lab.host("right", [], role: .controlled, nat: NAT("198.51.100.2"))
        lab.introduce(left, right)
        lab.run(for: .seconds(5))
        lab.add("10.0.0.1:5000", to: left)
        lab.add("10.0.0.1:6000", to: right)
        lab.addServer("203.0.113.1:3478")
        lab.run(for: .seconds(1))
        for candidate in left.candidates { lab.tell(candidate, to: right) }
        for candidate in right.candidates { lab.tell(candidate, to: left) }
        lab.run(for: .seconds(5))
        #expect(left.selections.count == 1)
        #expect(right.selections.count == 1)
    }

    @Test func `an address that goes and comes back revives its pairs`() {
        let rig = Rig(role: .controlling)
        rig.isAnswered = { _ in true }
        rig.setRemote("10.0.0.2:6000")
        rig.run(for: .seconds(1))
        rig.remove("10.0.0.1:5000")
        #expect(rig.agent.selectedPair == nil)
        #expect(rig.agent.pairReports.isEmpty)
        #expect(rig.agent.state == .checking)
        let stale = rig.events.compactMap { if case .localCandidateStale(let gone) = $0 { gone.address } else { nil } }
        #expect(stale == [socket("10.0.0.1:5000")])
        rig.run(for: .seconds(20))
        rig.add("10.0.0.1:5000")
        rig.run(for: .seconds(1))
        #expect(rig.agent.state == .completed)
        #expect(rig.selections.count == 2)
    }

    @Test func `when the selected pair loses its address another one takes over`() {
        let rig = Rig(["10.0.0.1:5000", "10.0.0.8:5000"], role: .controlling)
        rig.isAnswered = { _ in true }
        rig.setRemote("10.0.0.2:6000")
        rig.run(for: .seconds(2))
        rig.remove("10.0.0.1:5000")
        rig.run(for: .seconds(1))
        #expect(rig.selections.map(\.base.description) == ["10.0.0.1:5000", "10.0.0.8:5000"])
    }

    @Test func `the same address twice is one candidate`() {
        let rig = Rig(role: .controlling)
        rig.add("10.0.0.1:5000")
        #expect(rig.agent.localCandidates.count == 1)
    }

    @Test func `the same description twice is one description, another one is refused`() {
        let rig = Rig(role: .controlling)
        rig.isAnswered = { _ in true }
        rig.setRemote("10.0.0.2:6000")
        rig.run(for: .seconds(1))
        let before = rig.sent.count
        let again = rig.agent.setRemote(RemoteAgent(credentials: Rig.remoteCredentials), at: rig.now)
        let other = rig.agent.setRemote(
            RemoteAgent(credentials: ICECredentials(usernameFragment: "else", password: "somebodyElsesPassword!")),
            at: rig.now
        )
        rig.run(for: .seconds(1))
        #expect(again)
        #expect(!other)
        #expect(rig.sent.count == before)
        #expect(rig.selections.count == 1)
    }

    @Test func `senseless remote candidates are ignored`() {
        let rig = Rig(role: .controlling)
        rig.setRemote("10.0.0.2:0", "0.0.0.0:5", "224.0.0.1:5", "255.255.255.255:5", "[ff02::1]:5", "[::]:5")
        #expect(rig.agent.remoteCandidates.isEmpty)
    }

    @Test func `only a peer-reflexive pair is enough`() {
        let lab = Lab()
        let left = lab.host("left", ["10.0.0.1:5000"], role: .controlling, nat: NAT("198.51.100.1"))
        let right = lab.host("right", ["203.0.113.9:6000"], role: .controlled)
        lab.introduce(right, to: left)
        lab.introduce(left, to: right, withCandidates: false)
        lab.run(for: .seconds(120))
        #expect(right.selections.map(\.remote.kind) == [.peerReflexive])
        #expect(right.selections.map(\.destination.ip.description) == ["198.51.100.1"])
        #expect(left.states.last == .completed)
        #expect(!right.states.contains(.disconnected))
        #expect(!right.states.contains(.failed))
    }
}
