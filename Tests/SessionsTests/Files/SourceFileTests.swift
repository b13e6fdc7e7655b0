// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer
import Glibc
import Testing
import Wire

@testable import Sessions

@Suite struct SourceFileTests {
    private let directory: TemporaryDirectory

    init() throws {
        self.directory = try TemporaryDirectory()
    }

    private func failure(opening path: String) -> FileFailure? {
        do throws(FileFailure) {
            _ = try SourceFile(path: path)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a file is offered under its last component and read in blocks`() throws {
        try self.directory.write(Array("0123456789".utf8), to: "a b.txt")
        let source = try SourceFile(path: self.directory.path("a b.txt"))
        let (offer, mode) = (source.offer, source.mode)
        #expect(offer == TransferOffer(name: Array("a b.txt".utf8), size: 10))
        #expect(mode == UInt16(try self.directory.status("a b.txt").st_mode & 0o777))
        let blocks = try [(0, 4), (8, 4), (10, 4), (1 << 40, 4)].map { try source.read(offset: $0, count: $1) }
        #expect(blocks == [Array("0123".utf8), Array("89".utf8), [], []])
    }

    @Test func `a link that the user names is followed`() throws {
        try self.directory.write([1, 2, 3], to: "target")
        try self.directory.link("link", to: "target")
        let source = try SourceFile(path: self.directory.path("link"))
        let offer = source.offer
        #expect(offer == TransferOffer(name: Array("link".utf8), size: 3))
    }

    @Test func `what is no regular file is told apart, without waiting for a pipe`() throws {
        try self.directory.directory("d")
        try #require(mkfifo(self.directory.path("p"), 0o600) == 0)
        try self.directory.link("dangling", to: "nowhere")
        try self.directory.link("loop", to: "loop")
        let path = { self.directory.path($0) }
        #expect(self.failure(opening: path("d")) == .notRegular(path: SafeText(path("d")), .directory))
        #expect(self.failure(opening: path("p")) == .notRegular(path: SafeText(path("p")), .pipe))
        #expect(self.failure(opening: "/dev/null") == .notRegular(path: SafeText("/dev/null"), .device))
        #expect(self.failure(opening: path("no")) == .system(.open, path: SafeText(path("no")), error: ENOENT))
        #expect(
            self.failure(opening: path("dangling")) == .system(.open, path: SafeText(path("dangling")), error: ENOENT)
        )
        #expect(self.failure(opening: path("loop")) == .system(.open, path: SafeText(path("loop")), error: ELOOP))
        #expect(self.failure(opening: "") == .invalidName(path: SafeText("")))
        #expect(self.failure(opening: "a\u{0}b") == .invalidName(path: SafeText("a\u{0}b")))
    }

    @Test func `a change of size or time is noticed, one of permissions is not`() throws {
        try self.directory.write([1, 2, 3], to: "a")
        let path = self.directory.path("a")
        let source = try SourceFile(path: path)
        chmod(path, 0o600)
        let untouched = source.isUnchanged
        #expect(untouched)
        utimensat(AT_FDCWD, path, [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)], 0)
        let touched = source.isUnchanged
        #expect(!touched)

        let again = try SourceFile(path: path)
        truncate(path, 2)
        let truncated = again.isUnchanged
        #expect(!truncated)
    }

    @Test func `a file that is replaced is read as it was`() throws {
        try self.directory.write([1, 2, 3], to: "a")
        try self.directory.write([4, 5, 6, 7], to: "b")
        let source = try SourceFile(path: self.directory.path("a"))
        rename(self.directory.path("b"), self.directory.path("a"))
        let (bytes, isUnchanged) = (try source.read(offset: 0, count: 10), source.isUnchanged)
        #expect(bytes == [1, 2, 3] && isUnchanged)
    }
}
