// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer
import Testing
import Wire

@Suite struct FileNameTests {
    @Test(
        arguments: [
            ("../../x", "x"), ("/etc/passwd", "passwd"), ("~/.ssh/authorized_keys", "authorized_keys"), ("", "unnamed"),
            (".", "unnamed"), ("..", "unnamed"), ("/", "unnamed"), ("///", "unnamed"), ("a/..", "unnamed"),
            ("dir/", "dir"), ("../parent2/", "parent2"), ("a/b\u{0}c", "b_c"), ("x\n\u{1B}[2J", "x__[2J"),
            ("a\u{9B}31m", "a_31m"), ("del\u{7F}", "del_"), (".bashrc", "_.bashrc"), ("-rf", "_-rf"), ("...", "_..."),
            ("x.icetalk-part", "x.icetalk-part_"), ("x.icetalk-journal", "x.icetalk-journal_"),
            (".icetalk-part", "_.icetalk-part_"),
        ]
    )
    func `a name from the peer stays within its directory and does no harm there`(name: String, safe: String) {
        #expect(FileName(fromPeer: Array(name.utf8)).bytes == Array(safe.utf8))
    }

    @Test(
        arguments: [
            "report.pdf", "9.22.20\u{202F}PM.png", "snímek\u{A0}1.png", "co\u{AD}op.txt", "👨‍👩‍👧.jpg", "\u{3000}.txt",
            "con", "a:b", "back\\slash", "trailing.", "trailing ", "parens (1).txt", "e\u{301}", "\u{E9}", "Ünïcode",
            "~", "~root", "$(reboot)", "a;b", "*", "photo\u{202E}gpj.exe",
        ]
    )
    func `everyday names are kept byte by byte`(name: String) {
        #expect(FileName(fromPeer: Array(name.utf8)).bytes == Array(name.utf8))
    }

    @Test func `bytes that are not UTF-8 are kept on disk and escaped where they are shown`() {
        let name = FileName(fromPeer: [0x61, 0xFF, 0xC3, 0x2E, 0x62])
        #expect(name.bytes == [0x61, 0xFF, 0xC3, 0x2E, 0x62])
        #expect(name.displayed.string == "a\\xff\\xc3.b")
        #expect(FileName(fromPeer: Array("x\u{202E}gpj".utf8)).displayed.string == "x\\u{202e}gpj")
    }

    @Test func `a name of 255 bytes is kept, a longer one is cut before its extension at a scalar`() {
        let fits = [UInt8](repeating: 0x61, count: 251) + Array(".txt".utf8)
        #expect(FileName(fromPeer: fits).bytes == fits)
        let long = Array(String(repeating: "€", count: 100).utf8) + Array(".tar.gz".utf8)
        let cut = FileName(fromPeer: long).bytes
        #expect(cut.count <= 255 && cut.count > 250)
        #expect(String(validating: cut, as: UTF8.self)?.hasSuffix("€.tar.gz") == true)
        let onlyExtension = Array("a.".utf8) + [UInt8](repeating: 0x62, count: 400)
        #expect(FileName(fromPeer: onlyExtension).bytes.count == 255)
    }

    @Test(
        arguments: [
            ("report.pdf", 1, "report (1).pdf"), ("archive.tar.gz", 2, "archive (2).tar.gz"),
            ("README", 3, "README (3)"),
            ("a.b.c", 10, "a.b (10).c"), ("_.bashrc", 1, "_ (1).bashrc"), ("trailing.", 1, "trailing. (1)"),
            (".tar.gz", 1, ".tar (1).gz"),
            ("no.extension because of its length", 1, "no.extension because of its length (1)"),
        ]
    )
    func `the next candidates are numbered before the extension`(name: String, number: Int, candidate: String) throws {
        let name = try #require(FileName(chosen: Array(name.utf8)))
        #expect(name.numbered(number).bytes == Array(candidate.utf8))
    }

    @Test func `numbers and suffixes fit into 255 bytes too`() {
        let long = FileName(fromPeer: [UInt8](repeating: 0x61, count: 251) + Array(".txt".utf8))
        let candidate = String(decoding: long.numbered(999).bytes, as: UTF8.self)
        #expect(candidate.utf8.count == 255 && candidate.hasSuffix("a (999).txt"))
        let part = String(decoding: long.part(attempt: 12).bytes, as: UTF8.self)
        #expect(part.utf8.count == 255 && part.hasSuffix(".12.icetalk-part"))
        #expect(FileName(fromPeer: Array("x".utf8)).part().bytes == Array("x.icetalk-part".utf8))
    }

    @Test(arguments: ["", ".", "..", "a/b", "a\u{0}"])
    func `no file can have these names, whoever chose them`(name: String) {
        #expect(FileName(chosen: Array(name.utf8)) == nil)
    }

    @Test func `a name that the user chose is left alone`() {
        #expect(FileName(chosen: Array(".bashrc".utf8))?.bytes == Array(".bashrc".utf8))
        #expect(FileName(chosen: [UInt8](repeating: 0x61, count: 256)) == nil)
    }

    @Test(arguments: 0..<500 as Range<UInt64>)
    func `random bytes always give a safe name`(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        var bytes = random.bytes(Int.random(in: 0...600, using: &random))
        for index in bytes.indices where bytes[index] & 7 == 0 {
            bytes[index] = [0x2F, 0x2E, 0x2D, 0x00, 0xC2, 0x9B, 0x1B, 0xE2][Int(bytes[index] >> 3) % 8]
        }
        let name = FileName(fromPeer: bytes)
        for candidate in [name, name.numbered(1), name.part(), name.part(attempt: 3)] {
            #expect(FileName(chosen: candidate.bytes) == candidate, "seed \(seed)")
            #expect(candidate.bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "seed \(seed)")
            #expect(candidate.bytes.first != UInt8(ascii: ".") && candidate.bytes.first != UInt8(ascii: "-"))
        }
        #expect(FileName(fromPeer: name.bytes) == name, "seed \(seed)")
    }
}
