// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

@testable import ICE

@Suite struct CheckTests {
    @Test func `a check says who it is from, what it would be worth and who controls`() throws {
        let rig = Rig(role: .controlled)
        rig.setRemote("10.0.0.2:6000")
        let check = try #require(rig.requests.first)
        let message = try #require(check.message)
        #expect(message.username == "them:\(rig.credentials.usernameFragment)")
        #expect(message.priority == Candidate.priority(kind: .peerReflexive, localPreference: 65_535))
        #expect(message.iceControlled != nil)
        #expect(message.iceControlling == nil)
        #expect(!message.useCandidate)
        let hasFingerprint = STUNMessage.verifyFingerprint(of: check.transmit.bytes.span)
        #expect(hasFingerprint)
        let key = IntegrityKey(shortTerm: Rig.remoteCredentials.password)
        let isAuthentic = STUNMessage.verifyIntegrity(of: check.transmit.bytes.span, key: key)
        #expect(isAuthentic)
    }

    @Test func `new transactions keep their distance`() {
        let rig = Rig(["10.0.0.1:5000", "10.0.0.8:5000"], role: .controlling)
        rig.addServer("192.0.2.1:3478")
        rig.setRemote("10.0.0.2:6000", "10.0.0.3:6000", "10.0.0.4:6000", "10.0.0.5:6000")
        rig.run(for: .milliseconds(490))
        let times = rig.requests.map(\.at)
        #expect(times.count == 10)
        for (earlier, later) in zip(times, times.dropFirst()) {
            #expect(later - earlier >= .milliseconds(50))
        }
    }

    @Test func `a check that is never answered is sent seven times and fails after 39,5 s`() {
        let rig = Rig(role: .controlling)
        rig.setRemote("10.0.0.2:6000")
        rig.run(for: .seconds(39))
        #expect(rig.requests.count == 7)
        #expect(rig.agent.state == .checking)
        rig.run(for: .seconds(2))
        #expect(rig.requests.count == 7)
        #expect(rig.agent.state == .failed)
        #expect(rig.agent.nextTimeout == nil)
    }

    @Test func `a failed agent comes back when the other side is heard`() {
        let rig = Rig(role: .controlling)
        rig.setRemote("10.0.0.2:6000")
        rig.run(for: .seconds(60))
        #expect(rig.agent.state == .failed)
        rig.isAnswered = { _ in true }
        rig.receiveCheck(from: "10.0.0.2:6000")
        rig.run(for: .seconds(1))
        #expect(rig.agent.state == .completed)
    }

    @Test func `a check from a new source becomes a peer-reflexive candidate and a triggered check`() {
        let rig = Rig(role: .controlling)
        rig.setRemote("10.0.0.2:6000")
        rig.receiveCheck(from: "192.0.2.7:999")
        rig.run(for: .milliseconds(60))
        #expect(rig.requests.contains { $0.transmit.destination == socket("192.0.2.7:999") })
        let learned = rig.agent.remoteCandidates.last
        #expect(learned?.kind == .peerReflexive)
        #expect(learned?.priority == 1_853_824_767)
        let mapped = rig.answer?.mappedAddress
        #expect(mapped == socket("192.0.2.7:999"))
    }

    @Test func `a signalled candidate takes the place of a peer-reflexive one and keeps the pair`() {
        let rig = Rig(role: .controlled)
        rig.isAnswered = { _ in true }
        rig.setRemote()
        rig.receiveCheck(from: "10.0.0.2:6000", nominating: true)
        rig.run(for: .seconds(1))
        let before = rig.agent.pairReports
        rig.tell(hostCandidate("10.0.0.2:6000"))
        let after = rig.agent.pairReports
        #expect(before.map(\.remoteKind) == [.peerReflexive])
        #expect(after.map(\.remoteKind) == [.host])
        #expect(after.map(\.isSelected) == [true])
        #expect(after.map(\.roundTripTime) == before.map(\.roundTripTime))
        #expect(after.map(\.responsesReceived) == before.map(\.responsesReceived))
        #expect(rig.agent.remoteCandidates.count == 1)
        #expect(rig.selections.map(\.remote.kind) == [.peerReflexive, .host])
    }

    @Test func `a response from another address fails the pair and makes no new one`() throws {
        let rig = Rig(role: .controlling)
        rig.setRemote("10.0.0.2:6000")
        rig.answer(try #require(rig.requests.first), from: socket("10.0.0.3:6000"))
        #expect(rig.agent.pairReports.map(\.state) == [.failed])
        #expect(rig.agent.pairReports.map(\.destination) == [socket("10.0.0.2:6000")])
    }

    @Test(arguments: [ErrorCode.unauthenticated, .roleConflict, .badRequest], [nil, "not their password at all"])
    func `a forged error does not retire a pair`(error: ErrorCode, password: String?) throws {
        let rig = Rig(role: .controlling)
        rig.setRemote("10.0.0.2:6000")
        rig.answer(try #require(rig.requests.first), error: error, password: password)
        #expect(rig.errors == [.unauthenticated])
        #expect(rig.agent.role == .controlling)
        #expect(rig.agent.pairReports.map(\.state) == [.inProgress])
        rig.answer(try #require(rig.requests.first))
        #expect(rig.agent.pairReports.map(\.state) == [.succeeded])
    }

    @Test func `a forged success does not make a pair valid`() throws {
        let rig = Rig(role: .controlling)
        rig.setRemote("10.0.0.2:6000")
        rig.answer(try #require(rig.requests.first), password: "not their password at all")
        #expect(rig.agent.pairReports.map(\.isValid) == [false])
    }

    @Test func `an authentic error fails the pair`() throws {
        let rig = Rig(role: .controlling)
        rig.setRemote("10.0.0.2:6000")
        rig.answer(try #require(rig.requests.first), error: .badRequest)
        #expect(rig.agent.pairReports.map(\.state) == [.failed])
    }

    @Test func `the valid pair has the local candidate that the peer saw`() {
        let rig = Rig(role: .controlling)
        rig.isAnswered = { _ in true }
        rig.mapped = { _ in socket("198.51.100.9:1234") }
        rig.setRemote("203.0.113.2:6000")
        rig.run(for: .seconds(1))
        let selected = rig.selections.first
        #expect(selected?.local.kind == .peerReflexive)
        #expect(selected?.local.address == socket("198.51.100.9:1234"))
        #expect(selected?.base == socket("10.0.0.1:5000"))
        #expect(selected?.local.priority == Candidate.priority(kind: .peerReflexive, localPreference: 65_535))
    }

    @Test func `a late response to a check that a triggered one replaced still counts`() throws {
        let rig = Rig(role: .controlling)
        rig.setRemote("10.0.0.2:6000")
        let first = try #require(rig.requests.first)
        rig.receiveCheck(from: "10.0.0.2:6000")
        rig.run(for: .milliseconds(60))
        #expect(rig.requests.count == 2)
        rig.answer(first)
        #expect(rig.agent.pairReports.map(\.state) == [.succeeded])
    }

    @Test func `pairs of one foundation wait for the first of them`() throws {
        let rig = Rig(role: .controlling)
        rig.setRemote()
        rig.tell(hostCandidate("10.0.0.2:6000", preference: 9))
        rig.tell(hostCandidate("10.0.0.2:6001", preference: 8))
        rig.run(for: .milliseconds(400))
        #expect(rig.agent.pairReports.map(\.state) == [.inProgress, .frozen])
        rig.answer(try #require(rig.requests.first))
        #expect(rig.agent.pairReports.map(\.state) == [.succeeded, .waiting])
    }

    @Test func `a dead candidate holds up another one of its foundation for one timeout only`() {
        let rig = Rig(role: .controlling)
        rig.isAnswered = { $0.destination == socket("10.0.0.2:6001") }
        rig.setRemote()
        rig.tell(hostCandidate("10.0.0.2:6000", preference: 9))
        rig.tell(hostCandidate("10.0.0.2:6001", preference: 8))
        rig.run(for: .milliseconds(600))
        #expect(rig.agent.pairReports.map(\.state) == [.inProgress, .succeeded])
    }

    @Test func `link-local goes with link-local, IPv4 with IPv4, loopback with loopback`() {
        let bases = ["10.0.0.1:1", "[fd00::1]:1", "[fe80::1%7]:1", "127.0.0.1:1"]
        let rig = Rig(bases, role: .controlling)
        rig.setRemote("10.0.0.2:2", "[fd00::2]:2", "[fe80::2]:2", "127.0.0.1:2")
        let pairs = Set(rig.agent.pairReports.map { "\($0.base) \($0.destination)" })
        #expect(
            pairs == [
                "10.0.0.1:1 10.0.0.2:2", "[fd00::1]:1 [fd00::2]:2", "[fe80::1%7]:1 [fe80::2%7]:2",
                "127.0.0.1:1 127.0.0.1:2",
            ]
        )
    }

    @Test func `no more than a hundred pairs are formed, the best ones`() {
        let rig = Rig((1...10).map { "10.0.1.\($0):5000" }, role: .controlling)
        rig.setRemote()
        for number in 1...100 {
            rig.tell(hostCandidate("10.0.2.\(number):6000", preference: UInt16(number), foundation: "f\(number)"))
        }
        let reports = rig.agent.pairReports
        #expect(reports.count == 100)
        #expect(rig.agent.remoteCandidates.count == 64)
        #expect(reports.first?.destination == socket("10.0.2.64:6000"))
    }

    @Test func `sources that led nowhere make room for new ones`() {
        let rig = Rig(role: .controlled)
        rig.setRemote()
        for port in 1...100 {
            rig.receiveCheck(from: "192.0.2.7:\(port)")
            rig.run(for: .seconds(60))
        }
        #expect(rig.errors.isEmpty)
        #expect(rig.agent.remoteCandidates.count == 32)
        #expect(rig.agent.pairReports.count == 32)
        rig.isAnswered = { _ in true }
        rig.receiveCheck(from: "192.0.2.7:5000", nominating: true)
        rig.run(for: .seconds(1))
        #expect(rig.selections.map(\.destination.port) == [5000])
    }

    @Test func `thousands of sources with the right password are bounded too`() {
        let rig = Rig(role: .controlled)
        rig.setRemote("10.0.0.2:6000")
        for port in 1...2_000 {
            rig.receiveCheck(from: "192.0.2.7:\(port)")
        }
        #expect(rig.agent.remoteCandidates.count == 33)
        #expect(rig.agent.pairReports.count == 33)
        #expect(rig.errors.contains(.tooMany))
    }
}
