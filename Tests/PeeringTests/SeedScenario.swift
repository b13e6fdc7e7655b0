// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DataChannels
import Peering
import SCTP
import SimulatedNetwork
import Wire

/// One whole session, of which a seed decides the links, the NATs, the channels and the messages.
struct SeedScenario {
    /// What went wrong; the seed reproduces it.
    struct Failure: Error, CustomStringConvertible {
        let seed: UInt64
        let reason: String

        var description: String { "seed \(self.seed): \(self.reason)" }
    }

    /// A channel with what each side sends on it.
    private struct Plan {
        let label: String
        let isOrdered: Bool
        let reliability: Reliability
        var messages: [[UInt8]]
        var answers: [[UInt8]]
    }

    let seed: UInt64
    private var random: RandomSource
    private let link: Link
    private var plans: [Plan] = []

    init(seed: UInt64) {
        self.seed = seed
        self.random = .seeded(seed &* 0x9E37_79B9 &+ 7)
        self.link = Self.randomLink(&self.random)
        // One session in eight carries a message of the largest size, over its first channel.
        let isLarge = seed % 8 == 0
        for index in 0..<Int.random(in: 1...3, using: &self.random) {
            self.plans.append(self.randomPlan(index, isLarge: isLarge && index == 0))
        }
    }

    private static func randomLink(_ random: inout RandomSource) -> Link {
        let delay = Duration.milliseconds(Int.random(in: 1...100, using: &random))
        return Link(
            delay: delay,
            jitter: delay * Int.random(in: 0...10, using: &random) / 10,
            loss: Double.random(in: 0...0.2, using: &random),
            duplication: Double.random(in: 0...0.1, using: &random),
            reordering: Double.random(in: 0...0.2, using: &random),
            rate: Bool.random(using: &random) ? UInt64.random(in: 1_000_000...50_000_000, using: &random) : nil,
            queue: Int.random(in: 30_000...300_000, using: &random),
            mtu: Int.random(in: 1_208...1_500, using: &random)
        )
    }

    private mutating func randomPlan(_ index: Int, isLarge: Bool) -> Plan {
        let reliability: Reliability =
            switch isLarge ? 0 : Int.random(in: 0..<5, using: &self.random) {
            case 3: .retransmits(UInt32.random(in: 0...3, using: &self.random))
            case 4: .lifetime(.milliseconds(Int.random(in: 10...500, using: &self.random)))
            default: .reliable
            }
        return Plan(
            label: "channel \(index)",
            isOrdered: isLarge || Bool.random(using: &self.random),
            reliability: reliability,
            messages: self.randomMessages() + (isLarge ? [self.random.bytes(262_144)] : []),
            answers: self.randomMessages()
        )
    }

    private mutating func randomMessages() -> [[UInt8]] {
        (0..<Int.random(in: 0...6, using: &self.random)).map { _ in
            let size = [0, 1, 100, 1_100, 5_000].randomElement(using: &self.random) ?? 0
            return self.random.bytes(size == 0 ? 0 : Int.random(in: 1...size, using: &self.random))
        }
    }
}

extension SeedScenario {
    /// Runs the session to its end and returns the digest of all its packets.
    func run() throws -> UInt64 {
        let world = PeerWorld(seed: self.seed, link: self.link)
        let behaviours: [NATBehaviour?] = [nil, .portRestricted, .fullCone]
        let ann = try self.addSide("ann", "192.168.1.2", "203.0.113.1", behaviours[Int(self.seed % 3)], to: world)
        let bob = try self.addSide("bob", "192.168.7.7", "203.0.113.2", behaviours[Int(self.seed / 3 % 3)], to: world)
        try self.demand(try world.meet(ann, bob, limit: .seconds(120)), "no session", world)
        for plan in self.plans {
            try self.open(plan, from: ann, to: bob, in: world)
        }
        let isComplete = world.run(limit: .seconds(600)) { self.plans.allSatisfy { self.isDone($0, ann, bob, world) } }
        try self.demand(isComplete, "messages are missing", world)
        for plan in self.plans {
            try self.demand(self.isFaithful(plan, plan.messages, at: bob), "\(plan.label) towards bob differs", world)
            try self.demand(self.isFaithful(plan, plan.answers, at: ann), "\(plan.label) towards ann differs", world)
        }
        try self.close(seed % 2 == 0 ? (ann, bob) : (bob, ann), in: world)
        try self.demand(world.spinning.isEmpty, "\(world.spinning) spin", world)
        return world.internet.traceDigest
    }

    private func addSide(
        _ name: String,
        _ inner: String,
        _ outer: String,
        _ behaviour: NATBehaviour?,
        to world: PeerWorld
    ) throws -> PeerSide {
        guard let behaviour else { return try world.addSide(name, at: outer) }
        return try world.addSide(name, at: inner, behind: world.addNAT(at: outer, behaviour))
    }

    private func open(_ plan: Plan, from ann: PeerSide, to bob: PeerSide, in world: PeerWorld) throws {
        let parameters = DataChannelParameters(
            label: plan.label,
            isOrdered: plan.isOrdered,
            reliability: plan.reliability
        )
        let channel = try ann.connection.openChannel(parameters, at: world.now)
        let isOpen = world.run(limit: .seconds(120)) {
            ann.opened.contains(channel) && bob.channel(labelled: plan.label) != nil
        }
        try self.demand(isOpen, "\(plan.label) does not open", world)
        for message in plan.messages {
            try ann.connection.send(message, as: .binary, on: channel, at: world.now)
        }
        guard let channel = bob.channel(labelled: plan.label) else { return }
        for answer in plan.answers {
            try bob.connection.send(answer, as: .binary, on: channel, at: world.now)
        }
    }

    /// Whether everything came, or nothing more is on its way where messages may be given up.
    private func isDone(_ plan: Plan, _ ann: PeerSide, _ bob: PeerSide, _ world: PeerWorld) -> Bool {
        guard let there = bob.channel(labelled: plan.label), let here = ann.channel(labelled: plan.label) else {
            return false
        }
        guard plan.reliability == .reliable else {
            return ann.connection.bufferedAmount(of: here) == 0 && bob.connection.bufferedAmount(of: there) == 0
        }
        return bob.bytes(on: there).count >= plan.messages.count && ann.bytes(on: here).count >= plan.answers.count
    }

    /// Whether what came is what the kind of channel promises: all of it, in order, or a part.
    private func isFaithful(_ plan: Plan, _ sent: [[UInt8]], at side: PeerSide) -> Bool {
        let received = side.bytes(on: side.channel(labelled: plan.label))
        var left = sent
        for message in received {
            guard let index = left.firstIndex(of: message) else { return false }
            left.removeSubrange(plan.isOrdered ? 0...index : index...index)
        }
        guard plan.reliability == .reliable else { return true }
        return plan.isOrdered ? received == sent : received.count == sent.count
    }

    /// The other side hears of the end, or notices it where the word was lost.
    private func close(_ sides: (first: PeerSide, second: PeerSide), in world: PeerWorld) throws {
        sides.first.connection.close(at: world.now)
        let isOver = world.run(limit: .seconds(40)) { sides.second.closeReason != nil }
        try self.demand(isOver && sides.first.closeReason == .local, "no end", world)
        try self.demand([.remote, .lost].contains(sides.second.closeReason), "a strange end", world)
        try self.demand(sides.first.eventsAfterEnd + sides.second.eventsAfterEnd == 0, "events after the end", world)
    }

    private func demand(_ condition: Bool, _ reason: String, _ world: PeerWorld) throws {
        guard !condition else { return }
        throw Failure(seed: self.seed, reason: "\(reason) at \(world.now.nanoseconds / 1_000_000) ms; \(self.link)")
    }
}
