// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ICE
import Peering
import SimulatedNetwork
import Testing
import Wire

@Suite struct NATTests {
    /// A pair of NATs.
    struct Pair: CustomStringConvertible {
        var left: NATBehaviour
        var right: NATBehaviour
        var isIPv6 = false

        var description: String {
            "\(self.left) – \(self.right)" + (self.isIPv6 ? " over IPv6" : "")
        }
    }

    static let pairs = NATBehaviour.kinds.flatMap { left in NATBehaviour.kinds.map { Pair(left: left, right: $0) } }

    static let pairsOverIPv6 = pairs.enumerated().filter { $0.offset % 5 == 0 }.map { pair in
        Pair(left: pair.element.left, right: pair.element.right, isIPv6: true)
    }

    @Test(arguments: pairs + pairsOverIPv6)
    func `peers connect exactly where there is a direct path`(pair: Pair) throws {
        let world = PeerWorld(seed: 3)
        let addresses =
            pair.isIPv6
            ? ["fd00:1::2", "2001:db8:1::1", "fd00:2::2", "2001:db8:2::1"]
            : ["192.168.1.2", "203.0.113.1", "192.168.2.2", "203.0.113.2"]
        let ann = try world.addSide("ann", at: addresses[0], behind: world.addNAT(at: addresses[1], pair.left))
        let bob = try world.addSide("bob", at: addresses[2], behind: world.addNAT(at: addresses[3], pair.right))
        let hasPath = NATTable.meet([pair.left], [pair.right])
        #expect(try world.meet(ann, bob, limit: .seconds(45)) == hasPath, "\(pair)")
        #expect(ann.isPathless != hasPath && bob.isPathless != hasPath)
        guard hasPath, let there = ann.path, let back = bob.path else { return }
        #expect(there.isDirect && back.isDirect)
        #expect(there.remote.address == back.local.address && there.local.address == back.remote.address)
        #expect(there.remote.address.ip == ip(addresses[3]) && back.remote.address.ip == ip(addresses[1]))
        self.expectKinds(pair, there, back)
        #expect(world.spinning.isEmpty)
    }

    /// What a STUN server saw is server-reflexive on both sides; another port is peer-reflexive on both.
    private func expectKinds(_ pair: Pair, _ there: PathDescription, _ back: PathDescription) {
        let left: CandidateKind = pair.left.mapping == .endpointIndependent ? .serverReflexive : .peerReflexive
        let right: CandidateKind = pair.right.mapping == .endpointIndependent ? .serverReflexive : .peerReflexive
        #expect(there.local.kind == left && back.remote.kind == left)
        #expect(there.remote.kind == right && back.local.kind == right)
    }

    @Test(arguments: [true, false])
    func `two peers behind one NAT take the way inside`(hairpins: Bool) throws {
        let world = PeerWorld(seed: 4)
        let nat = world.addNAT(
            at: "203.0.113.1",
            NATBehaviour(
                mapping: .endpointIndependent,
                filtering: .addressAndPortDependent,
                hairpinning: hairpins
            )
        )
        let ann = try world.addSide("ann", at: "192.168.1.2", behind: nat)
        let bob = try world.addSide("bob", at: "192.168.1.3", behind: nat)
        #expect(try world.meet(ann, bob))
        #expect(ann.path?.local.kind == .host && ann.path?.remote.kind == .host)
    }

    @Test(arguments: [true, false])
    func `two peers that one NAT keeps apart inside need its hairpin`(hairpins: Bool) throws {
        let world = PeerWorld(seed: 4)
        let nat = world.addNAT(
            at: "203.0.113.1",
            NATBehaviour(
                mapping: .endpointIndependent,
                filtering: .addressAndPortDependent,
                hairpinning: hairpins
            )
        )
        let ann = try world.addSide("ann", at: "192.168.1.2", behind: nat)
        let bob = try world.addSide("bob", at: "192.168.1.3", behind: nat)
        world.gather()
        let (anns, bobs) = (ann.connection.localDescription, bob.connection.localDescription)
        try ann.connection.setRemote(Self.reflexiveOnly(bobs), at: world.now)
        try bob.connection.setRemote(Self.reflexiveOnly(anns), at: world.now)
        #expect(world.run(limit: .seconds(45)) { ann.isEstablished && bob.isEstablished } == hairpins)
        #expect(ann.isPathless != hairpins)
    }

    private static func reflexiveOnly(_ description: PeerDescription) -> PeerDescription {
        var description = description
        description.candidates.removeAll { $0.kind != .serverReflexive }
        return description
    }

    @Test func `IPv6 between two hosts is taken although NATs would let IPv4 through`() throws {
        let world = PeerWorld(seed: 6)
        let ann = try world.addSide("ann", at: "2001:db8:1::2", "192.168.1.2", behind: nil)
        let bob = try world.addSide("bob", at: "2001:db8:2::2", "192.168.2.2", behind: nil)
        world.internet.place(ip("192.168.1.2"), behind: world.addNAT(at: "203.0.113.1"))
        world.internet.place(ip("192.168.2.2"), behind: world.addNAT(at: "203.0.113.2"))
        #expect(try world.meet(ann, bob))
        #expect(ann.path?.remote.address.ip == ip("2001:db8:2::2"))
    }

    @Test func `a NAT that forgets after 30 s is kept awake for 25 minutes`() throws {
        let world = PeerWorld(seed: 8)
        let behaviour = NATBehaviour(
            mapping: .endpointIndependent,
            filtering: .addressAndPortDependent,
            lifetime: .seconds(30)
        )
        let ann = try world.addSide("ann", at: "192.168.1.2", behind: world.addNAT(at: "203.0.113.1", behaviour))
        let bob = try world.addSide("bob", at: "192.168.2.2", behind: world.addNAT(at: "203.0.113.2", behaviour))
        world.gather()
        try world.introduce(ann, to: bob)
        world.run(for: .seconds(25 * 60))
        #expect(!ann.isStale && !bob.isStale && bob.isPathless)
        try world.introduce(bob, to: ann)
        #expect(world.run(limit: .seconds(10)) { ann.isEstablished && bob.isEstablished })
    }

    @Test func `a NAT that is restarted before the peers meet makes the line stale`() throws {
        let world = PeerWorld(seed: 9)
        let nat = world.addNAT(at: "203.0.113.1")
        let ann = try world.addSide("ann", at: "192.168.1.2", behind: nat)
        let bob = try world.addSide("bob", at: "203.0.113.9")
        world.gather()
        let old = ann.connection.localDescription
        world.internet.restartNAT(nat)
        #expect(world.run(limit: .seconds(20)) { ann.isStale })
        #expect(ann.connection.localDescription.candidates != old.candidates)
        try world.introduce(ann, bob)
        #expect(world.run(limit: .seconds(10)) { ann.isEstablished && bob.isEstablished })
    }
}
