// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Sessions

/// What is written where, by any command that runs for a while.
struct ReportOptions: ParsableArguments {
    @Flag(help: "Print each event as one line of JSON on standard output.")
    var json = false

    @Flag(name: .shortAndLong, help: "Tell more of what happens; twice for every candidate.")
    var verbose: Int

    @Option(help: ArgumentHelp("Append what happens to a file.", valueName: "file"))
    var log: String?

    /// The console that these options ask for.
    ///
    /// - Throws: `ProgramFailure`.
    func console(isQuiet: Bool = false, _ environment: Environment) throws(ProgramFailure) -> Console {
        var options = Console.Options()
        options.isJSON = try environment.flag(self.json, "json")
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
