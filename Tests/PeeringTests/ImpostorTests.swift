// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import DataChannels
import ICE
import Peering
import SimulatedNetwork
import Testing
import Wire

/// Whoever saw what was pasted can pass checks; it may cost seconds, and nothing else.
@Suite struct ImpostorTests {
    private static let link = Link(delay: .milliseconds(60))

    /// One racing impostor, in each combination of what it is and where it plays.
    struct Race: CustomStringConvertible {
        var manner: Impostor.Manner
        var isClient: Bool
        /// Whether the peer that it attacks has the greater fingerprint, and so controls and is the DTLS client.
        var victimIsGreater: Bool
        /// Whether it is there before the real peer.
        var isEarly: Bool
        /// Whether the real peer is behind a NAT that maps each remote end elsewhere, so that it is learned from checks
        /// too.
        var peerIsUntold: Bool

        var description: String {
            "\(self.manner) \(self.isClient ? "client" : "server") on \(self.victimIsGreater ? "client" : "server")"
                + (self.isEarly ? ", early" : "") + (self.peerIsUntold ? ", untold peer" : "")
        }

        static var all: [Race] {
            var races: [Race] = []
            for manner in Impostor.Manner.allCases {
                for bits in 0..<16 {
                    races.append(
                        Race(
                            manner: manner,
                            isClient: bits & 1 != 0,
                            victimIsGreater: bits & 2 != 0,
                            isEarly: bits & 4 != 0,
                            peerIsUntold: bits & 8 != 0
                        )
                    )
                }
            }
            return races
        }
    }

    @Test(arguments: Race.all)
    func `an impostor that is nearer delays the session by seconds and is told`(race: Race) throws {
        let world = PeerWorld(seed: 99, link: Self.link)
        let bob = try world.addSide(
            "bob",
            at: "192.168.1.2",
            behind: world.addNAT(at: "203.0.113.7", race.peerIsUntold ? .symmetric : .portRestricted)
        )
        let fingerprint = bob.connection.localDescription.fingerprint
        let ann = try world.addSide(
            "ann",
            at: "203.0.113.1",
            certificate: try Impostor.certificate(greater: race.victimIsGreater, than: fingerprint)
        )
        world.gather()
        let impostor: PeerSide
        if race.isEarly {
            impostor = try self.impostor(in: world, race, of: bob, towards: ann)
            world.run(for: .seconds(1))
            try world.introduce(ann, bob)
        } else {
            try world.introduce(ann, bob)
            impostor = try self.impostor(in: world, race, of: bob, towards: ann)
        }
        let start = world.now
        if race.manner == .vanishes {
            _ = world.run(limit: .seconds(1)) { false }
            impostor.voice = .mute
        }
        #expect(world.run(limit: .seconds(10)) { ann.isEstablished && bob.isEstablished }, "\(race)")
        #expect(world.now - start < .seconds(8))
        try Self.expectTalk(ann, bob, in: world)
        world.run(for: .seconds(90))
        #expect(ann.closeReason == nil && bob.closeReason == nil)
        try Self.expectTalk(ann, bob, in: world)
        #expect(!impostor.isEstablished && impostor.opened.isEmpty)
        #expect(ann.secured == [bob.connection.localDescription.fingerprint])
        #expect(ann.impostors.allSatisfy { $0.ip == impostor.addresses[0].ip })
        #expect(ann.path?.remote.address.ip == ip("203.0.113.7"))
        #expect(world.spinning.isEmpty)
    }

    private func impostor(in world: PeerWorld, _ race: Race, of bob: PeerSide, towards ann: PeerSide) throws -> PeerSide
    {
        try Impostor.add(
            to: world,
            at: "198.51.100.66",
            playing: bob,
            towards: ann,
            isClient: race.isClient,
            manner: race.manner
        )
    }

    @Test func `the certificate of an impostor is told with its address`() throws {
        let world = PeerWorld(seed: 5, link: Self.link)
        let bob = try world.addSide("bob", at: "203.0.113.2")
        let fingerprint = bob.connection.localDescription.fingerprint
        let ann = try world.addSide(
            "ann",
            at: "203.0.113.1",
            certificate: try Impostor.certificate(greater: false, than: fingerprint)
        )
        let impostor = try Impostor.add(to: world, at: "198.51.100.66", playing: bob, towards: ann, isClient: true)
        world.run(for: .seconds(1))
        try world.introduce(ann, bob)
        #expect(world.run(limit: .seconds(10)) { ann.isEstablished && bob.isEstablished })
        #expect(ann.impostors == impostor.addresses)
    }

    @Test(arguments: Impostor.Manner.allCases)
    func `after offer and answer an impostor does not win either`(manner: Impostor.Manner) throws {
        let world = PeerWorld(seed: 6, link: Self.link)
        let ann = try world.addSide("ann", at: "192.168.1.2", behind: world.addNAT(at: "203.0.113.1", .fullCone))
        let bob = try world.addSide("bob", at: "192.168.1.3", behind: world.addNAT(at: "203.0.113.2", .fullCone))
        world.gather()
        let offer = ann.connection.makeOffer(endOfCandidates: true)
        let answer = try bob.connection.setRemoteOffer(offer, endOfCandidates: true, at: world.now)
        let impostors = try [(ann, bob, 66), (bob, ann, 67)].map { victim, played, last in
            try Impostor.add(
                to: world,
                at: "198.51.100.\(last)",
                playing: played,
                towards: victim,
                isClient: true,
                manner: manner
            )
        }
        world.run(for: .seconds(1))
        try ann.connection.setRemoteAnswer(answer, at: world.now)
        #expect(world.run(limit: .seconds(15)) { ann.isEstablished && bob.isEstablished })
        world.run(for: .seconds(60))
        try Self.expectTalk(ann, bob, in: world)
        #expect(impostors.allSatisfy { !$0.isEstablished })
    }

    @Test(arguments: [false, true])
    func `impostors on both sides and from many ports do not keep two peers apart`(areClients: Bool) throws {
        let world = PeerWorld(seed: 31, link: Self.link)
        let ann = try world.addSide("ann", at: "192.168.1.2", behind: world.addNAT(at: "203.0.113.1"))
        let bob = try world.addSide("bob", at: "192.168.1.3", behind: world.addNAT(at: "203.0.113.2"))
        world.gather()
        var impostors: [PeerSide] = []
        for index in 0..<10 {
            let (victim, played) = index % 2 == 0 ? (ann, bob) : (bob, ann)
            impostors.append(
                try Impostor.add(
                    to: world,
                    at: "198.51.100.\(10 + index)",
                    playing: played,
                    towards: victim,
                    isClient: areClients,
                    manner: index < 6 ? .handshakes : .silent
                )
            )
        }
        try world.introduce(ann, bob)
        #expect(world.run(limit: .seconds(15)) { ann.isEstablished && bob.isEstablished })
        world.run(for: .seconds(60))
        try Self.expectTalk(ann, bob, in: world)
        #expect(impostors.allSatisfy { !$0.isEstablished && $0.opened.isEmpty })
        #expect(ann.closeReason == nil && bob.closeReason == nil)
    }

    /// Both sides can send and are heard.
    static func expectTalk(_ ann: PeerSide, _ bob: PeerSide, in world: PeerWorld) throws {
        let label = "talk \(ann.opened.count)"
        let channel = try ann.connection.openChannel(DataChannelParameters(label: label), at: world.now)
        #expect(world.run(limit: .seconds(10)) { ann.opened.contains(channel) && bob.channel(labelled: label) != nil })
        try ann.connection.send([1, 2, 3], as: .binary, on: channel, at: world.now)
        #expect(world.run(limit: .seconds(10)) { bob.bytes(on: bob.channel(labelled: label)) == [[1, 2, 3]] })
        guard let there = bob.channel(labelled: label) else { return }
        try bob.connection.send([4, 5], as: .binary, on: there, at: world.now)
        #expect(world.run(limit: .seconds(10)) { ann.bytes(on: channel) == [[4, 5]] })
    }
}
