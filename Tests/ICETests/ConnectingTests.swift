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

    @Test func `both sides of any pair of networks end on the same path`() {
        for seed in 1...150 as ClosedRange<UInt64> {
            let lab = Lab(seed: seed)
            let (left, right) = Self.networks(in: lab)
            lab.addServer("203.0.113.1:3478")
            lab.addServer("[2001:db8:ff::1]:3478")
            lab.run(for: .milliseconds(Int.random(in: 0...700, using: &lab.random)))
            lab.introduce(left, to: right)
            lab.run(for: .milliseconds(Int.random(in: 0...9_000, using: &lab.random)))
            lab.introduce(right, to: left)
            lab.run(for: .seconds(2))
            for candidate in left.candidates { lab.tell(candidate, to: right) }
            for candidate in right.candidates { lab.tell(candidate, to: left) }
            lab.run(for: .seconds(50))
            let (one, other) = (left.agent.selectedPair, right.agent.selectedPair)
            #expect(one != nil && one?.remote.address == other?.local.address, "seed \(seed)")
            #expect(other != nil && other?.remote.address == one?.local.address, "seed \(seed)")
            #expect(left.agent.role != right.agent.role, "seed \(seed)")
            #expect(left.selections.count <= 3 && right.selections.count <= 3, "seed \(seed)")
            #expect(!lab.hasSpun, "seed \(seed)")
        }
    }

    /// Two hosts behind random NATs that let a path through, with random addresses and roles, and some loss.
    private static func networks(in lab: Lab) -> (Host, Host) {
        let behaviours = [NAT.Behaviour.endpointIndependent, .addressAndPortDependent]
        lab.loss = Int.random(in: 0...15, using: &lab.random)
        lab.delay = .milliseconds(Int.random(in: 1...150, using: &lab.random))
        var addresses: [[String]] = [[], []]
        for side in 0...1 {
            for number in 1...Int.random(in: 1...3, using: &lab.random) {
                addresses[side].append("10.\(side).0.\(number):5000")
            }
            if Bool.random(using: &lab.random) {
                addresses[side].append("[2001:db8::\(side + 1)]:5000")
            }
            addresses[side].shuffle(using: &lab.random)
        }
        let leftNAT = NAT("198.51.100.1", filtering: behaviours[Int.random(in: 0...1, using: &lab.random)])
        let mapping = behaviours[Int.random(in: 0...1, using: &lab.random)]
        // A mapping that depends on the destination needs a peer that filters by nothing.
        let isHard = mapping == .addressAndPortDependent && leftNAT.filtering == .addressAndPortDependent
        let rightNAT = NAT("198.51.100.2", mapping: isHard ? .endpointIndependent : mapping)
        let roles = ICERole.allCases
        let left = lab.host(
            "left",
            addresses[0],
            role: roles[Int.random(in: 0...1, using: &lab.random)],
            nat: Int.random(in: 0..<4, using: &lab.random) == 0 ? nil : leftNAT,
            isPatient: Bool.random(using: &lab.random)
        )
        let right = lab.host(
            "right",
            addresses[1],
            role: roles[Int.random(in: 0...1, using: &lab.random)],
            nat: rightNAT,
            isPatient: Bool.random(using: &lab.random)
        )
        return (left, right)
    }
}
