// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer
import Glibc
import Synchronization
import Wire

/// What a run has in front of it on this machine: standard input, perhaps a terminal, a place for files.
///
/// What is missing is found before anybody has pasted anything.
final class Desk: Sendable {
    /// Where files go.
    let target: DownloadTarget
    private let console: Console
    private let questions: Int32?
    private let readers = Mutex<[Int32: LineReader]>([:])
    private let readsInput: Bool

    /// Looks at everything that a run needs.
    ///
    /// - Throws: `ProgramFailure` with status 8 for a file or directory, 2 when nobody can be asked.
    init(_ settings: ManualSettings, _ purpose: ManualProgram.Purpose, console: Console) throws(ProgramFailure) {
        self.console = console
        self.target = try Self.target(for: purpose)
        switch purpose {
        case .chat:
            self.questions = nil
            self.readsInput = true
        case .send:
            self.questions = nil
            self.readsInput = false
        case .receive:
            self.questions = settings.takesEverything ? nil : try Self.terminal()
            self.readsInput = false
        }
    }

    private static func target(for purpose: ManualProgram.Purpose) throws(ProgramFailure) -> DownloadTarget {
        do throws(FileFailure) {
            switch purpose {
            case .chat:
                return .directory(".")
            case .send(let path):
                guard path != "-" else { throw .notRegular(path: SafeText("standard input"), .pipe) }
                _ = try SourceFile(path: path)
                return .directory(".")
            case .receive(let out):
                guard out != "-" else { throw .notRegular(path: SafeText("standard output"), .pipe) }
                let target = try DownloadTarget(path: out)
                _ = try DownloadStore(target)
                return target
            }
        } catch {
            throw ProgramFailure(.localFile, error.description)
        }
    }

    /// A terminal at which somebody can answer.
    private static func terminal() throws(ProgramFailure) -> Int32 {
        if isatty(STDIN_FILENO) == 1 { return STDIN_FILENO }
        let number = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard number >= 0 else {
            throw ProgramFailure(.usage, "there is no terminal to ask at whether to take a file: receive needs --yes")
        }
        return number
    }

    /// Lines of standard input.
    func input() -> LineReader {
        self.reader(of: STDIN_FILENO)
    }

    /// Whether a run reads further lines of this reader itself.
    func reads(_ reader: LineReader) -> Bool {
        self.readers.withLock { readers in
            readers.contains { number, known in
                known === reader && (number == self.questions || self.readsInput)
            }
        }
    }

    /// Asks whether to take something; nil when there is nobody to ask any more.
    func ask(_ question: String) async -> Bool? {
        guard let questions = self.questions else { return nil }
        let reader = self.reader(of: questions)
        while true {
            self.console.say("\(question) [y/n]", .error, isLogged: false)
            switch await reader.next() {
            case .line(let line):
                switch line.drop(while: { $0 == " " }).lowercased().first {
                case "y": return true
                case "n": return false
                default: break
                }
            case .tooLong, .silence: break
            case .end: return nil
            }
        }
    }

    private func reader(of number: Int32) -> LineReader {
        self.readers.withLock { readers in
            if let reader = readers[number] { return reader }
            let reader = LineReader(descriptor: number, console: self.console)
            readers[number] = reader
            return reader
        }
    }
}
