// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

@testable import ICE

/// RFC 8445 §9: restarts that one side begins alone, and those that signaling tells of.
@Suite struct RestartTests {
    private static func credentials(_ name: String, _ generation: Int) -> ICECredentials {
        ICECredentials(usernameFragment: "\(name)\(generation)", password: "password of \(name) in \(generation)")
    }

    /// Lays the generation after the present one ready, as both sides would derive it.
    private static func prepare(_ host: Host, _ own: String, _ other: String) {
        let next = host.agent.generationNumber + 1
        host.agent.prepareOwnRestart(
            credentials: Self.credentials(own, next),
            remote: RemoteAgent(credentials: Self.credentials(other, next), supportsRenomination: true)
        )
    }

    private static func connected(seed: UInt64 = 1) -> (Lab, Host, Host) {
        let lab = Lab(seed: seed)
        let left = lab.host("left", ["10.0.0.1:5000"], role: .controlling)
        let right = lab.host("right", ["10.0.0.2:5000"], role: .controlled)
        lab.introduce(left, right)
        lab.run(for: .seconds(3))
        for (host, other) in [(left, "10.0.0.2:5000"), (right, "10.0.0.1:5000")] {
            host.agent.prove(socket(other), on: host.addresses[0], at: lab.now)
        }
        lab.respond = { host, event in
            guard case .restarted = event else { return }
            Self.prepare(host, host.name, host.name == "left" ? "right" : "left")
        }
        Self.prepare(left, "left", "right")
        Self.prepare(right, "right", "left")
        return (lab, left, right)
    }

    private static func restart(_ agent: inout ICEAgent, at now: Instant) -> Bool {
        agent.restart(at: now)
    }

    private static func restarts(_ host: Host) -> [Int] {
        host.events.compactMap { if case .restarted(let number) = $0 { number } else { nil } }
    }

    @Test(arguments: [false, true])
    func `a restart that one side begins is followed by the other, with fresh credentials`(isLeft: Bool) {
        let (lab, left, right) = Self.connected()
        let beginner = isLeft ? left : right
        #expect(Self.restart(&beginner.agent, at: lab.now))
        lab.drain(beginner)
        lab.run(for: .seconds(3))
        #expect(Self.restarts(left) == [1] && Self.restarts(right) == [1])
        #expect(left.agent.state == .completed && right.agent.state == .completed)
        #expect(left.selections.count == 2 && right.selections.count == 2)
        #expect(left.errors.isEmpty && right.errors.isEmpty)
    }

    @Test func `nobody goes further before the other side has followed`() {
        let (lab, left, right) = Self.connected()
        lab.tamper = { _ in nil }
        #expect(Self.restart(&left.agent, at: lab.now))
        lab.drain(left)
        #expect(!Self.restart(&left.agent, at: lab.now))
        lab.run(for: .seconds(60))
        #expect(left.agent.generationNumber == 1)
        // The other side missed the path for itself, and is there as well.
        #expect(right.agent.generationNumber == 1)
        lab.tamper = { $0 }
        lab.run(for: .seconds(10))
        #expect(left.agent.state == .completed && right.agent.state == .completed)
    }

    @Test func `checks of before are answered until the other side has followed`() {
        let rig = Rig(role: .controlled)
        rig.isAnswered = { _ in true }
        rig.setRemote("10.0.0.2:6000")
        rig.receiveCheck(from: "10.0.0.2:6000", nominating: true)
        rig.run(for: .seconds(1))
        rig.agent.prepareRestart(
            credentials: Self.credentials("us", 1),
            remote: RemoteAgent(credentials: Self.credentials("them", 1))
        )
        #expect(Self.restart(&rig.agent, at: rig.now))
        rig.isAnswered = { _ in false }
        rig.receiveCheck(from: "10.0.0.2:6000")
        #expect(rig.answer?.messageClass == .success)
        #expect(rig.agent.generationNumber == 1 && rig.selections.count == 1)
        // Not so for somebody at another address, who may have the credentials from anywhere.
        rig.receiveCheck(from: "10.0.0.66:6000")
        #expect(rig.errors == [.wrongUsername])
        let next = rig.check(username: "us1:them1", password: "password of us in 1")
        rig.deliver(next, from: socket("10.0.0.2:6000"), on: socket("10.0.0.1:5000"))
        rig.receiveCheck(from: "10.0.0.2:6000")
        #expect(rig.errors == [.wrongUsername, .wrongUsername])
    }

    @Test func `early checks of a restart are answered before the answer to its offer is there`() {
        let rig = Rig(role: .controlling)
        rig.isAnswered = { _ in true }
        rig.setRemote("10.0.0.2:6000")
        rig.run(for: .seconds(1))
        rig.agent.prepareRestart(credentials: Self.credentials("us", 1), remote: nil)
        #expect(!Self.restart(&rig.agent, at: rig.now))
        let early = rig.check(username: "us1:them1", password: "password of us in 1")
        rig.deliver(early, from: socket("10.0.0.3:6000"), on: socket("10.0.0.1:5000"))
        #expect(rig.answer?.messageClass == .success && rig.agent.generationNumber == 0)
        rig.agent.prepareRestart(
            credentials: Self.credentials("us", 1),
            remote: RemoteAgent(credentials: Self.credentials("them", 1))
        )
        #expect(Self.restart(&rig.agent, at: rig.now))
        rig.run(for: .milliseconds(200))
        #expect(rig.requests.contains { $0.transmit.destination == socket("10.0.0.3:6000") })
    }

    @Test func `the nomination with the greatest number counts, in whatever order they come`() {
        let rig = Rig(role: .controlled)
        rig.isAnswered = { _ in true }
        rig.setRemote("10.0.0.2:6000", "10.0.0.3:6000")
        rig.run(for: .seconds(2))
        for (source, number) in [("10.0.0.2:6000", 2), ("10.0.0.3:6000", 7), ("10.0.0.2:6000", 3)] as [(String, UInt32)]
        {
            let check = rig.check(nominating: true, extra: [.nomination(number)])
            rig.deliver(check, from: socket(source), on: socket("10.0.0.1:5000"))
            rig.run(for: .milliseconds(100))
        }
        #expect(rig.selections.map(\.destination.description) == ["10.0.0.2:6000", "10.0.0.3:6000"])
    }

    @Test func `an agent whose other side does not restart alone ends without consent as before`() {
        let rig = Rig(role: .controlling)
        rig.isAnswered = { _ in true }
        rig.setRemote("10.0.0.2:6000")
        rig.run(for: .seconds(1))
        rig.agent.prove(socket("10.0.0.2:6000"), on: socket("10.0.0.1:5000"), at: rig.now)
        rig.isAnswered = { _ in false }
        rig.run(for: .seconds(60))
        #expect(rig.events.contains(.consentExpired))
        #expect(rig.agent.state == .failed && rig.agent.nextTimeout == nil)
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func `a host that comes back after minutes is found again`(seed: UInt64) {
        let (lab, left, right) = Self.connected(seed: seed)
        right.isStarted = false
        lab.run(for: .seconds(200))
        right.isStarted = true
        let isFound = lab.run(until: .seconds(40)) {
            left.agent.state == .completed && right.agent.state == .completed
        }
        #expect(isFound, "left \(left.agent.state) \(left.agent.generationNumber), right \(right.agent.state)")
    }
}
