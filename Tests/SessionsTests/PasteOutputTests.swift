// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Sessions

@Suite
struct PasteOutputTests {
    private let console = Console(Console.Options())

    private func contents(_ path: String) -> String? {
        guard let file = FileDescriptor.open(Array(path.utf8), flags: O_RDONLY) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = read(file.number, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }

    @Test
    func `A file is replaced as a whole and readable for its owner alone`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/line"
        try await PasteOutput(path: path, console: self.console).write("one longer line")
        try await PasteOutput(path: path, console: self.console).write("two")
        #expect(self.contents(path) == "two\n")
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test
    func `A link is replaced, not followed`() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/line"
        #expect(symlink(directory.path + "/elsewhere", path) == 0)
        try await PasteOutput(path: path, console: self.console).write("line")
        #expect(self.contents(path) == "line\n")
        #expect(self.contents(directory.path + "/elsewhere") == nil)
    }

    @Test
    func `A directory that is missing is trouble with a local file`() async throws {
        let directory = try TemporaryDirectory()
        let output = PasteOutput(path: directory.path + "/missing/line", console: self.console)
        let error = await #expect(throws: ProgramFailure.self) { try await output.write("line") }
        #expect(error?.status == .localFile)
    }

    @Test(arguments: [true, false])
    func `A FIFO may be opened by either side first`(readsFirst: Bool) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/fifo"
        #expect(mkfifo(path, 0o600) == 0)
        let console = self.console
        let write = { @Sendable in try await PasteOutput(path: path, console: console).write("line") }
        let read = { @Sendable in await (try PasteSource.open(path, console: console)).next() }
        async let second: Void = readsFirst ? () : write()
        async let input = read()
        if readsFirst { try await write() }
        #expect(try await input == .line("line"))
        try await second
    }
}
