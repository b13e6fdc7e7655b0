// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

@testable import ICE

@Suite struct NominationTests {
    @Test func `the best pair is nominated at once when nothing better is being checked`() {
        let rig = Rig(role: .controlling)
        rig.isAnswered = { _ in true }
        rig.setRemote("10.0.0.2:6000", "10.0.0.3:6000")
        rig.run(for: .milliseconds(100))
        #expect(rig.selections.map(\.destination) == [socket("10.0.0.2:6000")])
    }

    @Test func `a nomination comes within two seconds of the first valid pair`() {
        let rig = Rig(role: .controlling)
        let working = socket("10.0.0.9:6000")
        rig.isAnswered = { $0.destination == working }
        rig.setRemote("10.0.0.2:6000", "10.0.0.3:6000", "10.0.0.4:6000", "10.0.0.9:6000")
        rig.run(for: .seconds(3))
        #expect(rig.selections.map(\.destination) == [working])
        let first = rig.requests.first { $0.transmit.destination == working }?.at
        let nomination = rig.requests.first { $0.message?.useCandidate ?? false }?.at
        #expect(nomination.flatMap { at in first.map { at - $0 } } ?? .seconds(9) <= .seconds(2))
    }

    @Test func `a direct pair wins although the relayed one answers first`() {
        let rig = Rig(role: .controlling)
        let relay = socket("203.0.113.5:7000")
        rig.isAnswered = { [unowned rig] in $0.destination == relay || rig.now >= Instant(nanoseconds: 1_900_000_000) }
        rig.setRemote("10.0.0.2:6000")
        let priority = Candidate.priority(kind: .relayed, localPreference: 65_535)
        rig.tell(Candidate(kind: .relayed, address: relay, foundation: "r", priority: priority))
        rig.run(for: .seconds(5))
        #expect(rig.selections.map(\.destination) == [socket("10.0.0.2:6000")])
    }

    @Test func `a relayed selection gives way to a direct pair that comes late`() {
        let rig = Rig(role: .controlling)
        let relay = socket("203.0.113.5:7000")
        rig.isAnswered = { [unowned rig] in $0.destination == relay || rig.now >= Instant(nanoseconds: 4_000_000_000) }
        rig.setRemote("10.0.0.2:6000")
        let priority = Candidate.priority(kind: .relayed, localPreference: 65_535)
        rig.tell(Candidate(kind: .relayed, address: relay, foundation: "r", priority: priority))
        rig.run(for: .seconds(20))
        #expect(rig.selections.map(\.destination) == [relay, socket("10.0.0.2:6000")])
    }

    @Test func `USE-CANDIDATE before the pair is valid is remembered and applied on success`() {
        let rig = Rig(role: .controlled)
        rig.setRemote("10.0.0.2:6000")
        rig.receiveCheck(from: "10.0.0.2:6000", nominating: true)
        #expect(rig.selections.isEmpty)
        rig.run(for: .milliseconds(100))
        rig.requests.last.map { rig.answer($0) }
        #expect(rig.selections.map(\.destination) == [socket("10.0.0.2:6000")])
    }

    @Test func `a nominated peer-reflexive pair of lower priority is accepted`() {
        let rig = Rig(role: .controlled)
        rig.isAnswered = { _ in true }
        rig.setRemote("10.0.0.2:6000")
        rig.run(for: .seconds(1))
        rig.receiveCheck(from: "192.0.2.7:999", nominating: true)
        rig.run(for: .seconds(1))
        #expect(rig.selections.map(\.destination) == [socket("192.0.2.7:999")])
        #expect(rig.selections.first?.remote.kind == .peerReflexive)
    }

    @Test func `a peer that nominates everything leaves one pair selected, without flapping`() {
        let rig = Rig(role: .controlled)
        rig.isAnswered = { _ in true }
        rig.setRemote("10.0.0.2:6000", "10.0.0.3:6000", "10.0.0.4:6000")
        rig.run(for: .seconds(1))
        for _ in 0..<20 {
            for address in ["10.0.0.4:6000", "10.0.0.3:6000", "10.0.0.2:6000"] {
                rig.receiveCheck(from: address, nominating: true)
            }
            rig.run(for: .milliseconds(500))
        }
        #expect(rig.selections.map(\.destination.description).last == "10.0.0.2:6000")
        #expect(rig.selections.count == 3)
    }

    @Test func `a peer that stops nominating the selected pair and names another is followed`() {
        let rig = Rig(role: .controlled)
        rig.isAnswered = { _ in true }
        rig.setRemote("10.0.0.2:6000", "10.0.0.3:6000")
        rig.run(for: .seconds(1))
        rig.receiveCheck(from: "10.0.0.2:6000", nominating: true)
        rig.run(for: .seconds(11))
        rig.receiveCheck(from: "10.0.0.3:6000", nominating: true)
        #expect(rig.selections.map(\.destination.description) == ["10.0.0.2:6000", "10.0.0.3:6000"])
    }

    @Test func `the controlled side never selects what was not nominated`() {
        let rig = Rig(role: .controlled)
        rig.isAnswered = { _ in true }
        rig.setRemote("10.0.0.2:6000", "10.0.0.3:6000")
        rig.run(for: .seconds(10))
        #expect(rig.selections.isEmpty)
        #expect(rig.agent.bestPair?.destination == socket("10.0.0.2:6000"))
        rig.receiveCheck(from: "10.0.0.3:6000", nominating: true)
        #expect(rig.selections.map(\.destination) == [socket("10.0.0.3:6000")])
    }

    @Test func `a nomination that is never confirmed leads to another pair`() {
        let rig = Rig(role: .controlling)
        rig.isAnswered = { transmit in
            let message = try? STUNMessage(parsing: transmit.bytes.span)
            return transmit.destination == socket("10.0.0.3:6000") || message?.useCandidate == false
        }
        rig.setRemote("10.0.0.2:6000", "10.0.0.3:6000")
        rig.run(for: .seconds(20))
        #expect(rig.selections.map(\.destination) == [socket("10.0.0.3:6000")])
    }

    @Test func `a lite peer is controlled, whatever the configuration says`() {
        let rig = Rig(role: .controlled)
        rig.isAnswered = { _ in true }
        rig.setRemote("10.0.0.2:6000", isLite: true)
        rig.run(for: .seconds(1))
        #expect(rig.agent.role == .controlling)
        #expect(rig.selections.count == 1)
        #expect(rig.requests.contains { $0.message?.useCandidate ?? false })
    }

    @Test func `whoever was excluded is not checked, selected or listened to again`() {
        let rig = Rig(role: .controlling, isPatient: true)
        rig.isAnswered = { _ in true }
        rig.setRemote("10.0.0.2:6000", "10.0.0.3:6000")
        rig.run(for: .seconds(5))
        rig.exclude("10.0.0.2:6000")
        rig.run(for: .seconds(1))
        #expect(rig.selections.map(\.destination.description) == ["10.0.0.2:6000", "10.0.0.3:6000"])
        let before = rig.requests.count
        rig.receiveCheck(from: "10.0.0.2:6000")
        rig.run(for: .seconds(100))
        let isKnown = rig.agent.isKnownSource(socket("10.0.0.2:6000"), on: socket("10.0.0.1:5000"))
        #expect(!isKnown)
        #expect(rig.errors == [.excluded])
        #expect(!rig.requests.dropFirst(before).contains { $0.transmit.destination == socket("10.0.0.2:6000") })
    }

    @Test func `DTLS may begin on a valid pair before any nomination`() {
        let rig = Rig(role: .controlled)
        rig.isAnswered = { _ in true }
        rig.setRemote("10.0.0.2:6000")
        rig.run(for: .milliseconds(10))
        let isValid = rig.events.contains { if case .valid = $0 { true } else { false } }
        #expect(isValid)
        let isKnown = rig.agent.isKnownSource(socket("10.0.0.2:6000"), on: socket("10.0.0.1:5000"))
        #expect(isKnown)
        let isUnknown = rig.agent.isKnownSource(socket("10.0.0.3:6000"), on: socket("10.0.0.1:5000"))
        #expect(!isUnknown)
    }
}
