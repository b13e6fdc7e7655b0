// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Sessions

/// The program: its subcommands, and the way from arguments to an exit status.
@main
struct Icetalk: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "icetalk",
        abstract: "Chat and send files straight to another person.",
        discussion: """
            Each side prints one line and takes the other's: icetalk chat --manual. Then the two are connected directly, \
            through NATs and firewalls, with nothing in the middle.
            """,
        version: "icetalk \(version)",
        subcommands: [Chat.self, Send.self, Receive.self, Doctor.self, Completion.self],
        defaultSubcommand: Chat.self
    )

    /// Runs the command that the arguments name.
    static func main() async {
        do {
            var command = try Self.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            Self.end(with: error)
        }
        Glibc.exit(ExitStatus.done.rawValue)
    }

    /// Prints what an error has to say, help included, and ends the process.
    private static func end(with error: any Error) -> Never {
        if let failure = error as? ProgramFailure {
            Console.writeError("icetalk: \(failure.message)")
            Glibc.exit(failure.status.rawValue)
        }
        if let status = error as? ExitStatus {
            Glibc.exit(status.rawValue)
        }
        guard Self.exitCode(for: error) != .success else {
            print(Self.fullMessage(for: error))
            Glibc.exit(ExitStatus.done.rawValue)
        }
        Console.writeError("icetalk: \(Self.message(for: error))")
        Console.writeError("Try “icetalk --help”.")
        Glibc.exit(ExitStatus.usage.rawValue)
    }
}
