// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Synchronization
package import Wire

/// All that the program writes to a person or a script: payload and events to standard output, words and progress to
/// standard error, a log.
///
/// Where these are a terminal, the line that is being typed and the progress are taken away before something is written, and
/// put back after it.
package final class Console: Sendable {
    /// How much is told.
    package enum Level: Int, Comparable, Sendable {
        /// Why something did not work.
        case error
        /// What a person wants to see.
        case notice
        /// More of what happens.
        case detail
        /// Every candidate and pair.
        case trace

        package static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    /// What is told, and how.
    package struct Options: Sendable {
        /// Whether every event is a line of JSON on standard output.
        package var isJSON = false
        /// What is written to standard error, and what is not.
        package var level = Level.notice
        /// A file that gets everything.
        package var log: LogFile?

        /// Creates options: words for people, no log.
        package init() {}
    }

    private struct State {
        var typed = ""
        var status = ""
        var shownColumns = 0
        var lastPlainStatus: Instant?
        var isBroken = false
    }

    private let options: Options
    private let isOutputTerminal = isatty(STDOUT_FILENO) == 1
    private let isErrorTerminal = isatty(STDERR_FILENO) == 1
    private let state = Mutex(State())

    /// How often progress is told where it cannot be overwritten, in nanoseconds.
    private static let plainStatusInterval: UInt64 = 5_000_000_000
    /// A typed line of more columns is not shown again after something was written.
    private static let maximumShownColumns = 2_000

    /// Creates the console of this process.
    package init(_ options: Options) {
        self.options = options
    }

    /// Whether standard output is an event a line.
    package var isJSON: Bool { self.options.isJSON }

    /// Whether somebody reads standard output: false once it was closed.
    package var isOutputOpen: Bool { !self.state.withLock(\.isBroken) }

    /// Tells an event to a script that asked for events.
    package func tell(_ event: ConsoleEvent) {
        guard self.options.isJSON else { return }
        self.writeOutput(event.line)
    }

    /// Writes a line that was asked for to standard output: this side's line, a message.
    ///
    /// Events replace it. On a terminal, where what is typed stands between what is received, the speaker's name comes first.
    package func writePayload(_ text: String, from speaker: SafeText? = nil) {
        guard !self.options.isJSON else { return }
        guard self.isOutputTerminal, let speaker else { return self.writeOutput(text) }
        self.writeOutput("\(speaker): \(text)")
    }

    /// Tells people something in one line; it is made safe here.
    ///
    /// The log gets it, too, unless it is private.
    package func say(_ text: String, _ level: Level = .notice, isLogged: Bool = true) {
        if isLogged { self.options.log?.append(text) }
        guard level <= self.options.level else { return }
        let line = Array("\(SafeText(text))\n".utf8)
        self.write(line, to: STDERR_FILENO, isTerminal: self.isErrorTerminal)
    }

    /// Notes in the log alone.
    package func note(_ text: String) {
        self.options.log?.append(text)
    }

    /// Tells why the program ends.
    package func fail(_ failure: ProgramFailure) {
        self.say("icetalk: \(failure.message)", .error)
        self.tell(
            ConsoleEvent(
                "error",
                ["message": .text(failure.message), "status": .number(UInt64(failure.status.rawValue))]
            )
        )
    }

    /// Writes lines to standard error before there is a console; they are made safe here.
    package static func writeError(_ text: String) {
        writeAll(Array("\(SafeText(text, whitespace: .kept))\n".utf8), to: STDERR_FILENO)
    }

    private func writeOutput(_ line: String) {
        let isWritten = self.write(Array("\(line)\n".utf8), to: STDOUT_FILENO, isTerminal: self.isOutputTerminal)
        if !isWritten { self.state.withLock { $0.isBroken = true } }
    }

    @discardableResult
    private func write(_ bytes: [UInt8], to descriptor: Int32, isTerminal: Bool) -> Bool {
        self.state.withLock { state in
            guard isTerminal, self.isErrorTerminal else { return writeAll(bytes, to: descriptor) }
            Self.takeAway(&state)
            let isWritten = writeAll(bytes, to: descriptor)
            Self.putBack(&state)
            return isWritten
        }
    }
}

// MARK: - Progress

extension Console {
    /// Shows progress: overwritten on a terminal, now and then a line elsewhere; nil takes it away.
    package func showProgress(_ text: String?, at now: Instant) {
        guard self.options.level >= .notice else { return }
        self.state.withLock { state in
            guard self.isErrorTerminal else {
                guard let text else { return }
                let isDue = state.lastPlainStatus.map { now.nanoseconds(since: $0) >= Self.plainStatusInterval } ?? true
                guard isDue else { return }
                state.lastPlainStatus = now
                writeAll(Array("\(SafeText(text))\n".utf8), to: STDERR_FILENO)
                return
            }
            Self.takeAway(&state)
            state.status = text.map { SafeText($0).string } ?? ""
            Self.putBack(&state)
        }
    }

    /// Takes the last row away, over all rows that it was wrapped to.
    private static func takeAway(_ state: inout State) {
        guard state.shownColumns > 0 else { return }
        let columns = Int(clinux_terminal_columns(STDERR_FILENO))
        let width = columns > 0 ? columns : 80
        let rows = (state.shownColumns - 1) / width
        let up = rows > 0 ? "\u{1B}[\(rows)A" : ""
        writeAll(Array("\r\(up)\u{1B}[J".utf8), to: STDERR_FILENO)
        state.shownColumns = 0
    }

    /// Shows what is being typed, or else the progress, without a line ending.
    private static func putBack(_ state: inout State) {
        let text = state.typed.isEmpty ? state.status : state.typed
        let columns = text.columns
        guard columns > 0, columns <= Self.maximumShownColumns else { return }
        writeAll(Array(text.utf8), to: STDERR_FILENO)
        state.shownColumns = columns
    }
}

// MARK: - The line that is being typed

extension Console {
    /// Shows what keys did to the line that is being typed at `terminal`.
    func show(_ actions: [LineEditor.Action], typed line: [UInt8], at terminal: Int32) {
        self.state.withLock { state in
            if state.typed.isEmpty { Self.takeAway(&state) }
            for action in actions {
                writeAll(Self.bytes(for: action), to: terminal)
            }
            state.typed = SafeText(line, whitespace: .kept).string
            state.shownColumns = self.isErrorTerminal ? state.typed.columns : 0
            if state.typed.isEmpty, self.isErrorTerminal { Self.putBack(&state) }
        }
    }

    private static func bytes(for action: LineEditor.Action) -> [UInt8] {
        switch action {
        case .echo(let bytes): Array(SafeText(bytes, whitespace: .kept).string.utf8)
        case .erase(let columns): Array(String(repeating: "\u{8} \u{8}", count: max(columns, 0)).utf8)
        case .line, .tooLong, .end: [0x0A]
        }
    }
}
