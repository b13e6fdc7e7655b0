// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer
import Glibc
import Testing

@testable import Sessions

/// A directory of its own that is removed with everything in it.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/icetalk-tests-XXXXXX\0".utf8CString)
        template.removeLast()
        try #require(mkdtemp(&template) != nil)
        self.path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        Self.remove(self.path)
    }

    /// The path of a name in it.
    func path(_ name: String) -> String { "\(self.path)/\(name)" }

    /// The names in it, sorted.
    var names: [String] { Self.names(in: self.path) }

    func write(_ bytes: [UInt8], to name: String) throws {
        let descriptor = open(self.path(name), O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        try #require(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
    }

    func read(_ name: String) throws -> [UInt8] {
        let descriptor = open(self.path(name), O_RDONLY)
        try #require(descriptor >= 0, "\(name) is not there.")
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return bytes }
            bytes += buffer.prefix(count)
        }
    }

    func directory(_ name: String) throws {
        try #require(mkdir(self.path(name), 0o755) == 0)
    }

    func link(_ name: String, to target: String) throws {
        try #require(symlink(target, self.path(name)) == 0)
    }

    func status(_ name: String) throws -> stat {
        var status = stat()
        try #require(lstat(self.path(name), &status) == 0)
        return status
    }

    static func names(in path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private static func remove(_ path: String) {
        for name in Self.names(in: path) {
            let child = "\(path)/\(name)"
            var status = stat()
            if lstat(child, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
                Self.remove(child)
            } else {
                unlink(child)
            }
        }
        rmdir(path)
    }
}
