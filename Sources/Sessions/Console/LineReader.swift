// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Synchronization

/// Reads lines from a descriptor on a thread of its own, a bounded amount ahead of whoever takes them.
///
/// Lines end in LF or CR LF; the last one may lack it. A terminal is read without canonical mode, which ends lines at
/// 4,095 bytes.
package final class LineReader: Sendable {
    /// What is read.
    package enum Input: Equatable, Sendable {
        /// A line without its ending; bytes that are not UTF-8 were replaced.
        case line(String)
        /// A line longer than `maximumLineCount` was dropped.
        case tooLong
        /// Nothing came for as long as was asked.
        case silence
        /// There is nothing more; after it there is only this.
        case end
    }

    /// The longest line in bytes.
    package static let maximumLineCount = 1_048_576
    /// Bytes that are read ahead before the thread waits for somebody to take them.
    private static let highWaterMark = 2_097_152
    /// Bytes of one read.
    private static let chunkCount = 65_536

    private struct State {
        var queue: [Input] = []
        var first = 0
        var byteCount = 0
        var hasEnded = false
        var isThreadWaiting = false
        var waiter: (ticket: UInt64, continuation: CheckedContinuation<Input, Never>)?
        var lastTicket: UInt64 = 0
    }

    /// Whether a person types here.
    package let isTerminal: Bool
    private let descriptor: Int32
    private let room: Int32
    private let console: Console
    private let state = Mutex(State())

    /// Begins to read a descriptor, which stays open until the process ends.
    package init(descriptor: Int32, console: Console) {
        self.descriptor = descriptor
        self.console = console
        self.isTerminal = isatty(descriptor) == 1 && clinux_terminal_begin(descriptor) == 0
        self.room = eventfd(0, Int32(EFD_CLOEXEC))
        let context = Unmanaged.passRetained(self)
        let result = clinux_thread_start(
            "icetalk-lines",
            { context in
                guard let context else { return }
                Unmanaged<LineReader>.fromOpaque(context).takeRetainedValue().run()
            },
            context.toOpaque()
        )
        if result != 0 {
            context.release()
            self.state.withLock { $0.hasEnded = true }
        }
    }

    deinit {
        close(self.room)
    }

    /// The next line; `silence` when none came for `patience`, if that is given.
    ///
    /// One caller at a time.
    package func next(within patience: Duration? = nil) async -> Input {
        await withCheckedContinuation { continuation in
            let (input, ticket) = self.state.withLock { state -> (Input?, UInt64) in
                if let input = self.takeFirst(&state) { return (input, 0) }
                state.lastTicket += 1
                state.waiter = (state.lastTicket, continuation)
                return (nil, state.lastTicket)
            }
            if let input {
                continuation.resume(returning: input)
            } else if let patience {
                Task {
                    try? await Task.sleep(for: patience)
                    self.giveUp(ticket)
                }
            }
        }
    }

    private func giveUp(_ ticket: UInt64) {
        let continuation = self.state.withLock { state -> CheckedContinuation<Input, Never>? in
            guard let waiter = state.waiter, waiter.ticket == ticket else { return nil }
            state.waiter = nil
            return waiter.continuation
        }
        continuation?.resume(returning: .silence)
    }

    private func takeFirst(_ state: inout State) -> Input? {
        guard state.first < state.queue.count else { return state.hasEnded ? .end : nil }
        let input = state.queue[state.first]
        state.first += 1
        if state.first == state.queue.count {
            state.queue.removeAll(keepingCapacity: true)
            state.first = 0
        }
        state.byteCount -= Self.weight(input)
        if state.isThreadWaiting, state.byteCount < Self.highWaterMark {
            state.isThreadWaiting = false
            var one: UInt64 = 1
            _ = write(self.room, &one, MemoryLayout<UInt64>.size)
        }
        return input
    }

    /// Empty lines weigh something too.
    private static func weight(_ input: Input) -> Int {
        if case .line(let text) = input { text.utf8.count + 64 } else { 64 }
    }
}

// MARK: - The thread

extension LineReader {
    private func run() {
        var splitter = LineSplitter(limit: Self.maximumLineCount)
        var editor = LineEditor(limit: Self.maximumLineCount)
        var chunk = [UInt8](repeating: 0, count: Self.chunkCount)
        while true {
            let count = self.read(into: &chunk)
            guard count > 0 else {
                self.deliver(self.isTerminal ? [] : splitter.finish(), isEnd: true)
                return
            }
            guard self.isTerminal else {
                self.deliver(splitter.take(chunk[..<count]), isEnd: false)
                continue
            }
            let actions = editor.take(chunk[..<count])
            self.console.show(actions, typed: editor.line, at: self.descriptor)
            let isEnd = actions.contains(.end)
            self.deliver(actions.compactMap(Self.input), isEnd: isEnd)
            if isEnd { return }
        }
    }

    private static func input(for action: LineEditor.Action) -> Input? {
        switch action {
        case .line(let bytes): .line(String(decoding: bytes, as: UTF8.self))
        case .tooLong: .tooLong
        case .echo, .erase, .end: nil
        }
    }

    private func read(into chunk: inout [UInt8]) -> Int {
        while true {
            let count = Glibc.read(self.descriptor, &chunk, chunk.count)
            if count >= 0 { return count }
            switch errno {
            case EINTR: break
            case EAGAIN:
                var waiting = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
                _ = poll(&waiting, 1, -1)
            default: return 0
            }
        }
    }

    private func deliver(_ inputs: [Input], isEnd: Bool) {
        let (resumed, mustWait) = self.state.withLock { state in
            for input in inputs {
                state.queue.append(input)
                state.byteCount += Self.weight(input)
            }
            state.hasEnded = isEnd
            var resumed: (CheckedContinuation<Input, Never>, Input)?
            if let waiter = state.waiter, let input = self.takeFirst(&state) {
                state.waiter = nil
                resumed = (waiter.continuation, input)
            }
            state.isThreadWaiting = !isEnd && state.byteCount >= Self.highWaterMark
            return (resumed, state.isThreadWaiting)
        }
        if let (continuation, input) = resumed {
            continuation.resume(returning: input)
        }
        if mustWait {
            var count: UInt64 = 0
            _ = Glibc.read(self.room, &count, MemoryLayout<UInt64>.size)
        }
    }
}

/// Splits bytes into lines of bounded length.
struct LineSplitter: Sendable {
    private var line: [UInt8] = []
    private var isTooLong = false
    private let limit: Int

    /// Creates a splitter of lines of up to `limit` bytes.
    init(limit: Int) {
        self.limit = limit
    }

    /// Takes bytes, and gives the lines that they end.
    mutating func take(_ bytes: ArraySlice<UInt8>) -> [LineReader.Input] {
        var inputs: [LineReader.Input] = []
        var rest = bytes
        while let end = rest.firstIndex(of: 0x0A) {
            self.append(rest[..<end])
            inputs.append(self.endLine())
            rest = rest[(end + 1)...]
        }
        self.append(rest)
        return inputs
    }

    /// Takes the end: a last line without its ending counts.
    mutating func finish() -> [LineReader.Input] {
        self.line.isEmpty && !self.isTooLong ? [] : [self.endLine()]
    }

    private mutating func append(_ bytes: ArraySlice<UInt8>) {
        guard !self.isTooLong else { return }
        // The CR of a line ending is not part of the line.
        guard self.line.count + bytes.count <= self.limit + 1 else {
            self.isTooLong = true
            self.line = []
            return
        }
        self.line += bytes
    }

    private mutating func endLine() -> LineReader.Input {
        defer {
            self.line = []
            self.isTooLong = false
        }
        if self.line.last == 0x0D { self.line.removeLast() }
        guard !self.isTooLong, self.line.count <= self.limit else { return .tooLong }
        return .line(String(decoding: self.line, as: UTF8.self))
    }
}
