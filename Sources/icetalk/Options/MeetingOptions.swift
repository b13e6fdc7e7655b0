// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Sessions

/// How the two sides find each other.
struct MeetingOptions: ParsableArguments {
    @Flag(help: "Meet by pasting lines: each side prints one and takes the other's.")
    var manual = false

    @Flag(help: "Print an SDP offer for a browser, as one line of JSON, instead of the line.")
    var sdp = false

    @Option(help: ArgumentHelp("Read the other side's line from here instead of standard input.", valueName: "path"))
    var pasteIn: String?

    @Option(help: ArgumentHelp("Write this side's line here instead of to standard output.", valueName: "path"))
    var pasteOut: String?

    @Option(
        help: ArgumentHelp(
            "How long to look for the other side when it was lost: seconds, or 10m (the default), 2h; 0: not at all.",
            valueName: "time"
        )
    )
    var reconnect: TimeArgument?

    @Option(help: ArgumentHelp("The name that the other side sees.", valueName: "nick"))
    var name: String?

    /// Checks the options and writes what they say into settings.
    func apply(to settings: inout ManualSettings, command: String, _ environment: Environment) throws(ProgramFailure) {
        guard try environment.flag(self.manual, "manual") else {
            throw ProgramFailure(
                .usage,
                "how to meet the other side? Both run it with --manual and paste each other's line: "
                    + "icetalk \(command) --manual"
            )
        }
        if let time = try environment.value(self.reconnect, "reconnect") {
            settings.reconnectTime = .seconds(time.seconds)
        }
        settings.usesSDP = try environment.flag(self.sdp, "sdp")
        settings.pasteIn = try environment.value(self.pasteIn, "paste-in")
        settings.pasteOut = try environment.value(self.pasteOut, "paste-out")
        if let name = try environment.value(self.name, "name") { settings.name = name }
    }
}

/// A time: seconds, or a number and `s`, `m` or `h`.
struct TimeArgument: ExpressibleByArgument, Equatable {
    /// In seconds.
    let seconds: UInt64

    /// Reads a time; nil if it is none.
    init?(argument: String) {
        let units: [Character: UInt64] = ["s": 1, "m": 60, "h": 3_600]
        let unit = argument.last.flatMap { units[$0] }
        let digits = unit == nil ? argument[...] : argument.dropLast()
        guard digits.utf8.count <= 9, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = UInt64(digits)
        else { return nil }
        self.seconds = count * (unit ?? 1)
    }
}
