// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Sessions

/// What is written where.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Use lines: a line of input is a message, a line of output a message received.")
    var plain = false

    @Flag(help: "Print each event as one line of JSON on standard output.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print nothing but errors, the line to paste, and what was asked for.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Tell more of what happens; twice for every candidate.")
    var verbose: Int

    @Option(help: ArgumentHelp("Append what happens to a file.", valueName: "file"))
    var log: String?

    /// The console that these options ask for.
    func console(_ environment: Environment) throws(ProgramFailure) -> Console {
        var options = Console.Options()
        options.isJSON = try environment.flag(self.json, "json")
        // Lines are all there is: the flag is there for those who want no screen in later versions either.
        _ = try environment.flag(self.plain, "plain")
        let isQuiet = try environment.flag(self.quiet, "quiet")
        let verbosity = try environment.count(self.verbose, "verbose")
        guard !isQuiet || verbosity == 0 else {
            throw ProgramFailure(.usage, "--quiet and --verbose exclude each other")
        }
        options.level = isQuiet ? .error : [.notice, .detail, .trace][min(verbosity, 2)]
        if let path = try environment.value(self.log, "log") {
            options.log = try LogFile(path: path)
        }
        return Console(options)
    }
}
