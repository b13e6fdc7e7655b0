// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ICE
import Peering
import SDP
import SimulatedNetwork
import Testing
import Wire

/// What a peer keeps to itself, or leaves alone, when it is told so.
@Suite struct PolicyTests {
    @Test func `with relays alone nobody but they learns of this host`() throws {
        let world = PeerWorld(seed: 6)
        let ann = try world.addSide("ann", at: "192.168.1.2", behind: world.addNAT(at: "203.0.113.1")) {
            $0.policy = .relay
        }
        let bob = try world.addSide("bob", at: "192.168.2.2", behind: world.addNAT(at: "203.0.113.2")) {
            $0.policy = .relay
        }
        let relays = [world.addRelay(at: "198.51.100.9:3478"), world.addRelay(at: "198.51.100.10:3478")]
        world.give(relays[0], to: ann)
        world.give(relays[1], to: bob)
        #expect(try world.meet(ann, bob))
        try ImpostorTests.expectTalk(ann, bob, in: world)
        world.run(for: .seconds(60))
        for (side, relay) in zip([ann, bob], relays) {
            #expect(side.destinations == [relay.address])
            #expect(!side.candidates.isEmpty)
            #expect(side.candidates.allSatisfy { $0.kind == .relayed && $0.relatedAddress == nil })
        }
        for address in ["192.168.1.2", "203.0.113.1"] {
            let offer = ann.connection.makeOffer(endOfCandidates: true).text
            let candidates = ann.candidates.map(\.attribute.description).joined()
            #expect(!offer.contains(address) && !candidates.contains(address))
            #expect(bob.connection.pairReports.allSatisfy { $0.destination.ip != ip(address) })
        }
    }

    /// Carol uses direct paths alone; a relay's address is told to her, or a check comes from there, or both.
    @Test(arguments: [true, false], [true, false])
    func `with direct paths alone nothing is sent to a relay`(isTold: Bool, comesFirst: Bool) throws {
        let world = PeerWorld(seed: 7)
        let ann = try world.addSide("ann", at: "192.168.1.2", behind: world.addNAT(at: "203.0.113.1")) {
            $0.policy = .relay
        }
        let carol = try world.addSide("carol", at: "203.0.113.3") { $0.policy = .direct }
        let relay = world.addRelay(at: "198.51.100.9:3478")
        world.give(relay, to: ann)
        world.give(relay, to: carol)
        world.gather()
        if comesFirst {
            try world.introduce(carol, to: ann)
            world.run(for: .seconds(3))
        }
        var line = ann.connection.localDescription
        if !isTold { line.candidates = [] }
        try carol.connection.setRemote(line, at: world.now)
        if !comesFirst { try world.introduce(carol, to: ann) }
        world.run(for: .seconds(45))
        #expect(carol.destinations.allSatisfy { PeerWorld.servers.contains($0) })
        #expect(carol.connection.pairReports.isEmpty && carol.candidates.allSatisfy { $0.kind != .relayed })
        #expect(ann.isPathless && carol.isPathless && relay.allocations == 1)
    }
}
