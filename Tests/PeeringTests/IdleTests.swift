// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Peering
import SimulatedNetwork
import Testing
import Wire

/// Sessions in which nobody says anything for an hour, through boxes that forget after half a minute.
@Suite struct IdleTests {
    /// Two boxes, and what they are in front of.
    struct Boxes: CustomStringConvertible {
        var left: NATBehaviour
        var right: NATBehaviour
        var areFirewalls = false

        var description: String { "\(self.left) – \(self.right)" }

        /// Each kind of box with each that comes after it.
        static let all: [Boxes] = {
            var boxes: [Boxes] = []
            let kinds = NATBehaviour.kinds.map { kind in
                NATBehaviour(mapping: kind.mapping, filtering: kind.filtering, lifetime: .seconds(30))
            }
            for (index, left) in kinds.enumerated() {
                boxes += kinds[index...].map { Boxes(left: left, right: $0) }
            }
            for filtering in NATBehaviour.Dependence.allCases {
                let wall = NATBehaviour.firewall(filtering, lifetime: .seconds(30))
                boxes.append(Boxes(left: wall, right: wall, areFirewalls: true))
            }
            return boxes
        }()
    }

    /// An hour; a debug build needs too long for it.
    private static var idleTime: Duration {
        #if DEBUG
        .seconds(300)
        #else
        .seconds(3_600)
        #endif
    }

    @Test(arguments: Boxes.all)
    func `an idle session outlives mappings of 30 s`(boxes: Boxes) throws {
        let world = PeerWorld(seed: 41)
        let (ann, bob) = boxes.areFirewalls ? try self.firewalled(boxes, world) : try self.translated(boxes, world)
        let needsRelay = !boxes.areFirewalls && !NATTable.meet([boxes.left], [boxes.right])
        if needsRelay { world.give(world.addRelay(at: "198.51.100.9:3478"), to: ann) }
        #expect(try world.meet(ann, bob, limit: .seconds(45)))
        world.run(for: Self.idleTime)
        #expect(ann.path?.isDirect == !needsRelay && bob.path?.isDirect == !needsRelay)
        #expect(ann.closeReason == nil && bob.closeReason == nil && !ann.quiet.contains(true))
        try ImpostorTests.expectTalk(ann, bob, in: world)
        try ImpostorTests.expectTalk(bob, ann, in: world)
        #expect(ann.pacing.violations == [] && bob.pacing.violations == [])
        #expect(world.relays.allSatisfy { $0.violations == [] })
    }

    private func translated(_ boxes: Boxes, _ world: PeerWorld) throws -> (PeerSide, PeerSide) {
        (
            try world.addSide("ann", at: "192.168.1.2", behind: world.addNAT(at: "203.0.113.1", boxes.left)),
            try world.addSide("bob", at: "192.168.2.2", behind: world.addNAT(at: "203.0.113.2", boxes.right))
        )
    }

    private func firewalled(_ boxes: Boxes, _ world: PeerWorld) throws -> (PeerSide, PeerSide) {
        (
            try world.addSide("ann", at: "2001:db8:1::2", behind: world.internet.addFirewall(boxes.left)),
            try world.addSide("bob", at: "2001:db8:2::2", behind: world.internet.addFirewall(boxes.right))
        )
    }
}
