// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

@testable import ICE

@Suite struct ConsentTests {
    private static func connected(_ role: ICERole = .controlling, _ others: String...) -> Rig {
        let rig = Rig(role: role)
        rig.isAnswered = { _ in true }
        rig.setRemote("10.0.0.2:6000")
        for (index, other) in others.enumerated() {
            rig.tell(hostCandidate(other, preference: UInt16(100 - index), foundation: "o\(index)"))
        }
        rig.run(for: .seconds(1))
        if role == .controlled {
            rig.receiveCheck(from: "10.0.0.2:6000", nominating: true)
        }
        return rig
    }

    @Test func `a pair that answered long before it was selected is asked at once`() {
        let rig = Rig(role: .controlled)
        rig.isAnswered = { _ in true }
        rig.setRemote("10.0.0.2:6000")
        rig.run(for: .seconds(1))
        rig.isAnswered = { _ in false }
        rig.run(for: .seconds(29))
        let before = rig.requests.count
        rig.receiveCheck(from: "10.0.0.2:6000", nominating: true)
        #expect(rig.requests.count == before + 1)
        rig.run(for: .seconds(4))
        rig.isAnswered = { _ in true }
        rig.run(for: .seconds(60))
        #expect(rig.agent.state == .completed && !rig.events.contains(.consentExpired))
    }

    @Test func `consent is asked for every four to six seconds, while data flows or not`() {
        let rig = Self.connected()
        let before = rig.requests.count
        for _ in 0..<600 {
            rig.run(for: .milliseconds(100))
            rig.agent.noteDataReceived(at: rig.now)
        }
        let times = rig.requests.dropFirst(before).map(\.at)
        #expect((9...16).contains(times.count))
        for (earlier, later) in zip(times, times.dropFirst()) {
            let gap = later - earlier
            #expect(gap >= .seconds(4) && gap <= .milliseconds(6_100))
        }
        #expect(rig.agent.state == .completed)
    }

    @Test func `data is no consent: without responses sending ends after 30 s`() {
        let rig = Self.connected()
        rig.isAnswered = { _ in false }
        for _ in 0..<400 {
            rig.run(for: .milliseconds(100))
            rig.agent.noteDataReceived(at: rig.now)
        }
        #expect(rig.events.contains(.consentExpired))
        #expect(rig.agent.state == .failed)
        #expect(rig.agent.selectedPair == nil)
        #expect(rig.agent.nextTimeout == nil)
        let last = rig.sent.count
        rig.receiveCheck(from: "10.0.0.2:6000", nominating: true)
        rig.run(for: .seconds(100))
        #expect(rig.sent.count == last)
        #expect(rig.errors == [.ended])
    }

    @Test(arguments: [6, 15, 24])
    func `a gap of some seconds is told at most, and ends by itself`(seconds: Int) {
        let rig = Self.connected()
        rig.isAnswered = { _ in false }
        rig.run(for: .seconds(seconds))
        rig.isAnswered = { _ in true }
        rig.run(for: .seconds(7))
        #expect(rig.agent.state == .completed)
        #expect(rig.selections.count == 1)
        #expect(!rig.events.contains(.consentExpired))
        #expect(!rig.events.contains(.stateChanged(.failed)))
    }

    @Test func `silence is told after some five seconds and taken back at the first sign of life`() {
        let rig = Self.connected()
        rig.isAnswered = { _ in false }
        rig.run(for: .milliseconds(4_500))
        #expect(rig.agent.state == .completed)
        rig.run(for: .milliseconds(3_500))
        #expect(rig.agent.state == .disconnected)
        rig.agent.noteDataReceived(at: rig.now)
        #expect(rig.agent.state == .completed)
    }

    @Test func `a lost request is no silence: it is followed by others at once`() {
        let rig = Self.connected()
        var losses = 0
        rig.isAnswered = { _ in
            losses = (losses + 1) % 4
            return losses == 0
        }
        let before = rig.requests.count
        rig.run(for: .seconds(60))
        #expect((36...60).contains(rig.requests.count - before))
        #expect(rig.agent.state == .completed)
        #expect(!rig.events.contains(.stateChanged(.disconnected)))
    }

    @Test func `an outage longer than 30 s fails, every time`() {
        for seed in 1...20 as ClosedRange<UInt64> {
            let rig = Rig(role: .controlling, seed: seed)
            rig.isAnswered = { _ in true }
            rig.setRemote("10.0.0.2:6000")
            rig.run(for: .seconds(60))
            rig.isAnswered = { _ in false }
            rig.run(for: .milliseconds(30_001))
            rig.isAnswered = { _ in true }
            rig.run(for: .seconds(60))
            #expect(rig.agent.state == .failed, "seed \(seed)")
        }
    }

    @Test func `checks of the other side are signs of life`() {
        let rig = Self.connected(.controlled)
        rig.isAnswered = { _ in false }
        for _ in 0..<10 {
            rig.run(for: .milliseconds(2_500))
            rig.receiveCheck(from: "10.0.0.2:6000", nominating: true)
        }
        #expect(!rig.events.contains(.stateChanged(.disconnected)))
        #expect(rig.agent.state == .completed)
    }

    @Test func `indications are signs of life and are not answered`() {
        let rig = Self.connected(.controlled)
        rig.isAnswered = { _ in false }
        let indication = STUNMessage(.binding, .indication, TransactionID(high: 1, low: 2)).encoded(fingerprint: true)
        for _ in 0..<10 {
            rig.run(for: .milliseconds(2_500))
            rig.deliver(indication, from: socket("10.0.0.2:6000"), on: socket("10.0.0.1:5000"))
        }
        #expect(rig.errors.isEmpty)
        #expect(!rig.events.contains(.stateChanged(.disconnected)))
        #expect(rig.answer?.messageClass == .success)
        let answers = rig.sent.count { $0.message?.messageClass == .success }
        #expect(answers == 1)
    }

    @Test func `another valid pair takes over within ten seconds of silence`() {
        let rig = Self.connected(.controlling, "10.0.0.3:6000", "10.0.0.4:6000")
        #expect(rig.selections.map(\.destination) == [socket("10.0.0.2:6000")])
        rig.isAnswered = { $0.destination == socket("10.0.0.4:6000") }
        rig.run(for: .seconds(10))
        #expect(rig.selections.map(\.destination.description) == ["10.0.0.2:6000", "10.0.0.4:6000"])
        #expect(rig.agent.state == .completed)
        rig.run(for: .seconds(120))
        #expect(!rig.events.contains(.consentExpired))
        #expect(rig.selections.count == 2)
    }

    @Test func `pairs that are not selected stay warm at a slower pace`() {
        let rig = Self.connected(.controlling, "10.0.0.3:6000")
        let before = rig.requests.count
        rig.run(for: .seconds(120))
        let spare = rig.requests.dropFirst(before).filter { $0.transmit.destination == socket("10.0.0.3:6000") }
        #expect((6...11).contains(spare.count))
        #expect(!spare.contains { $0.message?.useCandidate ?? true })
    }

    @Test func `a spare pair that stops answering is no longer believed`() {
        let rig = Self.connected(.controlling, "10.0.0.3:6000")
        rig.isAnswered = { $0.destination == socket("10.0.0.2:6000") }
        rig.run(for: .seconds(120))
        let spare = rig.agent.pairReports.first { $0.destination == socket("10.0.0.3:6000") }
        #expect(spare?.state == .failed)
        #expect(rig.agent.state == .completed)
    }

    @Test func `a mapping that moves while connected is followed`() {
        let rig = Self.connected()
        rig.mapped = { _ in socket("198.51.100.9:1234") }
        rig.run(for: .seconds(7))
        #expect(rig.selections.map(\.local.address.description) == ["10.0.0.1:5000", "198.51.100.9:1234"])
        #expect(rig.selections.map(\.base.description) == ["10.0.0.1:5000", "10.0.0.1:5000"])
    }
}
