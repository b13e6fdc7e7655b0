// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing

/// A run of the built program, in a session of its own, so that it has no terminal.
final class IcetalkProcess: Sendable {
    let pid: pid_t
    private let input: Int32
    private let output: Int32
    private let errors: String

    /// glibc's `POSIX_SPAWN_SETSID`, which is hidden from Swift.
    private static let newSession: Int16 = 0x80

    /// The program, which is built beside the tests.
    static var program: String {
        let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (tests as NSString).deletingLastPathComponent + "/icetalk"
    }

    /// Starts the program in a directory; STUN servers are asked only where the arguments name some.
    init(_ arguments: [String], in directory: String, environment: [String: String] = [:]) throws {
        var inputEnds: [Int32] = [0, 0]
        var outputEnds: [Int32] = [0, 0]
        try #require(pipe(&inputEnds) == 0 && pipe(&outputEnds) == 0)
        self.input = inputEnds[1]
        self.output = outputEnds[0]
        self.errors = directory + "/stderr-" + UUID().uuidString
        for end in [self.input, self.output] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, inputEnds[0], 0)
        posix_spawn_file_actions_adddup2(&actions, outputEnds[1], 1)
        posix_spawn_file_actions_addopen(&actions, 2, self.errors, O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_addclose(&actions, inputEnds[0])
        posix_spawn_file_actions_addclose(&actions, outputEnds[1])
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        posix_spawnattr_setflags(&attributes, Self.newSession)
        var variables = ["ICETALK_STUN": "none", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"]
        variables.merge(environment) { _, new in new }
        var pid: pid_t = 0
        let code = Self.withStrings(["env", "-C", directory, Self.program] + arguments) { arguments in
            Self.withStrings(variables.map { "\($0)=\($1)" }) { variables in
                posix_spawn(&pid, "/usr/bin/env", &actions, &attributes, arguments, variables)
            }
        }
        posix_spawn_file_actions_destroy(&actions)
        posix_spawnattr_destroy(&attributes)
        close(inputEnds[0])
        close(outputEnds[1])
        try #require(code == 0, "cannot start \(Self.program)")
        self.pid = pid
    }

    deinit {
        close(self.output)
    }

    private static func withStrings<Result>(
        _ strings: [String],
        _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }

    /// Writes to its standard input; on a thread of its own, for it may wait for the program.
    func write(_ text: String) async {
        await Self.onThread {
            let bytes = Array(text.utf8)
            var done = 0
            while done < bytes.count {
                let count = bytes[done...].withUnsafeBytes { Glibc.write(self.input, $0.baseAddress, $0.count) }
                guard count > 0 else { return }
                done += count
            }
        }
    }

    /// Ends its standard input.
    func endInput() {
        close(self.input)
    }

    /// The next line of its standard output; nil at the end.
    func line() async -> String? {
        await Self.onThread {
            var line: [UInt8] = []
            var byte: UInt8 = 0
            while Glibc.read(self.output, &byte, 1) == 1 {
                if byte == 0x0A { return String(decoding: line, as: UTF8.self) }
                line.append(byte)
            }
            return nil
        }
    }

    /// Waits for its end and gives its status, or the negative number of the signal that ended it.
    func status() async -> Int32 {
        let pid = self.pid
        return await Self.onThread {
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
        }
    }

    /// What it wrote to standard error so far.
    var errorText: String {
        (try? String(contentsOfFile: self.errors, encoding: .utf8)) ?? ""
    }

    private static func onThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }
}

/// A directory for one test, removed afterwards.
final class Workplace: Sendable {
    let path: String

    init() throws {
        self.path = NSTemporaryDirectory() + "/icetalk-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
        signal(SIGPIPE, SIG_IGN)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: self.path)
    }

    /// Makes a FIFO.
    func fifo(_ name: String) throws {
        try #require(mkfifo(self.path + "/" + name, 0o600) == 0)
    }

    /// Makes a file.
    func file(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(filePath: self.path + "/" + name))
    }

    /// The contents of a file; nil where there is none.
    func contents(_ name: String) -> [UInt8]? {
        FileManager.default.contents(atPath: self.path + "/" + name).map(Array.init)
    }

    /// Runs the program on some input to its end.
    func run(
        _ arguments: [String],
        input: String = "",
        environment: [String: String] = [:]
    ) async throws -> (status: Int32, errors: String) {
        let process = try IcetalkProcess(arguments, in: self.path, environment: environment)
        async let written: Void = process.write(input)
        await written
        process.endInput()
        let status = await process.status()
        return (status, process.errorText)
    }
}
