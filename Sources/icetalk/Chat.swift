// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Sessions

/// `icetalk chat`: a line of input is a message, a message received is a line of output.
struct Chat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Talk: a line of input is a message, a line of output a message received."
    )

    @OptionGroup(title: "Meeting")
    var meeting: MeetingOptions

    @OptionGroup(title: "Paths")
    var paths: PathOptions

    @OptionGroup(title: "Output")
    var output: OutputOptions

    @Flag(name: .shortAndLong, help: "Take files that are offered, into the working directory.")
    var yes = false

    func run() async throws {
        let environment = Environment.process
        var run = try ManualRun(
            "chat",
            meeting: self.meeting,
            paths: self.paths,
            output: self.output,
            environment: environment
        )
        run.settings.takesEverything = try environment.flag(self.yes, "yes")
        try await run.start(.chat)
    }
}
