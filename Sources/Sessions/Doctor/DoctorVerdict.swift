// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Reactor
import STUN
import TURN
import Wire

/// What findings mean for a person who wants to meet another: in sentences, and what to change.
package struct DoctorVerdict: Hashable, Sendable {
    /// Which peers are reached without a relay, over the better family.
    package let reach: DirectReach
    /// Whether a relay gave an address.
    package let hasRelay: Bool
    /// Whether any server was reached.
    package let reachesOutside: Bool
    /// What is.
    package let sentences: [String]
    /// What to change.
    package let advice: [String]

    /// What the program ends with.
    package var status: ExitStatus { self.reachesOutside ? .done : .noPath }

    /// Judges findings.
    package init(_ findings: DoctorFindings) {
        let families = AddressFamily.allCases.compactMap { FamilyReach($0, findings) }
        let relay = findings.bestRelay
        self.reach = families.map(\.reach).max() ?? .none
        self.hasRelay = relay != nil
        self.reachesOutside = findings.reachesOutside
        self.sentences = families.map(\.sentence) + [Self.sentence(about: relay, self.reach)].compactMap(\.self)
        self.advice = Advice(findings, families, self.reach, relay).sentences
    }

    private static func sentence(about relay: DoctorFindings.Relay?, _ reach: DirectReach) -> String? {
        guard let relay else { return nil }
        let name = "the relay \(relay.uri ?? relay.server) (\(relay.transport.rawValue))"
        return reach == .none
            ? "All peers are reached through \(name) alone."
            : "Where there is no direct path, \(name) serves."
    }
}

/// Which peers are reached over one family.
private struct FamilyReach {
    let family: AddressFamily
    let reach: DirectReach
    let sentence: String
    /// Whether nothing but a firewall stands between this host and some peers.
    let isFirewalled: Bool

    /// Nil when this host has no address of the family.
    init?(_ family: AddressFamily, _ findings: DoctorFindings) {
        let paths = findings.paths.filter { AddressFamily(of: $0.address.ip) == family }
        guard let best = paths.max(by: { $0.behavior.reach < $1.behavior.reach }) else { return nil }
        self.family = family
        self.reach = best.behavior.reach
        self.isFirewalled =
            best.behavior.mapping == .untranslated && best.behavior.filtering == .addressAndPortDependent
        self.sentence = "\(family.name): \(best.behavior.name)\(Self.consequence(of: self.reach, over: family))."
    }

    private static func consequence(of reach: DirectReach, over family: AddressFamily) -> String {
        switch (reach, family) {
        case (.none, _): ", so that no direct path is known"
        // Almost nobody translates addresses of IPv6.
        case (.all, .ipv6), (.most, .ipv6): ". A direct path is possible with every peer on IPv6"
        default: ". A direct path \(reach.peers)"
        }
    }
}

/// What to change.
private struct Advice {
    private(set) var sentences: [String] = []

    init(_ findings: DoctorFindings, _ families: [FamilyReach], _ reach: DirectReach, _ relay: DoctorFindings.Relay?) {
        guard !findings.paths.isEmpty else {
            self.add("This host has no address that leads anywhere: connect it to a network.")
            return
        }
        guard !findings.servers.isEmpty else {
            self.add("No server was asked, so that nothing is known of the outside: name one with --stun.")
            return
        }
        self.judge(findings.servers)
        if !findings.reachesOutside {
            self.add("No server is of use: check the network, its name server and its firewall, and the options.")
        } else if reach == .none, relay == nil {
            self.add(
                "UDP is blocked here. Ask for it to be allowed, or give a TURN server that is reached over TLS:"
                    + " --turn turns:HOST:443, with --turn-user and --turn-password."
            )
        } else if reach < .all, relay == nil {
            self.add("For all others give a relay: --turn, with --turn-user and --turn-password.")
        }
        if let uri = relay?.uri { self.add("Name the relay as it is reached: --turn \"\(uri)\".") }
        if reach == .unknown { self.add("Name a second server with --stun, so that mappings can be compared.") }
        if reach == .few, !families.contains(where: { $0.family == .ipv6 }) {
            self.add("IPv6 at both ends does without NATs: this host has none.")
        }
        if families.contains(where: { $0.family == .ipv4 && $0.isFirewalled }) {
            self.add("There is no NAT: a firewall that lets UDP in would admit those behind symmetric NATs, too.")
        }
    }

    private mutating func add(_ sentence: String) { self.sentences.append(sentence) }

    /// Tells mistakes that can be mended, each once; a bad certificate of a server that is reached otherwise harms nobody.
    private mutating func judge(_ servers: [ServerFinding]) {
        for server in servers {
            for attempt in server.attempts {
                guard case .failure(let failure) = attempt.outcome, failure.isWorthTelling else { continue }
                if server.isReached, case .disconnected = failure { continue }
                let sentence = "\(server.name): \(failure)."
                if !self.sentences.contains(sentence) { self.add(sentence) }
            }
        }
    }
}

extension AddressFamily {
    /// For people.
    package var name: String { self == .ipv4 ? "IPv4" : "IPv6" }
}

extension DoctorFindings {
    /// A TURN server that relays.
    struct Relay {
        /// As it was named.
        let server: String
        let transport: ServerTransport
        /// How it is to be named, where that is something else.
        let uri: String?
        let time: Duration
    }

    /// The best relay: over datagrams where that works, otherwise the quickest.
    var bestRelay: Relay? {
        let relays = self.servers.filter { $0.kind == .turn }.flatMap { server in
            server.attempts.compactMap { attempt in
                (try? attempt.outcome.get()).map {
                    Relay(server: server.name, transport: attempt.transport, uri: attempt.uri, time: $0.time)
                }
            }
        }
        return relays.min { ($0.transport == .udp ? 0 : 1, $0.time) < ($1.transport == .udp ? 0 : 1, $1.time) }
    }
}
