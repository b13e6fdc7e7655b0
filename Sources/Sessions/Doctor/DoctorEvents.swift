// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Reactor
import STUN
import TURN
import Wire

extension DoctorFindings {
    /// The findings for scripts.
    var events: [ConsoleEvent] {
        self.addresses.map(\.event) + self.servers.flatMap(\.events) + self.paths.map(\.event)
    }
}

extension DoctorFindings.Address {
    fileprivate var event: ConsoleEvent {
        ConsoleEvent(
            "address",
            [
                "address": .text("\(self.address.ip)"),
                "interface": .text(self.address.interface),
                "class": .text("\(self.address.interfaceClass)"),
                "rank": self.rank.map { .number(UInt64($0)) },
            ]
        )
    }
}

extension ServerFinding {
    fileprivate var events: [ConsoleEvent] {
        self.attempts.map { attempt in
            var fields: [String: ConsoleEvent.Value?] = [
                "kind": .text(self.kind.rawValue),
                "server": .text(self.name),
                "transport": .text(attempt.transport.rawValue.lowercased()),
                "family": .text(attempt.family.name.lowercased()),
                "uri": attempt.uri.map { .text($0) },
            ]
            switch attempt.outcome {
            case .success(let reached):
                fields["reached"] = .flag(true)
                fields["time"] = .fraction(Double(reached.time.wholeNanoseconds) / 1e9)
                fields["mapped"] = reached.mapped.map { .text("\($0)") }
                fields["relayed"] = reached.relayed.first.map { .text("\($0)") }
            case .failure(let failure):
                fields["reached"] = .flag(false)
                fields["failure"] = .text(failure.word)
                fields["reason"] = .text("\(failure)")
            }
            return ConsoleEvent("server", fields)
        }
    }
}

extension DoctorFindings.UDPPath {
    fileprivate var event: ConsoleEvent {
        ConsoleEvent(
            "udp",
            [
                "address": .text("\(self.address.ip)"),
                "interface": .text(self.address.interface),
                "mapped": self.behavior.mapped.map { .text("\($0)") },
                "name": .text(self.behavior.name),
                "mapping": .text("\(self.behavior.mapping)"),
                "filtering": .text("\(self.behavior.filtering)"),
                "preserves-ports": self.behavior.preservesPorts.map { .flag($0) },
                "hairpins": self.behavior.hairpins.map { .flag($0) },
                "direct": .text(self.behavior.reach.rawValue),
            ]
        )
    }
}

extension DoctorVerdict {
    /// The verdict for scripts, and each piece of advice.
    var events: [ConsoleEvent] {
        let verdict = ConsoleEvent(
            "verdict",
            [
                "direct": .text(self.reach.rawValue),
                "relay": .flag(self.hasRelay),
                "outside": .flag(self.reachesOutside),
                "text": .text(self.sentences.joined(separator: " ")),
                "status": .number(UInt64(self.status.rawValue)),
            ]
        )
        return [verdict] + self.advice.map { ConsoleEvent("advice", ["text": .text($0)]) }
    }
}

extension LifetimeDiscovery.Findings {
    /// What was measured, for scripts.
    func event(of path: DoctorFindings.UDPPath) -> ConsoleEvent {
        ConsoleEvent(
            "lifetime",
            [
                "address": .text("\(path.address.ip)"),
                "at-least": self.atLeast.map { .number(UInt64($0.components.seconds)) },
                "below": self.below.map { .number(UInt64($0.components.seconds)) },
            ]
        )
    }
}
