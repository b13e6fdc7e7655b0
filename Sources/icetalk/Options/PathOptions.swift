// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Peering
import Reactor
import Sessions

/// Which servers are asked and which paths may be used.
struct PathOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Ask this STUN server for this side's addresses; may be repeated; “none” asks no server.",
            discussion: "Without it \(Self.defaultServers.joined(separator: " and ")) are asked.",
            valueName: "host[:port]"
        )
    )
    var stun: [ServerArgument] = []

    @Option(
        help: ArgumentHelp(
            "Ask this TURN server for an address that it relays from, where no direct path works; may be repeated.",
            discussion: "turn:host[:port][?transport=udp|tcp], or turns:host[:port] for TLS.",
            valueName: "uri"
        )
    )
    var turn: [ServerArgument] = []

    @Option(help: ArgumentHelp("The user at the TURN servers.", valueName: "name"))
    var turnUser: String?

    @Option(
        help: ArgumentHelp(
            "The user's password; ICETALK_TURN_PASSWORD keeps it from those who list processes.",
            valueName: "password"
        )
    )
    var turnPassword: String?

    @Flag(help: "Do not check the certificates of turns: servers; for labs only.")
    var turnInsecure = false

    @Option(help: ArgumentHelp("Which paths may be used: all, direct or relay.", valueName: "policy"))
    var policy: PathPolicy?

    @Option(help: ArgumentHelp("Use only this network interface.", valueName: "name"))
    var interface: String?

    @Flag(help: "Hide this host's addresses behind names that only its own network can resolve.")
    var mdns = false

    @Flag(name: .customShort("4"), help: "Use IPv4 only.")
    var onlyIPv4 = false

    @Flag(name: .customShort("6"), help: "Use IPv6 only.")
    var onlyIPv6 = false

    /// Public servers that answer anybody.
    static let defaultServers = ["stun.l.google.com:19302", "stun.cloudflare.com:3478"]

    /// Checks the options and writes what they say into settings.
    func apply(to settings: inout ManualSettings, _ environment: Environment) throws(ProgramFailure) {
        settings.policy = try environment.value(self.policy, "policy") ?? .all
        settings.turnServers = try self.relays(environment)
        settings.verifiesTURNServers = try !environment.flag(self.turnInsecure, "turn-insecure")
        guard settings.policy != .relay || !settings.turnServers.isEmpty else {
            throw ProgramFailure(.noPath, "--policy relay: there is no relay to use; name a TURN server with --turn")
        }
        settings.stunServers = try self.servers(environment)
        settings.selection = try self.selection(environment)
        settings.hidesAddresses = try environment.flag(self.mdns, "mdns")
    }

    private func servers(_ environment: Environment) throws(ProgramFailure) -> [ServerAddress] {
        let given = try environment.values(self.stun, "stun")
        guard !given.isEmpty else {
            return Self.defaultServers.compactMap { try? ServerAddress(parsing: $0) }
        }
        var servers: [ServerAddress] = []
        for argument in given where argument.text != "none" {
            do {
                servers.append(try ServerAddress(parsing: argument.text))
            } catch {
                throw ProgramFailure(.usage, "--stun \(argument.text): \(error)")
            }
        }
        guard servers.count == given.count || servers.isEmpty else {
            throw ProgramFailure(.usage, "--stun none asks no server: it does not go together with a server")
        }
        return servers
    }

    private func relays(_ environment: Environment) throws(ProgramFailure) -> [TURNServer] {
        let given = try environment.values(self.turn, "turn")
        guard !given.isEmpty else { return [] }
        guard let user = try environment.value(self.turnUser, "turn-user"),
            let password = try environment.value(self.turnPassword, "turn-password")
        else {
            throw ProgramFailure(.usage, "--turn needs --turn-user and --turn-password, or their variables")
        }
        var servers: [TURNServer] = []
        for argument in given {
            do {
                let address = try TURNAddress(parsing: argument.text)
                servers.append(TURNServer(address: address, username: user, password: password))
            } catch {
                throw ProgramFailure(.usage, "--turn \(argument.text): \(error)")
            }
        }
        return servers
    }

    private func selection(_ environment: Environment) throws(ProgramFailure) -> AddressSelection {
        let usesOnlyIPv4 = try environment.flag(self.onlyIPv4, "4")
        let usesOnlyIPv6 = try environment.flag(self.onlyIPv6, "6")
        guard !usesOnlyIPv4 || !usesOnlyIPv6 else {
            throw ProgramFailure(.usage, "-4 and -6 exclude each other: give one of them, or none for both")
        }
        return AddressSelection(
            interface: try environment.value(self.interface, "interface"),
            usesIPv4: !usesOnlyIPv6,
            usesIPv6: !usesOnlyIPv4
        )
    }
}

/// A server as it was given.
struct ServerArgument: ExpressibleByArgument {
    /// The text, not yet checked, so that what is wrong with it can be told.
    let text: String

    /// Takes any text.
    init?(argument: String) {
        self.text = argument
    }
}

extension PathPolicy: ExpressibleByArgument {}
