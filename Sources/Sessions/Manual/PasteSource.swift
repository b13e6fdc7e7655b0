// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Rendezvous
import Synchronization

/// Where the other side's line comes from: pasted text, recognised piece by piece.
struct PasteSource: ~Copyable {
    /// What is read.
    enum Reading {
        /// Something was recognised, or not.
        case items([PastedInput.Item])
        /// What is there is not whole yet.
        case incomplete(PastedInput.Pending)
        /// Nothing more will come.
        case end
    }

    /// Text that could be whole is taken to be whole when nothing followed it for so long.
    private static let patience = Duration.milliseconds(1_500)

    private let reader: LineReader
    private var input = PastedInput()
    private var toldPending = false
    private var hasEnded = false

    /// Creates a source that takes lines from a reader.
    init(_ reader: LineReader) {
        self.reader = reader
    }

    /// Whether a person pastes here, who may paste again.
    var isTerminal: Bool { self.reader.isTerminal }

    /// Opens a path for reading, which for a FIFO waits until somebody opened it for writing.
    ///
    /// - Throws: `ProgramFailure` with status 8.
    static func open(_ path: String, console: Console) async throws(ProgramFailure) -> LineReader {
        let opened = Mutex<Int32>(-1)
        let box = Opened(opened)
        let code = await BlockingWork.run("icetalk-paste") {
            let number = retryingInterrupted { Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) }
            guard number >= 0 else { return errno }
            var status = stat()
            if fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
                close(number)
                return EISDIR
            }
            box.number.withLock { $0 = number }
            return 0
        }
        guard code == 0 else {
            throw ProgramFailure(.localFile, "cannot read the other side's line from \(path): \(systemReason(code))")
        }
        return LineReader(descriptor: box.number.withLock(\.self), console: console)
    }

    private final class Opened: Sendable {
        let number: Mutex<Int32>

        init(_ number: consuming Mutex<Int32>) {
            self.number = number
        }
    }

    /// The next reading.
    ///
    /// - Throws: `ProgramFailure` with status 8 when a file named by `@` cannot be read.
    mutating func next() async throws(ProgramFailure) -> Reading {
        while !self.hasEnded {
            switch await self.reader.next(within: self.input.pending == nil ? nil : Self.patience) {
            case .line(let line):
                if self.input.pending == nil, line.hasPrefix("@"), line.utf8.count > 1 {
                    return .items(try Self.items(inFile: String(line.dropFirst())))
                }
                let items = self.input.take(Array("\(line)\n".utf8).span)
                self.toldPending = false
                if !items.isEmpty { return .items(items) }
            case .tooLong:
                return .items([.failure(.tooLong)])
            case .silence:
                if let reading = self.afterSilence() { return reading }
            case .end:
                self.hasEnded = true
                let items = self.input.finish()
                if !items.isEmpty { return .items(items) }
            }
        }
        return .end
    }

    /// A session description may be whole without saying so.
    private mutating func afterSilence() -> Reading? {
        var copy = self.input
        let items = copy.finish()
        let isWhole = items.contains { if case .sessionDescription = $0 { true } else { false } }
        if isWhole {
            self.input = copy
            return .items(items)
        }
        guard let pending = self.input.pending, !self.toldPending else { return nil }
        self.toldPending = true
        return .incomplete(pending)
    }

    /// What is in a file that was named instead of pasting what it holds.
    private static func items(inFile path: String) throws(ProgramFailure) -> [PastedInput.Item] {
        guard let file = FileDescriptor.open(Array(path.utf8), flags: O_RDONLY | O_NOCTTY) else {
            throw ProgramFailure(.localFile, "cannot read the other side's line from \(path): \(systemReason(errno))")
        }
        var input = PastedInput()
        var items: [PastedInput.Item] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        for _ in 0..<4 {
            let count = retryingInterrupted { read(file.number, &chunk, chunk.count) }
            guard count >= 0 else {
                throw ProgramFailure(
                    .localFile,
                    "cannot read the other side's line from \(path): \(systemReason(errno))"
                )
            }
            if count == 0 { break }
            items += input.take(chunk.span.extracting(0..<count))
        }
        return items + input.finish()
    }
}
