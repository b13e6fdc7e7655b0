// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import FileTransfer
import Glibc
import Wire

/// What to do when the name of a finished download is taken.
package enum ConflictPolicy: String, CaseIterable, Sendable {
    /// Take `name (1).ext` or the next free one.
    case rename
    /// Replace what has the name, which is never followed if it is a link.
    case overwrite
    /// Fail with `exists`.
    case skip
}

/// Where a download goes: a directory, and a name if the user chose one.
package struct DownloadTarget: Equatable, Sendable {
    /// The directory, as the user wrote it.
    package var directory: String
    /// The name that the user chose; nil to take the offered one.
    package var name: FileName?

    /// A directory, with offered names in it.
    package static func directory(_ path: String) -> DownloadTarget {
        DownloadTarget(directory: path, name: nil)
    }

    /// Understands `-o PATH`: a directory where there is one or where the path ends with `/`, otherwise a file.
    package init(path: String) throws(FileFailure) {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, !bytes.contains(0) else { throw .invalidName(path: SafeText(path)) }
        var status = stat()
        let isDirectory = withCString(bytes) { stat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFDIR
        guard !isDirectory, bytes.last != UInt8(ascii: "/") else {
            self.init(directory: path, name: nil)
            return
        }
        let slash = bytes.lastIndex(of: UInt8(ascii: "/"))
        guard let name = FileName(chosen: Array(bytes[(slash.map { $0 + 1 } ?? 0)...])) else {
            throw .invalidName(path: SafeText(path))
        }
        let parent = slash.map { $0 == 0 ? "/" : String(decoding: bytes[..<$0], as: UTF8.self) } ?? "."
        self.init(directory: parent, name: name)
    }

    private init(directory: String, name: FileName?) {
        self.directory = directory
        self.name = name
    }
}
