// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Peering
import STUN
import SimulatedNetwork
import Wire

extension PathScenario {
    /// Builds the Internet with both peers in it.
    func build() throws -> Meeting {
        let world = PeerWorld(seed: self.seed, link: self.link)
        self.place(in: world)
        let ann = try self.add("ann", self.ann, number: 1, to: world)
        let bob = try self.add("bob", self.bob, number: 2, to: world)
        return Meeting(scenario: self, world: world, ann: ann, bob: bob)
    }

    /// The addresses of a side: private ones behind boxes, else public ones.
    private func addresses(of number: Int) -> (v4: String, v6: String) {
        let isPublic = self.overIPv4.shared.isEmpty && (number == 1 ? self.overIPv4.left : self.overIPv4.right).isEmpty
        return (isPublic ? "203.0.113.\(100 + number)" : "10.\(number).0.2", "2001:db8:\(number)::2")
    }

    private func place(in world: PeerWorld) {
        let shared = self.stack(self.overIPv4.shared, 0, behind: nil, in: world)
        for (number, boxes) in [(1, self.overIPv4.left), (2, self.overIPv4.right)] {
            guard let box = self.stack(boxes, number, behind: shared, in: world) else { continue }
            world.internet.place(ip(self.addresses(of: number).v4), behind: box)
        }
        if let shared, self.overIPv4.isIsolated { world.internet.isolate(behind: shared) }
        let wall = self.overIPv6.shared.first.map { world.internet.addFirewall($0) }
        for (number, boxes) in [(1, self.overIPv6.left), (2, self.overIPv6.right)] {
            guard let box = wall ?? boxes.first.map({ world.internet.addFirewall($0) }) else { continue }
            world.internet.place(ip(self.addresses(of: number).v6), behind: box)
        }
        if let wall, self.overIPv6.isIsolated { world.internet.isolate(behind: wall) }
    }

    /// Puts boxes one behind the other and returns the innermost.
    private func stack(_ boxes: [NATBehaviour], _ number: Int, behind outside: Int?, in world: PeerWorld) -> Int? {
        var innermost = outside
        for (depth, behaviour) in boxes.reversed().enumerated() {
            let address = innermost == nil ? "203.0.113.\(1 + number)" : "100.64.\(depth).\(1 + number)"
            innermost = world.addNAT(at: address, behaviour, behind: innermost)
        }
        return innermost
    }

    private func add(_ name: String, _ home: Home, number: Int, to world: PeerWorld) throws -> PeerSide {
        let (version4, version6) = self.addresses(of: number)
        let addresses = (home.families.v6 ? [version6] : []) + (home.families.v4 ? [version4] : [])
        let side = try world.addSide(name, atAll: addresses) {
            $0.policy = home.policy
            $0.reconnectTime = .seconds(600)
        }
        guard home.hasRelay else { return side }
        let relayNumber = self.relays.isShared ? 3 : number
        if home.families.v4 { world.give(self.relay(relayNumber, isIPv6: false, in: world), to: side) }
        if home.families.v6 { world.give(self.relay(relayNumber, isIPv6: true, in: world), to: side) }
        return side
    }

    /// The relay with a number, which is made when it is asked for first.
    private func relay(_ number: Int, isIPv6: Bool, in world: PeerWorld) -> RelayServer {
        let port = isIPv6 ? 3_479 : 3_478
        let (version4, version6) = (
            "198.51.100.\(10 * number + (isIPv6 ? 1 : 0))", "2001:db8:ff::\(number)\(isIPv6 ? 6 : 4)"
        )
        let address = isIPv6 ? "[\(version6)]:\(port)" : "\(version4):\(port)"
        let first = isIPv6 ? "[2001:db8:ff::\(number)9]:\(port)" : "198.51.100.\(10 * number + 9):\(port)"
        if let known = world.relays.first(where: {
            $0.address == PeeringTests.address(self.relays.sendsOn ? first : address)
        }) {
            return known
        }
        let own = isIPv6 ? version6 : version4
        let relay = world.addRelay(
            at: address,
            relaying: self.relays.relaysBoth ? [version4, version6] : [own],
            features: self.relays.features,
            nonceLifetime: self.relays.nonceLifetime
        )
        guard self.relays.sendsOn else { return relay }
        let other = world.addRelay(at: first)
        other.earlyRefusal = { _ in (.tryAlternate, [.alternateServer(relay.address)]) }
        return other
    }
}
