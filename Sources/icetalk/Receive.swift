// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Sessions

/// `icetalk receive`: takes what the other side offers.
struct Receive: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take what the other side offers, after asking.",
        aliases: ["rx", "recv"]
    )

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Where a file goes: into a directory, or under this very name.", valueName: "dir|file"),
        completion: .file()
    )
    var out: String?

    @Flag(name: .shortAndLong, help: "Take what is offered without asking.")
    var yes = false

    @OptionGroup(title: "Meeting")
    var meeting: MeetingOptions

    @OptionGroup(title: "Paths")
    var paths: PathOptions

    @OptionGroup(title: "Output")
    var output: OutputOptions

    func run() async throws {
        let environment = Environment.process
        var run = try ManualRun(
            "receive",
            meeting: self.meeting,
            paths: self.paths,
            output: self.output,
            environment: environment
        )
        run.settings.takesEverything = try environment.flag(self.yes, "yes")
        try await run.start(.receive(out: try environment.value(self.out, "out") ?? "."))
    }
}
