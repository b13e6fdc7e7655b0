// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Sessions

/// What the options of a command that meets by pasted lines amount to.
struct ManualRun {
    /// What the person chose.
    var settings: ManualSettings
    private let console: Console

    /// Checks all options, those of the environment included.
    ///
    /// - Throws: `ProgramFailure`.
    init(
        _ command: String,
        meeting: MeetingOptions,
        paths: PathOptions,
        output: OutputOptions,
        environment: Environment
    ) throws(ProgramFailure) {
        var settings = ManualSettings(name: Self.loginName, version: Icetalk.version)
        try meeting.apply(to: &settings, command: command, environment)
        try paths.apply(to: &settings, environment)
        self.settings = settings
        self.console = try output.console(environment)
    }

    /// Does what was asked; returns when all of it is done.
    ///
    /// - Throws: `ExitStatus` for everything else, after it was told why.
    func start(_ purpose: ManualProgram.Purpose) async throws {
        let program = ManualProgram(self.settings, console: self.console, interrupts: Interrupts.begin())
        let status = await program.run(purpose)
        guard status == .done else { throw status }
    }

    /// Who is logged in, as the other side sees it unless told otherwise.
    private static var loginName: String {
        if let name = getenv("USER") ?? getenv("LOGNAME"), name.pointee != 0 { return String(cString: name) }
        return getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? "somebody"
    }
}
