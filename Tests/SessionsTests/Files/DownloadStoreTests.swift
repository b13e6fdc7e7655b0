// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CLinux
import FileTransfer
import Glibc
import Testing
import Wire

@testable import Sessions

@Suite struct DownloadStoreTests {
    private let directory: TemporaryDirectory

    init() throws {
        self.directory = try TemporaryDirectory()
    }

    private func entry(_ name: String, size: UInt64? = 5, mode: UInt16? = nil) -> TransferEntry {
        TransferEntry(size: size, mode: mode, name: Array(name.utf8))
    }

    /// Downloads `bytes` under an offered name and says the name that they got.
    @discardableResult
    private func download(
        _ name: String,
        _ bytes: [UInt8] = Array("hello".utf8),
        to target: DownloadTarget? = nil,
        onConflict policy: ConflictPolicy = .rename
    ) throws(FileFailure) -> String {
        let store = try DownloadStore(target ?? .directory(self.directory.path), onConflict: policy)
        var file = Optional(try store.create(self.entry(name)))
        try file?.write(bytes.span, at: 0)
        guard let name = try file.take()?.finish() else { return "" }
        return String(decoding: name.bytes, as: UTF8.self)
    }

    @Test func `a download appears under its name only when it is finished`() throws {
        let store = try DownloadStore(.directory(self.directory.path))
        let file = try store.create(self.entry("a.txt", mode: 0o755))
        #expect(self.directory.names == ["a.txt.icetalk-part"])
        let mode = try self.directory.status("a.txt.icetalk-part").st_mode & 0o777
        #expect(mode == 0o600)
        let (second, first) = (Array("lo".utf8), Array("hel".utf8))
        try file.write(second.span, at: 3)
        try file.write(first.span, at: 0)
        let name = try file.finish()
        #expect(name.bytes == Array("a.txt".utf8))
        #expect(self.directory.names == ["a.txt"])
        let bytes = try self.directory.read("a.txt")
        #expect(bytes == Array("hello".utf8))
    }

    @Test func `permissions follow the source and the umask, and time is kept`() throws {
        let store = try DownloadStore(.directory(self.directory.path))
        for (name, mode) in [("run", 0o777), ("secret", 0o400), ("any", nil)] as [(String, UInt16?)] {
            var entry = self.entry(name, mode: mode)
            entry.modified = FileTime(seconds: 1_000_000_000, nanoseconds: 500)
            _ = try store.create(entry).finish()
        }
        let mask = umask(0o022)
        umask(mask)
        #expect(try self.directory.status("run").st_mode & 0o7777 == 0o777 & ~mask)
        #expect(try self.directory.status("secret").st_mode & 0o7777 == 0o600)
        #expect(try self.directory.status("any").st_mode & 0o7777 == 0o666 & ~mask)
        let time = try self.directory.status("any").st_mtim
        #expect(time.tv_sec == 1_000_000_000 && time.tv_nsec == 500)
    }

    @Test func `a download that goes away leaves nothing`() throws {
        let store = try DownloadStore(.directory(self.directory.path))
        var file = Optional(try store.create(self.entry("a.txt")))
        let bytes: [UInt8] = [1, 2]
        try file?.write(bytes.span, at: 0)
        file = nil
        #expect(self.directory.names == [])
    }

    @Test(
        arguments: [
            ("../../x", "x"), ("../x", "x"), ("/etc/icetalk-x", "icetalk-x"),
            ("~/.ssh/authorized_keys", "authorized_keys"),
            ("", "unnamed"), (".", "unnamed"), ("..", "unnamed"), ("trailing/", "trailing"), ("../parent2/", "parent2"),
            (".bashrc", "_.bashrc"), ("-rf", "_-rf"), ("a\nb\u{1B}[2J", "a_b_[2J"), ("con", "con"),
            ("a\\b:c ", "a\\b:c "),
            ("inner/../../y", "y"), ("9.22\u{202F}PM.png", "9.22\u{202F}PM.png"),
        ]
    )
    func `hostile names end up inside the directory, in every output mode`(name: String, safe: String) throws {
        try self.directory.directory("inner")
        let inner = self.directory.path("inner")
        #expect(try self.download(name, to: .directory(inner)) == safe)
        #expect(
            try self.download(name, to: DownloadTarget(path: inner + "/"))
                == FileName(chosen: Array(safe.utf8))?.numbered(1).text
        )
        #expect(try self.download(name, to: DownloadTarget(path: inner + "/chosen")) == "chosen")
        #expect(self.directory.names == ["inner"])
        #expect(TemporaryDirectory.names(in: inner).count == 3)
    }

    @Test func `bytes that are not UTF-8 and names of 255 bytes are written as they are`() throws {
        let store = try DownloadStore(.directory(self.directory.path))
        let names = [
            [0x61, 0xFF, 0x62], [UInt8](repeating: 0x61, count: 255), Array("e\u{301}".utf8), Array("\u{E9}".utf8),
        ]
        for name in names {
            let final = try store.create(TransferEntry(size: 0, name: name)).finish()
            #expect(final.bytes == name)
        }
        #expect(self.directory.names.count == 4)
    }

    @Test func `a taken name gives the next free one, and nothing is replaced`() throws {
        try self.directory.write([1], to: "a.tar.gz")
        try self.directory.write([2], to: "a (1).tar.gz")
        #expect(try self.download("a.tar.gz") == "a (2).tar.gz")
        let kept = try (self.directory.read("a.tar.gz"), self.directory.read("a (1).tar.gz"))
        #expect(kept == ([1], [2]))
    }

    @Test func `a name that is taken while the download runs is not replaced either`() throws {
        let store = try DownloadStore(.directory(self.directory.path), onConflict: .skip)
        let file = try store.create(self.entry("a"))
        try self.directory.write([1], to: "a")
        let error = self.failure(finishing: file)
        #expect(error == .exists(path: SafeText(self.directory.path("a"))))
        #expect(try self.directory.read("a") == [1])
        #expect(self.directory.names == ["a"])
    }

    @Test func `links are neither followed nor replaced`() throws {
        try self.directory.directory("elsewhere")
        try self.directory.directory("inner")
        let inner = self.directory.path("inner")
        let outside = self.directory.path("elsewhere/victim")
        for name in ["inner/a", "inner/b", "inner/a.icetalk-part"] { try self.directory.link(name, to: outside) }
        #expect(try self.download("a", to: .directory(inner)) == "a (1)")
        #expect(try self.download("b", to: .directory(inner), onConflict: .overwrite) == "b")
        #expect(TemporaryDirectory.names(in: self.directory.path("elsewhere")) == [])
        #expect(try self.directory.status("inner/a").st_mode & S_IFMT == S_IFLNK)
        #expect(try self.directory.status("inner/b").st_mode & S_IFMT == S_IFREG)
        let error = self.failure { () throws(FileFailure) in
            _ = try self.download("a", to: .directory(inner), onConflict: .skip)
        }
        #expect(error == .exists(path: SafeText(inner + "/a")))
    }

    @Test func `overwriting replaces a file but no directory`() throws {
        try self.directory.write([1], to: "a")
        try self.directory.directory("d")
        #expect(try self.download("a", onConflict: .overwrite) == "a")
        #expect(try self.directory.read("a") == Array("hello".utf8))
        let error = self.failure { () throws(FileFailure) in _ = try self.download("d", onConflict: .overwrite) }
        #expect(error == .system(.rename, path: SafeText(self.directory.path("d")), error: EISDIR))
        #expect(self.directory.names == ["a", "d"])
    }

    @Test func `a directory that is swapped for a link does not lead the download away`() throws {
        try self.directory.directory("inner")
        try self.directory.directory("victim")
        let store = try DownloadStore(.directory(self.directory.path("inner")))
        let file = try store.create(self.entry("a"))
        try #require(rename(self.directory.path("inner"), self.directory.path("moved")) == 0)
        try self.directory.link("inner", to: self.directory.path("victim"))
        _ = try file.finish()
        _ = try store.create(self.entry("b")).finish()
        #expect(TemporaryDirectory.names(in: self.directory.path("victim")) == [])
        #expect(TemporaryDirectory.names(in: self.directory.path("moved")) == ["a", "b"])
    }

    @Test func `a part that was replaced is neither renamed nor removed`() throws {
        let store = try DownloadStore(.directory(self.directory.path))
        let file = try store.create(self.entry("a"))
        try #require(unlink(self.directory.path("a.icetalk-part")) == 0)
        try self.directory.write([9], to: "a.icetalk-part")
        let error = self.failure(finishing: file)
        #expect(error == .partDisappeared(path: SafeText(self.directory.path("a.icetalk-part"))))
        #expect(try self.directory.read("a.icetalk-part") == [9])
    }

    @Test func `two downloads of one name do not meet`() throws {
        let store = try DownloadStore(.directory(self.directory.path))
        let first = try store.create(self.entry("a"))
        let second = try store.create(self.entry("a"))
        #expect(self.directory.names == ["a.1.icetalk-part", "a.icetalk-part"])
        let names = (try second.finish().text, try first.finish().text)
        #expect(names == ("a", "a (1)"))
    }

    @Test func `a file larger than the disk is refused before anything is created`() throws {
        let store = try DownloadStore(.directory(self.directory.path))
        let error = self.failure { () throws(FileFailure) in
            _ = try store.create(self.entry("huge", size: TransferLimits.fileSize))
        }
        guard case .noRoom(_, TransferLimits.fileSize, _) = error else {
            Issue.record("Expected a lack of room, got \(String(describing: error)).")
            return
        }
        #expect(self.directory.names == [])
    }

    @Test(arguments: [("missing", ENOENT), ("file", ENOTDIR), ("file/below", ENOTDIR)])
    func `a directory that is none is told apart`(name: String, code: Int32) throws {
        try self.directory.write([], to: "file")
        let path = self.directory.path(name)
        let error = self.failure { () throws(FileFailure) in _ = try DownloadStore(.directory(path)) }
        #expect(error == .system(.openDirectory, path: SafeText(path), error: code))
    }

    @Test func `an output path is a directory where there is one, otherwise a file`() throws {
        try self.directory.directory("d")
        try self.directory.write([], to: "f")
        let path = self.directory.path
        #expect(try DownloadTarget(path: path + "/d") == .directory(path + "/d"))
        #expect(try DownloadTarget(path: path + "/new/") == .directory(path + "/new/"))
        let existing = try DownloadTarget(path: path + "/f")
        #expect(existing.directory == path && existing.name?.text == "f")
        let relative = try DownloadTarget(path: ".hidden-name-that-does-not-exist")
        #expect(relative.directory == "." && relative.name?.text == ".hidden-name-that-does-not-exist")
        let root = try DownloadTarget(path: "/icetalk-does-not-exist")
        #expect(root.directory == "/")
        for wrong in ["", "a\u{0}b", path + "/new/.."] {
            #expect(throws: FileFailure.invalidName(path: SafeText(wrong))) { try DownloadTarget(path: wrong) }
        }
    }

    @Test func `failures are sentences and exit with 8`() {
        let failure = FileFailure.system(.create, path: SafeText("a\u{1B}b"), error: EACCES)
        #expect("\(failure)" == "Cannot create a\\x1bb: permission denied.")
        #expect(FileFailure.exitStatus == 8)
    }

    private func failure(finishing file: consuming IncomingFile) -> FileFailure? {
        do throws(FileFailure) {
            _ = try file.finish()
            return nil
        } catch {
            return error
        }
    }

    /// What a block threw; `#expect(throws:)` cannot capture what must not be copied.
    private func failure(_ body: () throws(FileFailure) -> Void) -> FileFailure? {
        do throws(FileFailure) {
            try body()
            return nil
        } catch {
            return error
        }
    }
}

extension FileName {
    fileprivate var text: String { String(decoding: self.bytes, as: UTF8.self) }
}
