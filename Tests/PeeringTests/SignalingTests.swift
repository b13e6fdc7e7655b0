// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import ICE
import Peering
import SDP
import SimulatedNetwork
import Testing
import Wire

@Suite struct SignalingTests {
    private func pair(seed: UInt64 = 21) throws -> (world: PeerWorld, ann: PeerSide, bob: PeerSide) {
        let world = PeerWorld(seed: seed)
        let ann = try world.addSide("ann", at: "192.168.1.2", behind: world.addNAT(at: "203.0.113.1"))
        let bob = try world.addSide("bob", at: "192.168.2.2", behind: world.addNAT(at: "203.0.113.2"))
        world.gather()
        return (world, ann, bob)
    }

    // MARK: Lines

    @Test(arguments: [0, 1, 30, 600, 1_790], [false, true])
    func `the other line may come half an hour later, to either side`(seconds: Int, isAnnLate: Bool) throws {
        let (world, ann, bob) = try self.pair()
        let (late, early) = isAnnLate ? (ann, bob) : (bob, ann)
        try world.introduce(late, to: early)
        world.run(for: .seconds(seconds))
        try world.introduce(early, to: late)
        #expect(world.run(limit: .seconds(10)) { ann.isEstablished && bob.isEstablished })
        #expect(early.isPathless == (seconds > 39))
        #expect(world.spinning.isEmpty)
    }

    @Test func `the other program may be started 25 minutes later`() throws {
        let world = PeerWorld(seed: 22)
        let certificate = try DTLSCertificate()
        let credentials = ICECredentials(random: &world.random)
        let ann = try world.addSide("ann", at: "192.168.1.2", behind: world.addNAT(at: "203.0.113.1"))
        world.gather()
        let host = Candidate(
            kind: .host,
            address: address("203.0.113.2:5000"),
            foundation: "1",
            priority: 2_130_706_431
        )
        let line = PeerDescription(credentials: credentials, fingerprint: certificate.fingerprint, candidates: [host])
        try ann.connection.setRemote(line, at: world.now)
        world.run(for: .seconds(25 * 60))
        let bob = try world.addSide("bob", at: "203.0.113.2", certificate: certificate) { $0.credentials = credentials }
        try world.introduce(ann, to: bob)
        #expect(world.run(limit: .seconds(10)) { ann.isEstablished && bob.isEstablished })
    }

    @Test func `the same line twice is one line, and brings its new candidates`() throws {
        let (world, ann, bob) = try self.pair()
        var early = bob.connection.localDescription
        early.candidates = []
        try ann.connection.setRemote(early, at: world.now)
        try world.introduce(ann, to: bob)
        world.run(for: .seconds(3))
        try world.introduce(bob, to: ann)
        try world.introduce(bob, to: ann)
        #expect(world.run(limit: .seconds(10)) { ann.isEstablished && bob.isEstablished })
        try world.introduce(bob, to: ann)
        try ImpostorTests.expectTalk(ann, bob, in: world)
    }

    @Test func `a line of another peer comes too late, whatever it shares with the first`() throws {
        let (world, ann, bob) = try self.pair()
        let cat = try world.addSide("cat", at: "203.0.113.3")
        try world.introduce(bob, to: ann)
        #expect(throws: PeeringError.alreadyPaired) { try world.introduce(cat, to: ann) }
        var forged = bob.connection.localDescription
        forged.credentials = cat.connection.localDescription.credentials
        #expect(throws: PeeringError.alreadyPaired) { try ann.connection.setRemote(forged, at: world.now) }
        forged = bob.connection.localDescription
        forged.fingerprint = cat.connection.localDescription.fingerprint
        #expect(throws: PeeringError.alreadyPaired) { try ann.connection.setRemote(forged, at: world.now) }
        try world.introduce(ann, to: cat)
        try world.introduce(ann, to: bob)
        #expect(world.run(limit: .seconds(10)) { ann.isEstablished && bob.isEstablished })
        #expect(!cat.isEstablished && cat.secured.isEmpty)
    }

    @Test func `who comes too late is told so, who came first is not`() throws {
        let world = PeerWorld(seed: 26)
        let sides = try ["ann", "bob", "cat"].enumerated().map { try world.addSide($1, at: "203.0.113.\($0 + 1)") }
        try world.introduce(sides[0], sides[1])
        try world.introduce(sides[0], to: sides[2])
        #expect(world.run(limit: .seconds(10)) { sides[2].isRefused && sides[0].isEstablished })
        #expect(!sides[0].isRefused && !sides[1].isRefused && !sides[2].isEstablished)
    }

    @Test func `one's own line is told apart, and the other one still counts`() throws {
        let (world, ann, bob) = try self.pair()
        #expect(throws: PeeringError.ownDescription) { try world.introduce(ann, to: ann) }
        try world.introduce(ann, bob)
        #expect(world.run(limit: .seconds(10)) { ann.isEstablished && bob.isEstablished })
    }

    @Test(arguments: [true, false])
    func `a ClientHello that comes before the description is kept`(isClientEarly: Bool) throws {
        let (world, ann, bob) = try self.pair(seed: 23)
        let annIsClient = bob.connection.localDescription.fingerprint.bytes.lexicographicallyPrecedes(
            ann.connection.localDescription.fingerprint.bytes
        )
        let (client, server) = annIsClient ? (ann, bob) : (bob, ann)
        let (early, late) = isClientEarly ? (client, server) : (server, client)
        // The late side has opened its NAT towards the early one, and answers checks; it knows nothing more.
        world.internet.send(
            [0],
            from: late.addresses[0],
            to: try #require(early.connection.localDescription.candidates.last).address,
            at: world.now
        )
        try world.introduce(late, to: early)
        world.run(for: .seconds(5))
        #expect((late.connection.rememberedStrangers > 0) == isClientEarly)
        try world.introduce(early, to: late)
        let start = world.now
        #expect(world.run(limit: .seconds(5)) { ann.isEstablished && bob.isEstablished })
        #expect(world.now - start < .seconds(2))
    }

    // MARK: Offers and answers

    @Test(arguments: [0, 5, 60])
    func `an offer and its answer lead to a session`(seconds: Int) throws {
        let (world, ann, bob) = try self.pair(seed: 24)
        let offer = ann.connection.makeOffer(endOfCandidates: true)
        world.run(for: .seconds(seconds))
        let answer = try bob.connection.setRemoteOffer(offer, endOfCandidates: true, at: world.now)
        world.run(for: .seconds(seconds))
        try ann.connection.setRemoteAnswer(answer, at: world.now)
        #expect(world.run(limit: .seconds(10)) { ann.isEstablished && bob.isEstablished })
        try ImpostorTests.expectTalk(ann, bob, in: world)
    }

    @Test func `an answer without an offer does not fit`() throws {
        let (world, ann, bob) = try self.pair()
        let cat = try world.addSide("cat", at: "203.0.113.3")
        let answer = try bob.connection.setRemoteOffer(
            ann.connection.makeOffer(endOfCandidates: false),
            endOfCandidates: false,
            at: world.now
        )
        #expect(throws: PeeringError.unexpectedDescription) {
            try cat.connection.setRemoteAnswer(answer, at: world.now)
        }
    }

    @Test func `one's own offer, and another answer after the first, are refused`() throws {
        let (world, ann, bob) = try self.pair()
        let cat = try world.addSide("cat", at: "203.0.113.3")
        let offer = ann.connection.makeOffer(endOfCandidates: false)
        #expect(throws: PeeringError.ownDescription) {
            try ann.connection.setRemoteOffer(offer, endOfCandidates: false, at: world.now)
        }
        let bobs = try bob.connection.setRemoteOffer(offer, endOfCandidates: false, at: world.now)
        let cats = try cat.connection.setRemoteOffer(offer, endOfCandidates: false, at: world.now)
        try ann.connection.setRemoteAnswer(bobs, at: world.now)
        #expect(throws: PeeringError.alreadyPaired) { try ann.connection.setRemoteAnswer(cats, at: world.now) }
        #expect(world.run(limit: .seconds(10)) { ann.isEstablished && bob.isEstablished })
    }

    @Test func `an answer that does not choose a role cannot be used`() throws {
        let (world, ann, bob) = try self.pair()
        _ = ann.connection.makeOffer(endOfCandidates: false)
        let undecided = bob.connection.makeOffer(endOfCandidates: false)
        #expect(throws: PeeringError.self) { try ann.connection.setRemoteAnswer(undecided, at: world.now) }
    }

    // MARK: Trickle

    @Test(arguments: [true, false])
    func `candidates that trickle in either direction lead to a session`(endsThem: Bool) throws {
        let world = PeerWorld(seed: 25)
        let ann = try world.addSide("ann", at: "192.168.1.2", behind: world.addNAT(at: "203.0.113.1"))
        let bob = try world.addSide("bob", at: "192.168.2.2", behind: world.addNAT(at: "203.0.113.2"))
        let offer = ann.connection.makeOffer(endOfCandidates: false)
        let answer = try bob.connection.setRemoteOffer(offer, endOfCandidates: false, at: world.now)
        try ann.connection.setRemoteAnswer(answer, at: world.now)
        #expect(offer.dataChannel.candidates.count == 1 && answer.dataChannel.candidates.count == 1)
        world.gather()
        for candidate in ann.candidates {
            bob.connection.addRemoteCandidate(candidate.attribute, at: world.now)
        }
        for candidate in bob.candidates {
            ann.connection.addRemoteCandidate(candidate.attribute, at: world.now)
        }
        if endsThem {
            ann.connection.endOfRemoteCandidates(at: world.now)
            bob.connection.endOfRemoteCandidates(at: world.now)
        }
        #expect(world.run(limit: .seconds(10)) { ann.isEstablished && bob.isEstablished })
        #expect(ann.path?.remote.kind == .serverReflexive)
    }

    @Test func `candidates of another generation are ignored`() throws {
        let (world, ann, bob) = try self.pair()
        try world.introduce(bob, to: ann)
        var attribute = try #require(bob.candidates.last).attribute
        attribute.usernameFragment = "someoneElse"
        attribute.port = 9
        let before = ann.connection.pairReports.count
        ann.connection.addRemoteCandidate(attribute, at: world.now)
        #expect(ann.connection.pairReports.count == before)
    }
}
