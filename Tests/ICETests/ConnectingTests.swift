// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import ICE

@Suite struct ConnectingTests {
    @Test func `two hosts on one network select the same pair`() {
        let lab = Lab()
        let left = lab.host("left", ["10.0.0.1:5000"], role: .controlling)
        let right = lab.host("right", ["10.0.0.2:6000"], role: .controlled)
        lab.introduce(left, right)
        lab.run(for: .seconds(3))
        #expect(left.selections.map(\.destination) == [socket("10.0.0.2:6000")])
        #expect(right.selections.map(\.destination) == [socket("10.0.0.1:5000")])
        #expect(left.states == [.checking, .connected, .completed] || left.states == [.checking, .completed])
        #expect(left.agent.roundTripTime == .milliseconds(20))
        #expect(left.errors.isEmpty)
        #expect(!lab.hasSpun)
    }

    @Test(arguments: [NAT.Behaviour.endpointIndependent, .addressAndPortDependent])
    func `two NATs are crossed when one of them maps alike for all`(mapping: NAT.Behaviour) {
        let lab = Lab()
        let leftNAT = NAT("198.51.100.1")
        let rightNAT = NAT(
            "198.51.100.2",
            mapping: mapping,
            filtering: .addressAndPortDependent
        )
        let left = lab.host(
            "left",
            ["10.0.0.1:5000"],
            role: .controlling,
            nat: mapping == .endpointIndependent
                ? leftNAT : NAT("198.51.100.3", filtering: .endpointIndependent)
        )
        let right = lab.host("right", ["10.0.0.1:6000"], role: .controlled, nat: rightNAT)
        lab.addServer("203.0.113.1:3478")
        lab.run(for: .seconds(1))
        #expect(left.candidates.map(\.kind) == [.host, .serverReflexive])
        lab.introduce(left, right)
        lab.run(for: .seconds(5))
        #expect(left.selections.count == 1)
        #expect(right.selections.count == 1)
        #expect(left.selections.first?.destination.ip == rightNAT.address)
        #expect(!lab.hasSpun)
    }

    @Test func `loss of a third of all datagrams only delays`() {
        for seed in 1...40 as ClosedRange<UInt64> {
            let lab = Lab(seed: seed)
            lab.loss = 33
            let left = lab.host("left", ["10.0.0.1:5000", "[fd00::1]:5000"], role: .controlling)
            let right = lab.host("right", ["10.0.0.2:6000", "[fd00::2]:6000"], role: .controlled)
            lab.introduce(left, right)
            lab.run(until: .seconds(30)) { !left.selections.isEmpty && !right.selections.isEmpty }
            #expect(!left.selections.isEmpty, "seed \(seed)")
            #expect(!right.selections.isEmpty, "seed \(seed)")
        }
    }
}
