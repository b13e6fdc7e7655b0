// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Reactor
import Sessions

/// Which addresses of this host are used.
struct AddressOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Use only this network interface.", valueName: "name"))
    var interface: String?

    @Flag(name: .customShort("4"), help: "Use IPv4 only.")
    var onlyIPv4 = false

    @Flag(name: .customShort("6"), help: "Use IPv6 only.")
    var onlyIPv6 = false

    /// The selection that these options ask for.
    ///
    /// - Throws: `ProgramFailure` with status 2.
    func selection(_ environment: Environment) throws(ProgramFailure) -> AddressSelection {
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
