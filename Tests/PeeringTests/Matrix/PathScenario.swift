// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Peering
import STUN
import SimulatedNetwork
import Wire

/// Two peers somewhere in the Internet: a seed decides where, by which links, with which relays, and how they are introduced.
struct PathScenario {
    /// Where one of the two is, and what it has.
    struct Home {
        /// Whether it has an address of IPv4, and one of IPv6.
        var families: (v4: Bool, v6: Bool)
        var policy = PathPolicy.all
        var hasRelay = false
    }

    /// How the two get to know each other.
    enum Introduction {
        /// Each pastes the other's line when all is gathered; one of them later than the other.
        case lines(delay: Duration, isAnnFirst: Bool)
        /// An offer and an answer go to and fro at once, and candidates follow one by one.
        case trickled(latency: Duration)
    }

    /// What the relays are like.
    struct Relays {
        var features: SecurityFeatures
        var nonceLifetime: Duration
        /// Whether there is one for both of them.
        var isShared: Bool
        /// Whether they have addresses of IPv6, too.
        var relaysBoth: Bool
        /// Whether the server that is asked sends everybody on to another one.
        var sendsOn: Bool
    }

    let seed: UInt64
    let link: Link
    let ann: Home
    let bob: Home
    let overIPv4: NATTable
    let overIPv6: NATTable
    let introduction: Introduction
    let relays: Relays

    /// Draws everything from a seed.
    init(seed: UInt64) {
        var random = RandomSource.seeded(seed &* 0xD134_2543_DE82_EF95 &+ 11)
        self.seed = seed
        self.link = Self.drawLink(&random)
        let isNear = random.draw(1, of: 4)
        self.overIPv4 = isNear ? Self.drawNeighbours(&random) : Self.drawStrangers(&random)
        self.overIPv6 = Self.drawFirewalls(self.overIPv4, &random)
        self.relays = Self.drawRelays(&random)
        let homes = Self.drawHomes(&random)
        (self.ann, self.bob) = homes
        self.introduction =
            random.draw(1, of: 2)
            ? .trickled(latency: .milliseconds(Int.random(in: 10...500, using: &random)))
            : .lines(
                delay: .milliseconds([0, 20, 2_000, 50_000].randomElement(using: &random) ?? 0),
                isAnnFirst: random.draw(1, of: 2)
            )
    }
}

// MARK: - Drawing

extension RandomSource {
    /// True in so many cases of so many.
    fileprivate mutating func draw(_ cases: Int, of all: Int) -> Bool { Int.random(in: 0..<all, using: &self) < cases }
}

extension PathScenario {
    private static func drawLink(_ random: inout RandomSource) -> Link {
        let delay = Duration.milliseconds(Int.random(in: 1...100, using: &random))
        guard random.draw(3, of: 5) else { return Link(delay: delay) }
        return Link(
            delay: delay,
            jitter: delay * Int.random(in: 0...10, using: &random) / 10,
            loss: Double.random(in: 0...0.2, using: &random),
            duplication: Double.random(in: 0...0.1, using: &random),
            reordering: Double.random(in: 0...0.2, using: &random)
        )
    }

    private static func drawBox(_ random: inout RandomSource) -> NATBehaviour {
        var box = NATBehaviour.kinds.randomElement(using: &random) ?? .portRestricted
        box.hairpinning = random.draw(1, of: 2)
        box.lifetime = .seconds([30, 31, 60, 300].randomElement(using: &random) ?? 30)
        box.isRefreshedFromOutside = random.draw(1, of: 2)
        box.ports = NATBehaviour.PortChoice.allCases.randomElement(using: &random) ?? .inOrder
        return box
    }

    /// No box, one, or a home's behind a carrier's.
    private static func drawChain(_ random: inout RandomSource) -> [NATBehaviour] {
        let count = [0, 1, 1, 1, 1, 1, 2, 2].randomElement(using: &random) ?? 1
        return (0..<count).map { _ in Self.drawBox(&random) }
    }

    private static func drawStrangers(_ random: inout RandomSource) -> NATTable {
        NATTable(left: Self.drawChain(&random), right: Self.drawChain(&random))
    }

    /// One network, with or without the right to see each other; two homes of one carrier; a router behind a router.
    private static func drawNeighbours(_ random: inout RandomSource) -> NATTable {
        var table = NATTable(shared: [Self.drawBox(&random)])
        switch Int.random(in: 0..<4, using: &random) {
        case 0: table.isIsolated = random.draw(1, of: 2)
        case 1: table.left = [Self.drawBox(&random)]
        case 2: table.right = [Self.drawBox(&random)]
        default: (table.left, table.right) = ([Self.drawBox(&random)], [Self.drawBox(&random)])
        }
        return table
    }

    /// Firewalls where IPv4 has NATs: one for a network that both are in.
    private static func drawFirewalls(_ overIPv4: NATTable, _ random: inout RandomSource) -> NATTable {
        func draw() -> [NATBehaviour] {
            let filtering = NATBehaviour.Dependence.allCases.randomElement(using: &random)
            return [
                .firewall(filtering ?? .addressAndPortDependent, lifetime: .seconds(random.draw(1, of: 2) ? 30 : 120))
            ]
        }
        let isOneNetwork = overIPv4.left.isEmpty && overIPv4.right.isEmpty && !overIPv4.shared.isEmpty
        guard !isOneNetwork else {
            return NATTable(shared: draw(), isIsolated: overIPv4.isIsolated, translates: false)
        }
        return NATTable(
            left: overIPv4.left.isEmpty ? [] : draw(),
            right: overIPv4.right.isEmpty ? [] : draw(),
            translates: false
        )
    }

    private static func drawRelays(_ random: inout RandomSource) -> Relays {
        let features: [SecurityFeatures] = [
            [], .passwordAlgorithms, .usernameAnonymity, [.passwordAlgorithms, .usernameAnonymity],
        ]
        return Relays(
            features: features.randomElement(using: &random) ?? [],
            nonceLifetime: .seconds(random.draw(1, of: 3) ? 5 : 600),
            isShared: random.draw(1, of: 4),
            relaysBoth: random.draw(1, of: 2),
            sendsOn: random.draw(1, of: 6)
        )
    }

    private static func drawHomes(_ random: inout RandomSource) -> (Home, Home) {
        func draw() -> Home {
            let hasBoth = random.draw(2, of: 5)
            let isOld = random.draw(3, of: 4)
            var home = Home(families: (hasBoth || isOld, hasBoth || !isOld))
            home.hasRelay = random.draw(2, of: 5)
            if random.draw(1, of: 8) { home.policy = random.draw(1, of: 2) ? .direct : .relay }
            return home
        }
        return (draw(), draw())
    }
}

// MARK: - Theory

extension PathScenario {
    /// The best path that there is; nil where there is none.
    var best: PathRank? { self.bestDirect ?? (self.isRelayable ? .relayed : nil) }

    private var bestDirect: PathRank? {
        guard self.ann.policy != .relay, self.bob.policy != .relay else { return nil }
        let version4 = self.ann.families.v4 && self.bob.families.v4 ? self.overIPv4.direct : nil
        let version6 = self.ann.families.v6 && self.bob.families.v6 ? self.overIPv6.direct : nil
        return [version4, version6].compactMap(\.self).max()
    }

    /// A relay of one side reaches whatever the other has in a family that it relays: its host, or its relay.
    private var isRelayable: Bool {
        guard self.ann.policy != .direct, self.bob.policy != .direct else { return false }
        let (anns, bobs) = (self.relayed(by: self.ann), self.relayed(by: self.bob))
        func reaches(_ relay: (v4: Bool, v6: Bool), _ home: Home, _ other: (v4: Bool, v6: Bool)) -> Bool {
            let hasHost = home.policy != .relay
            return relay.v4 && (hasHost && home.families.v4 || other.v4)
                || relay.v6 && (hasHost && home.families.v6 || other.v6)
        }
        return reaches(anns, self.bob, bobs) || reaches(bobs, self.ann, anns)
    }

    /// The families in which a home gets relayed addresses.
    private func relayed(by home: Home) -> (v4: Bool, v6: Bool) {
        guard home.hasRelay, home.policy != .direct else { return (false, false) }
        return (home.families.v4 || self.relays.relaysBoth, home.families.v6 || self.relays.relaysBoth)
    }
}
