// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Sessions

@Suite
struct LineReaderTests {
    /// Reads all that is written to a pipe by then.
    private func inputs(_ bytes: [UInt8]) async -> [LineReader.Input] {
        let (reader, writing) = Self.pipe()
        let writer = Task.detached {
            writeAll(bytes, to: writing)
            close(writing)
        }
        var inputs: [LineReader.Input] = []
        while inputs.last != .end {
            inputs.append(await reader.next())
        }
        await writer.value
        return inputs
    }

    private static func pipe() -> (reader: LineReader, writing: Int32) {
        var ends: [Int32] = [0, 0]
        #expect(Glibc.pipe(&ends) == 0)
        return (LineReader(descriptor: ends[0], console: Console(Console.Options())), ends[1])
    }

    @Test
    func `A line is what stands before LF or CR LF, or at the end`() async {
        let inputs = await self.inputs(Array("one\r\n\ntwo\rthree\nlast".utf8))
        #expect(inputs == [.line("one"), .line(""), .line("two\rthree"), .line("last"), .end])
    }

    @Test
    func `Nothing at all is the end`() async {
        #expect(await self.inputs([]) == [.end])
        #expect(await self.inputs([0x0A]) == [.line(""), .end])
    }

    @Test
    func `Bytes that are not UTF-8 are replaced`() async {
        #expect(await self.inputs([0x61, 0xFF, 0x62, 0x0A]) == [.line("a\u{FFFD}b"), .end])
    }

    @Test(arguments: [4_096, 204_800, LineReader.maximumLineCount])
    func `A long line passes whole`(_ count: Int) async {
        let line = String(repeating: "x", count: count)
        #expect(await self.inputs(Array("\(line)\r\nnext\n".utf8)) == [.line(line), .line("next"), .end])
    }

    @Test
    func `A line that is too long is dropped, and those around it are not`() async {
        let line = String(repeating: "x", count: LineReader.maximumLineCount + 1)
        #expect(await self.inputs(Array("a\n\(line)\nb\n".utf8)) == [.line("a"), .tooLong, .line("b"), .end])
    }

    @Test
    func `More than is read ahead comes in order`() async {
        let lines = (0..<200_000).map { "line \($0)" }
        let inputs = await self.inputs(Array((lines.joined(separator: "\n") + "\n").utf8))
        #expect(inputs == lines.map { .line($0) } + [.end])
    }

    @Test
    func `Silence is told when a line is waited for in vain`() async {
        let (reader, writing) = Self.pipe()
        #expect(await reader.next(within: .milliseconds(1)) == .silence)
        writeAll(Array("late\n".utf8), to: writing)
        #expect(await reader.next() == .line("late"))
        close(writing)
        #expect(await reader.next(within: .seconds(60)) == .end)
        #expect(await reader.next() == .end)
    }
}
