// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import Sessions

@Suite
struct LineEditorTests {
    private func lines(_ keys: [UInt8], limit: Int = 1_000) -> [LineEditor.Action] {
        var editor = LineEditor(limit: limit)
        return editor.take(keys[...]).filter { action in
            switch action {
            case .line, .tooLong, .end: true
            case .echo, .erase: false
            }
        }
    }

    private func typed(_ text: String) -> LineEditor.Action { .line(Array(text.utf8)) }

    @Test
    func `Lines end at return and line feed`() {
        #expect(self.lines(Array("one\ntwo\r\n".utf8)) == [self.typed("one"), self.typed("two"), self.typed("")])
    }

    @Test
    func `Backspace takes a whole character away`() {
        #expect(self.lines(Array("a👨‍👩‍👧‍👦\u{7F}b日\u{8}\n".utf8)) == [self.typed("ab")])
        #expect(self.lines(Array("\u{7F}\n".utf8)) == [self.typed("")])
    }

    @Test
    func `Ctrl-W takes a word away, Ctrl-U the line`() {
        #expect(self.lines(Array("one two  \u{17}three\n".utf8)) == [self.typed("one three")])
        #expect(self.lines(Array("one two\u{15}three\n".utf8)) == [self.typed("three")])
        let long = String(repeating: "word ", count: 150)
        #expect(self.lines(Array("\(long)\u{15}short\n".utf8)) == [self.typed("short")])
    }

    @Test
    func `Ctrl-D ends the input on an empty line alone`() {
        #expect(self.lines([0x04]) == [.end])
        #expect(self.lines(Array("a\u{4}b\n".utf8)) == [self.typed("ab")])
    }

    @Test(arguments: ["\u{1B}[A", "\u{1B}[1;5C", "\u{1B}OP", "\u{1B}x", "\u{1B}[200~"])
    func `Keys that send escape sequences type nothing`(_ sequence: String) {
        #expect(self.lines(Array("a\(sequence)b\n".utf8)) == [self.typed("ab")])
    }

    @Test
    func `A line beyond the limit is dropped as a whole, and the next one is not`() {
        #expect(self.lines(Array("12345\nok\n".utf8), limit: 4) == [.tooLong, self.typed("ok")])
        #expect(self.lines(Array("1234\n".utf8), limit: 4) == [self.typed("1234")])
    }

    @Test
    func `A character is echoed when its last byte has come`() {
        var editor = LineEditor(limit: 100)
        let bytes = Array("é".utf8)
        #expect(editor.take(bytes[..<1]).isEmpty)
        #expect(editor.take(bytes[1...]) == [.echo(bytes)])
    }

    @Test
    func `Erasing covers as many columns as were shown`() {
        var editor = LineEditor(limit: 100)
        _ = editor.take(Array("日".utf8)[...])
        #expect(editor.take([0x7F]) == [.erase(columns: 2)])
        // What could steer the terminal is shown as an escape.
        _ = editor.take(Array("\u{202E}".utf8)[...])
        #expect(editor.take([0x7F]) == [.erase(columns: 8)])
    }

    @Test(arguments: 0..<50)
    func `No keys are too strange`(_ seed: UInt64) {
        var random = RandomSource.seeded(seed)
        var editor = LineEditor(limit: 300)
        for _ in 0..<40 {
            let special: [UInt8] = [0x04, 0x08, 0x0A, 0x15, 0x17, 0x1B, 0x5B, 0x7F, 0xC3, 0xA9, 0xF0, 0x9F, 0x20]
            let bytes = random.bytes(32).map { $0 < 0xC0 ? special[Int($0) % special.count] : $0 }
            for case .line(let line) in editor.take(bytes[...]) {
                #expect(line.count <= 300, "seed \(seed)")
            }
            #expect(editor.line.count <= 300, "seed \(seed)")
        }
    }
}
