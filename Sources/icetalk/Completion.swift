// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `icetalk completion`: a script that completes icetalk's options in a shell.
struct Completion: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print a completion script.")

    @Argument(help: "The shell: bash, zsh or fish.")
    var shell: Shell

    /// A shell for which there is a script.
    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash
        case zsh
        case fish
    }

    func run() throws {
        let shell: CompletionShell =
            switch self.shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        print(Icetalk.completionScript(for: shell))
    }
}
