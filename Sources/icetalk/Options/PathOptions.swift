// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Peering
import Sessions

/// Which servers are asked and which paths may be used.
struct PathOptions: ParsableArguments {
    @OptionGroup(title: "Paths")
    var servers: ServerOptions

    @Option(help: ArgumentHelp("Which paths may be used: all, direct or relay.", valueName: "policy"))
    var policy: PathPolicy?

    @Flag(help: "Hide this host's addresses behind names that only its own network can resolve.")
    var mdns = false

    @OptionGroup(title: "Paths")
    var addresses: AddressOptions

    /// Checks the options and writes what they say into settings.
    func apply(to settings: inout ManualSettings, _ environment: Environment) throws(ProgramFailure) {
        settings.policy = try environment.value(self.policy, "policy") ?? .all
        settings.turnServers = try self.servers.turnServers(environment)
        settings.verifiesTURNServers = try self.servers.verifiesCertificates(environment)
        guard settings.policy != .relay || !settings.turnServers.isEmpty else {
            throw ProgramFailure(.noPath, "--policy relay: there is no relay to use; name a TURN server with --turn")
        }
        settings.stunServers = try self.servers.stunServers(environment)
        settings.selection = try self.addresses.selection(environment)
        settings.hidesAddresses = try environment.flag(self.mdns, "mdns")
    }
}

extension PathPolicy: ExpressibleByArgument {}
