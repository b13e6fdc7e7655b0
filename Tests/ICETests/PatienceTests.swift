// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import ICE

@Suite struct PatienceTests {
    @Test func `failed pairs are tried again, each every five seconds, one each half second overall`() {
        let rig = Rig(role: .controlling, isPatient: true)
        rig.setRemote()
        for number in 1...20 {
            rig.tell(hostCandidate("10.0.2.\(number):6000", preference: UInt16(number), foundation: "f\(number)"))
        }
        rig.run(for: .seconds(120))
        let before = rig.requests.count
        rig.run(for: .seconds(100))
        let late = rig.requests.dropFirst(before)
        #expect((198...202).contains(late.count))
        for (earlier, later) in zip(late.map(\.at), late.map(\.at).dropFirst()) {
            #expect(later - earlier >= .milliseconds(500))
        }
        let one = late.filter { $0.transmit.destination == socket("10.0.2.7:6000") }.map(\.at)
        #expect(one.count == 10)
        #expect(rig.agent.state == .checking)
    }

    @Test func `a single pair is tried every five seconds`() {
        let rig = Rig(role: .controlling, isPatient: true)
        rig.setRemote("10.0.0.2:6000")
        rig.run(for: .seconds(60))
        let before = rig.requests.count
        rig.run(for: .seconds(60))
        #expect(rig.requests.count - before == 12)
    }

    @Test func `patience ends after half an hour`() {
        let rig = Rig(role: .controlling, isPatient: true)
        rig.setRemote("10.0.0.2:6000")
        rig.run(for: .seconds(29 * 60 + 50))
        #expect(rig.agent.state == .checking)
        rig.run(for: .seconds(20))
        #expect(rig.agent.state == .failed)
        #expect(rig.agent.nextTimeout == nil)
    }

    @Test(arguments: [1, 20, 100, 600])
    func `a peer that starts late is found through two NATs`(seconds: Int) {
        let lab = Lab()
        let left = lab.host(
            "left",
            ["10.0.0.1:5000"],
            role: .controlling,
            nat: NAT("198.51.100.1"),
            isPatient: true
        )
        let right = lab.host(
            "right",
            ["10.0.0.1:6000"],
            role: .controlled,
            nat: NAT("198.51.100.2"),
            isPatient: true
        )
        lab.addServer("203.0.113.1:3478")
        lab.run(for: .seconds(2))
        lab.introduce(right, to: left)
        lab.run(for: .seconds(seconds))
        #expect(left.selections.isEmpty)
        lab.introduce(left, to: right)
        lab.run(for: .seconds(7))
        #expect(left.selections.count == 1)
        #expect(right.selections.count == 1)
        #expect(!lab.hasSpun)
    }

    @Test func `patience ends with a selection`() {
        let rig = Rig(role: .controlling, isPatient: true)
        rig.isAnswered = { $0.destination == socket("10.0.0.2:6000") }
        rig.setRemote("10.0.0.2:6000", "10.0.0.3:6000")
        rig.run(for: .seconds(60))
        let toDead = rig.requests.filter { $0.transmit.destination == socket("10.0.0.3:6000") }
        #expect(toDead.count <= 7)
    }
}
