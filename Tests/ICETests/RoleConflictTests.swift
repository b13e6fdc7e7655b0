// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

@testable import ICE

@Suite struct RoleConflictTests {
    @Test(arguments: [
        (ICERole.controlling, 9, ICERole.controlling, 5, RoleConflict.reject),
        (.controlling, 5, .controlling, 9, .switchRole),
        (.controlling, 5, .controlling, 5, .reject),
        (.controlled, 9, .controlled, 5, .switchRole),
        (.controlled, 5, .controlled, 9, .reject),
        (.controlled, 5, .controlled, 5, .switchRole),
        (.controlling, 1, .controlled, 9, .none),
        (.controlled, 9, .controlling, 1, .none),
    ])
    func `tie-breakers decide`(own: ICERole, ours: UInt64, other: ICERole, theirs: UInt64, result: RoleConflict) {
        let conflict = RoleConflict(
            own: RoleClaim(role: own, tieBreaker: ours),
            other: RoleClaim(role: other, tieBreaker: theirs)
        )
        #expect(conflict == result)
    }

    @Test(arguments: ICERole.allCases)
    func `two agents in one role agree on different ones and connect`(role: ICERole) {
        for seed in 1...20 as ClosedRange<UInt64> {
            let lab = Lab(seed: seed)
            let left = lab.host("left", ["10.0.0.1:5000"], role: role)
            let right = lab.host("right", ["10.0.0.2:6000"], role: role)
            lab.introduce(left, right)
            lab.run(for: .seconds(5))
            #expect(left.agent.role == right.agent.role.opposite, "seed \(seed)")
            #expect(left.selections.last?.destination == socket("10.0.0.2:6000"), "seed \(seed)")
            #expect(right.selections.last?.destination == socket("10.0.0.1:5000"), "seed \(seed)")
            #expect(!lab.hasSpun)
        }
    }

    @Test(arguments: ICERole.allCases)
    func `the side whose right is the better one answers 487 and keeps its role`(role: ICERole) {
        let rig = Rig(role: role)
        rig.setRemote()
        let theirs: UInt64 = role == .controlling ? 0 : .max
        let claim = RoleClaim(role: role, tieBreaker: theirs)
        rig.deliver(rig.check(claims: claim), from: socket("10.0.0.2:6000"), on: socket("10.0.0.1:5000"))
        #expect(rig.answer?.errorCode?.number == 487)
        #expect(rig.agent.role == role)
        #expect(rig.agent.pairReports.isEmpty)
    }

    @Test(arguments: ICERole.allCases)
    func `487 switches the role and repeats the check`(role: ICERole) throws {
        let rig = Rig(role: role)
        rig.setRemote("10.0.0.2:6000")
        rig.answer(try #require(rig.requests.first), error: .roleConflict)
        rig.run(for: .milliseconds(60))
        #expect(rig.agent.role == role.opposite)
        #expect(rig.requests.count == 2)
        #expect((rig.requests.last?.message?.iceControlling != nil) == (role == .controlled))
    }

    @Test func `a role may be set until the other side is known`() {
        let rig = Rig(role: .controlled)
        let before = rig.agent.setRole(.controlling)
        rig.setRemote()
        let after = rig.agent.setRole(.controlled)
        #expect(before)
        #expect(!after)
        #expect(rig.agent.role == .controlling)
    }
}
