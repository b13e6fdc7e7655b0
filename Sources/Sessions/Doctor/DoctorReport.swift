// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ICE
import Reactor
import STUN
import TURN
import Wire

/// Findings and their verdict as a screen of text: at most 80 columns, safe to show.
package struct DoctorReport: Sendable {
    /// The lines.
    package private(set) var lines: [String] = []

    private let showsAll: Bool

    private static let width = 79
    /// How many paths are shown with all that is known of them.
    private static let detailedPaths = 2
    private static let nameColumns = 34
    private static let cellColumns = 19

    /// Lays findings out; with `showsAll` also what is of little use.
    package init(_ findings: DoctorFindings, _ verdict: DoctorVerdict, showsAll: Bool = false) {
        self.showsAll = showsAll
        self.add(findings.addresses)
        self.add(findings.servers)
        self.add(findings.paths)
        self.lines.append("Verdict")
        for sentence in verdict.sentences { self.wrap(sentence, first: "  ", others: "  ") }
        for sentence in verdict.advice { self.wrap(sentence, first: "  → ", others: "    ") }
        self.lines = self.lines.map { SafeText($0).string }
    }

    private mutating func add(_ addresses: [DoctorFindings.Address]) {
        self.lines.append("Addresses of this host, the preferred first")
        let used = addresses.filter { $0.rank != nil }
        if used.isEmpty { self.lines.append("  none that leads anywhere") }
        let names = used.map(\.address.interface.columns).max() ?? 0
        for (index, entry) in used.enumerated() {
            let address = entry.address
            let note = address.ip.isLinkLocal ? " (this link only)" : ""
            self.lines.append(
                "  \("\(index + 1)".padded(to: 3))\(address.interface.padded(to: names + 2))"
                    + "\(address.interfaceClass.name.padded(to: 10))\(address.ip)\(note)"
            )
        }
        self.addUnused(addresses.filter { $0.rank == nil })
    }

    /// Names addresses that are not used, as many as a line holds.
    private mutating func addUnused(_ addresses: [DoctorFindings.Address]) {
        guard !addresses.isEmpty else { return }
        let names = addresses.map { "\($0.address.ip) (\($0.address.interface))" }
        var count = names.count
        func line() -> String {
            let rest = count < names.count ? " and \(names.count - count) more" : ""
            return "  not used: \(names.prefix(count).joined(separator: ", "))\(rest)"
        }
        while !self.showsAll, count > 1, line().columns > Self.width { count -= 1 }
        self.wrap(line(), first: "", others: "    ")
    }

    private mutating func add(_ servers: [ServerFinding]) {
        guard !servers.isEmpty else { return }
        let families = AddressFamily.allCases.filter { family in
            servers.contains { $0.attempts.contains { $0.family == family } }
        }
        self.lines.append(
            "Servers".padded(to: Self.nameColumns + 6) + families.map { $0.name.padded(to: Self.cellColumns) }.joined()
        )
        for server in servers {
            var name = "  \(server.name)"
            for transport in self.transports(of: server) {
                let attempts = server.attempts(over: transport)
                let cells = families.map { family in
                    (attempts.first { $0.family == family }?.cell ?? "").padded(to: Self.cellColumns)
                }
                self.lines.append(name.padded(to: Self.nameColumns) + transport.rawValue.padded(to: 6) + cells.joined())
                name = ""
            }
        }
    }

    /// The transports worth a line: where UDP reaches a STUN server, others are of no use.
    private func transports(of server: ServerFinding) -> [ServerTransport] {
        ServerTransport.allCases.filter { transport in
            let attempts = server.attempts(over: transport)
            guard !self.showsAll, transport != .udp else { return !attempts.isEmpty }
            let isReached = attempts.contains { (try? $0.outcome.get()) != nil }
            let isReachedByUDP = server.attempts(over: .udp).contains { (try? $0.outcome.get()) != nil }
            return isReached && (server.kind == .turn || !isReachedByUDP)
        }
    }

    private mutating func add(_ paths: [DoctorFindings.UDPPath]) {
        guard !paths.isEmpty else { return }
        self.lines.append("UDP from here to the Internet")
        for path in paths {
            let behavior = path.behavior
            let seen = behavior.mapped.map { $0 == behavior.local ? " is seen as it is" : " is seen as \($0)" } ?? ""
            self.wrap("\(path.address.ip)\(seen): \(behavior.name)", first: "  ", others: "    ")
            guard self.showsAll || paths.count <= Self.detailedPaths else { continue }
            let traits = behavior.traits
            if !traits.isEmpty { self.wrap(traits.joined(separator: ", "), first: "    ", others: "    ") }
        }
    }

    /// Adds text in as many lines as it needs.
    private mutating func wrap(_ text: String, first: String, others: String) {
        var line = first
        var isEmpty = true
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            if !isEmpty, line.columns + 1 + String(word).columns > Self.width {
                self.lines.append(line)
                line = others
                isEmpty = true
            }
            line += (isEmpty ? "" : " ") + word
            isEmpty = false
        }
        self.lines.append(line)
    }
}

extension BehaviorFindings {
    /// What NAT and firewall do, in the words of RFC 4787; nothing where there is none.
    fileprivate var traits: [String] {
        guard self.mapped != nil else { return [] }
        if self.mapping == .untranslated {
            return self.filtering == .endpointIndependent ? [] : ["filtering \(self.filtering)"]
        }
        var traits = ["mapping \(self.mapping)", "filtering \(self.filtering)"]
        if let preserves = self.preservesPorts { traits.append(preserves ? "keeps ports" : "changes ports") }
        if let hairpins = self.hairpins { traits.append(hairpins ? "hairpins" : "does not hairpin") }
        return traits
    }
}

extension LifetimeDiscovery.Findings {
    /// What people are told.
    package var sentence: String {
        switch (self.atLeast, self.below) {
        case (nil, _):
            "How long a mapping is kept is not known: no server here answers to another port (RFC 5780)."
        case (let atLeast?, let below?):
            "An unused mapping is kept for \(atLeast.components.seconds) s, "
                + "and is gone after \(below.components.seconds) s."
        case (let atLeast?, nil):
            "An unused mapping is kept for \(atLeast.components.seconds) s at least."
        }
    }
}

extension ServerFinding.Attempt {
    /// What a table says of it.
    fileprivate var cell: String {
        switch self.outcome {
        case .success(let reached): reached.time.milliseconds
        case .failure(.noLocalAddress): "-"
        case .failure(let failure): failure.word
        }
    }
}

extension Duration {
    /// `0.4 ms`, `12 ms`.
    fileprivate var milliseconds: String {
        let tenths = (self.wholeNanoseconds + 50_000) / 100_000
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10) ms" : "\((tenths + 5) / 10) ms"
    }
}

extension InterfaceClass {
    /// For people.
    fileprivate var name: String {
        switch self {
        case .wired: "wired"
        case .wireless: "wireless"
        case .tunnel: "tunnel"
        case .container: "container"
        case .loopback: "loopback"
        }
    }
}

extension String {
    /// The text with spaces up to a number of columns; one at least.
    fileprivate func padded(to count: Int) -> String {
        self + String(repeating: " ", count: max(1, count - self.columns))
    }
}
