// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Sessions

/// `icetalk send`: offers a file, and ends when the other side has it.
struct Send: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Offer a file; it is delivered when the other side has verified it and put it in place.",
        aliases: ["tx"]
    )

    @Argument(help: "The file.", completion: .file())
    var path: String

    @OptionGroup(title: "Meeting")
    var meeting: MeetingOptions

    @OptionGroup(title: "Paths")
    var paths: PathOptions

    @OptionGroup(title: "Output")
    var output: OutputOptions

    func run() async throws {
        let run = try ManualRun(
            "send",
            meeting: self.meeting,
            paths: self.paths,
            output: self.output,
            environment: .process
        )
        try await run.start(.send(path: self.path))
    }
}
