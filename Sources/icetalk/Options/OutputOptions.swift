// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Sessions

/// What is written where, by a command that talks with a peer.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Use lines: a line of input is a message, a line of output a message received.")
    var plain = false

    @Flag(name: .shortAndLong, help: "Print nothing but errors, the line to paste, and what was asked for.")
    var quiet = false

    @OptionGroup(title: "Output")
    var report: ReportOptions

    /// The console that these options ask for.
    func console(_ environment: Environment) throws(ProgramFailure) -> Console {
        // Lines are all there is: the flag is there for those who want no screen in later versions either.
        _ = try environment.flag(self.plain, "plain")
        return try self.report.console(isQuiet: try environment.flag(self.quiet, "quiet"), environment)
    }
}
