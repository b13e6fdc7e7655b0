// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Reactor
import Sessions
import Wire

/// Which servers are asked.
struct ServerOptions: ParsableArguments {
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

    /// Public servers that answer anybody.
    static let defaultServers = ["stun.l.google.com:19302", "stun.cloudflare.com:3478"]

    /// Whether TURN servers over TLS must have a good certificate.
    ///
    /// - Throws: `ProgramFailure` with status 2.
    func verifiesCertificates(_ environment: Environment) throws(ProgramFailure) -> Bool {
        try !environment.flag(self.turnInsecure, "turn-insecure")
    }

    /// The STUN servers that these options name, or the default ones.
    ///
    /// - Throws: `ProgramFailure` with status 2.
    func stunServers(_ environment: Environment) throws(ProgramFailure) -> [ServerAddress] {
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

    /// The TURN servers that these options name.
    ///
    /// - Throws: `ProgramFailure` with status 2.
    func turnServers(_ environment: Environment) throws(ProgramFailure) -> [TURNServer] {
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
