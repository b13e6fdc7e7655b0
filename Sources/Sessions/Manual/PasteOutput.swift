// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Wire

/// Where this side's line goes: standard output, or a path.
struct PasteOutput: Sendable {
    private let path: String?
    private let console: Console

    /// Creates an output; nil is standard output.
    init(path: String?, console: Console) {
        self.path = path == "-" ? nil : path
        self.console = console
    }

    /// Whether the line appears where a person reads it.
    var isShown: Bool { self.path == nil }

    /// Writes the line; for a FIFO after somebody opened it for reading, however long that takes.
    ///
    /// A file is replaced as a whole, readable for its owner alone.
    func write(_ line: String) async throws(ProgramFailure) {
        self.console.tell(ConsoleEvent("line", ["line": .text(line)]))
        guard let path = self.path else { return self.console.writePayload(line) }
        let bytes = Array("\(line)\n".utf8)
        let code = await BlockingWork.run("icetalk-paste") {
            Self.isStream(path) ? Self.writeStream(bytes, path) : Self.replaceFile(bytes, path)
        }
        guard code == 0 else {
            throw ProgramFailure(.localFile, "cannot write this side's line to \(path): \(systemReason(code))")
        }
    }

    /// Whether a path stands for something that is not replaced: a FIFO, a terminal, an open descriptor.
    private static func isStream(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return false }
        return status.st_mode & S_IFMT != S_IFREG || path.hasPrefix("/dev/") || path.hasPrefix("/proc/")
    }

    /// Returns 0 or an errno.
    private static func writeStream(_ bytes: [UInt8], _ path: String) -> Int32 {
        let descriptor = retryingInterrupted { open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_APPEND) }
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        return writeAll(bytes, to: descriptor) ? 0 : errno
    }

    /// Returns 0 or an errno, and leaves nothing half-written behind.
    private static func replaceFile(_ bytes: [UInt8], _ path: String) -> Int32 {
        let temporary = "\(path).icetalk-\(getpid())"
        let descriptor = retryingInterrupted {
            open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        guard descriptor >= 0 else { return errno }
        let isWritten = writeAll(bytes, to: descriptor)
        let code = isWritten ? 0 : errno
        close(descriptor)
        guard isWritten, rename(temporary, path) == 0 else {
            let reason = isWritten ? errno : code
            unlink(temporary)
            return reason
        }
        return 0
    }
}

/// Work that waits in the kernel, on a thread of its own.
enum BlockingWork {
    private final class Job {
        let body: @Sendable () -> Int32
        let continuation: CheckedContinuation<Int32, Never>

        init(_ body: @escaping @Sendable () -> Int32, _ continuation: CheckedContinuation<Int32, Never>) {
            self.body = body
            self.continuation = continuation
        }
    }

    /// Runs `body` elsewhere and gives its result; EAGAIN when there can be no further thread.
    static func run(_ name: String, _ body: @escaping @Sendable () -> Int32) async -> Int32 {
        await withCheckedContinuation { continuation in
            let job = Unmanaged.passRetained(Job(body, continuation))
            let result = clinux_thread_start(
                name,
                { context in
                    guard let context else { return }
                    let job = Unmanaged<Job>.fromOpaque(context).takeRetainedValue()
                    job.continuation.resume(returning: job.body())
                },
                job.toOpaque()
            )
            if result != 0 {
                job.release()
                continuation.resume(returning: EAGAIN)
            }
        }
    }
}
