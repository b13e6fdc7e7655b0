// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DataChannels
import ICE
import Peering
import SimulatedNetwork
import Wire

extension PathScenario {
    /// What went wrong, and how to see it again.
    struct Failure: Error, CustomStringConvertible {
        let scenario: PathScenario
        let reason: String

        var description: String { "ICETALK_SEED=\(self.scenario.seed): \(self.reason); \(self.scenario)" }
    }

    /// The two peers and their world.
    struct Meeting {
        let scenario: PathScenario
        let world: PeerWorld
        let ann: PeerSide
        let bob: PeerSide

        /// Ends the session where something is not as it must be.
        func demand(_ condition: Bool, _ reason: @autoclosure () -> String) throws {
            guard !condition else { return }
            let time = "\(self.world.now.nanoseconds / 1_000_000) ms"
            let paths = [self.ann, self.bob].map { side in
                "\(side.name) \(side.path?.description ?? "without a path")"
                    + (side.closeReason.map { ", closed: \($0)" } ?? "")
            }
            throw Failure(scenario: self.scenario, reason: "\(reason()) at \(time), \(paths)")
        }
    }

    /// How long the two may take to find a path that there is, from the last introduction.
    private static let searchTime = Duration.seconds(60)
    /// How long they may take to secure it: with three lossy links in a row, DTLS repeats itself often.
    private static let securingTime = Duration.seconds(300)
    /// How long a session may take to settle on the best path: pairs that failed too early are tried every 30 s.
    private static let settlingTime = Duration.seconds(90)

    /// Runs the session and returns the digest of all its packets.
    func run() throws -> UInt64 {
        let meeting = try self.build()
        let world = meeting.world
        try self.introduce(meeting)
        let hasMet = self.search(meeting)
        if let best = self.best {
            try meeting.demand(hasMet, "no path, where \(best) is possible")
            try self.settle(meeting, on: best)
            try self.talk(meeting)
        } else {
            try meeting.demand(!hasMet, "a session, where there is no path")
        }
        for side in [meeting.ann, meeting.bob] {
            let violations = side.pacing.violations
            try meeting.demand(violations.isEmpty, "\(side.name) \(violations.prefix(5))")
        }
        try meeting.demand(world.spinning.isEmpty, "\(world.spinning) asked for timeouts that were due")
        let misdeeds = world.relays.flatMap(\.violations)
        try meeting.demand(misdeeds.isEmpty, "\(misdeeds.prefix(3))")
        return world.internet.traceDigest
    }

    private func introduce(_ meeting: Meeting) throws {
        let (world, ann, bob) = (meeting.world, meeting.ann, meeting.bob)
        switch self.introduction {
        case .lines(let delay, let isAnnFirst):
            world.gather()
            let (first, second) = isAnnFirst ? (ann, bob) : (bob, ann)
            try world.introduce(second, to: first)
            world.run(for: delay)
            try world.introduce(first, to: second)
        case .trickled(let latency):
            let offer = ann.connection.makeOffer(endOfCandidates: false)
            world.run(for: latency)
            let answer = try bob.connection.setRemoteOffer(offer, endOfCandidates: false, at: world.now)
            world.settle()
            world.run(for: latency)
            try ann.connection.setRemoteAnswer(answer, at: world.now)
            world.settle()
        }
    }

    /// Waits until both have a path, and carries candidates to and fro where they are trickled.
    private func search(_ meeting: Meeting) -> Bool {
        let (world, ann, bob) = (meeting.world, meeting.ann, meeting.bob)
        func havePath() -> Bool { ann.path != nil && bob.path != nil }
        guard case .trickled(let latency) = self.introduction else {
            return world.run(limit: Self.searchTime, until: havePath)
        }
        let deadline = world.now + Self.searchTime
        var told = (ann: 0, bob: 0)
        // It goes on until all is told: a better path may need what comes last.
        while world.now < deadline, !havePath() || !self.hasGathered(ann) || !self.hasGathered(bob) {
            world.run(for: latency)
            self.trickle(ann, from: &told.ann, to: bob, in: world)
            self.trickle(bob, from: &told.bob, to: ann, in: world)
        }
        return havePath()
    }

    private func hasGathered(_ side: PeerSide) -> Bool { side.connection.hasGathered }

    private func trickle(_ side: PeerSide, from told: inout Int, to other: PeerSide, in world: PeerWorld) {
        for candidate in side.candidates[told...] {
            other.connection.addRemoteCandidate(candidate.attribute, at: world.now)
        }
        told = side.candidates.count
        world.settle()
    }

    /// Waits for the session, and then until it must be on the best path.
    private func settle(_ meeting: Meeting, on best: PathRank) throws {
        let (world, ann, bob) = (meeting.world, meeting.ann, meeting.bob)
        let isSecured = world.run(limit: Self.securingTime) { ann.isEstablished && bob.isEstablished }
        try meeting.demand(isSecured, "no session")
        let isBest = world.run(limit: Self.settlingTime) {
            [(ann, bob), (bob, ann)].allSatisfy { side, other in
                self.rank(of: side, towards: other).map { $0 >= best } ?? false
            }
        }
        try meeting.demand(isBest, "not both on a path of rank \(best)")
    }

    /// How good the path in use is, from the addresses at its ends: what a candidate is called depends on who told it first.
    private func rank(of side: PeerSide, towards other: PeerSide) -> PathRank? {
        guard let path = side.path else { return nil }
        guard path.isDirect else { return .relayed }
        let isOwn = side.addresses.contains(path.local.address) && other.addresses.contains(path.remote.address)
        return isOwn ? .host : .reflexive
    }

    private func talk(_ meeting: Meeting) throws {
        let (world, ann, bob) = (meeting.world, meeting.ann, meeting.bob)
        let channel = try ann.connection.openChannel(DataChannelParameters(label: "talk"), at: world.now)
        let hasOpened = world.run { ann.opened.contains(channel) && bob.channel(labelled: "talk") != nil }
        try meeting.demand(hasOpened, "no channel")
        guard let there = bob.channel(labelled: "talk") else { return }
        try ann.connection.send([1, 2, 3], as: .binary, on: channel, at: world.now)
        try bob.connection.send([4, 5], as: .binary, on: there, at: world.now)
        let hasTalked = world.run { bob.bytes(on: there) == [[1, 2, 3]] && ann.bytes(on: channel) == [[4, 5]] }
        try meeting.demand(hasTalked, "no data")
    }
}

extension PathScenario: CustomStringConvertible {
    var description: String {
        "ann \(self.ann), bob \(self.bob), over IPv4 \(self.overIPv4), over IPv6 \(self.overIPv6), \(self.introduction), "
            + "\(self.relays), \(self.link)"
    }
}
