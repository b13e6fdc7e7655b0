// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Sessions

/// `icetalk doctor`: what this network is, and which peers it lets be reached.
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Examine this network: NAT, servers, and which peers can be reached directly."
    )

    @OptionGroup(title: "Servers")
    var servers: ServerOptions

    @OptionGroup(title: "Addresses")
    var addresses: AddressOptions

    @Flag(help: "Measure how long the NAT keeps an unused mapping, too; takes minutes.")
    var lifetime = false

    @OptionGroup(title: "Output")
    var output: ReportOptions

    func run() async throws {
        let environment = Environment.process
        let program = DoctorProgram(
            try self.settings(environment),
            console: try self.output.console(environment),
            showsAll: try environment.count(self.output.verbose, "verbose") > 0,
            interrupts: Interrupts.begin()
        )
        let status = try await program.run()
        guard status == .done else { throw status }
    }

    /// Checks the options and tells what they amount to.
    func settings(_ environment: Environment) throws(ProgramFailure) -> DoctorSettings {
        var settings = DoctorSettings()
        settings.stunServers = try self.servers.stunServers(environment)
        settings.turnServers = try self.servers.turnServers(environment)
        settings.verifiesServers = try self.servers.verifiesCertificates(environment)
        settings.selection = try self.addresses.selection(environment)
        settings.measuresLifetime = try environment.flag(self.lifetime, "lifetime")
        return settings
    }
}
