// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CLinux
package import FileTransfer
import Glibc
import Wire

/// A regular file that is being sent: read in blocks, and watched for changes by size and time.
///
/// A symbolic link that the user names is followed: it is the user's own.
package struct SourceFile: ~Copyable {
    /// What identifies the contents as they were when the file was opened.
    private struct Snapshot: Equatable {
        var size: Int64
        var modified: FileTime
        var inode: UInt64
        var device: UInt64

        init(_ status: stat) {
            self.size = Int64(status.st_size)
            self.modified = FileTime(
                seconds: Int64(status.st_mtim.tv_sec),
                nanoseconds: UInt32(truncatingIfNeeded: status.st_mtim.tv_nsec)
            )
            self.inode = UInt64(status.st_ino)
            self.device = UInt64(status.st_dev)
        }
    }

    private let file: FileDescriptor
    private let path: SafeText
    private let snapshot: Snapshot

    /// The name and size to offer.
    package let offer: TransferOffer
    /// The permission bits.
    package let mode: UInt16
    /// When it was modified.
    package var modified: FileTime { self.snapshot.modified }

    /// Opens a file for reading; throws when it is missing, not readable or not a regular file.
    package init(path: String) throws(FileFailure) {
        self.path = SafeText(path)
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, !bytes.contains(0) else { throw .invalidName(path: self.path) }
        // Without O_NONBLOCK the opening of a pipe waits for a writer.
        guard let file = FileDescriptor.open(bytes, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY) else {
            // A socket cannot be opened at all.
            if lastSystemError == ENXIO { throw .notRegular(path: self.path, .socket) }
            throw .system(.open, path: self.path, error: lastSystemError)
        }
        guard let status = file.status else { throw .system(.open, path: self.path, error: lastSystemError) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .notRegular(path: self.path, Self.kind(of: status.st_mode))
        }
        self.snapshot = Snapshot(status)
        self.mode = UInt16(truncatingIfNeeded: status.st_mode & 0o777)
        self.offer = TransferOffer(name: Self.name(of: bytes), size: UInt64(max(status.st_size, 0)))
        self.file = file
    }

    /// Reads up to `count` bytes from `offset`, fewer only at the end of the file.
    package func read(offset: UInt64, count: Int) throws(FileFailure) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while initialized < count {
                guard let start = buffer.baseAddress else { return }
                let position = off_t(clamping: offset + UInt64(initialized))
                let done = retryingInterrupted {
                    pread(self.file.number, start + initialized, count - initialized, position)
                }
                guard done > 0 else {
                    failure = done < 0 ? lastSystemError : 0
                    return
                }
                initialized += done
            }
        }
        guard failure == 0 else { throw .system(.read, path: self.path, error: failure) }
        return bytes
    }

    /// Whether size and time are still those of the opening.
    package var isUnchanged: Bool {
        self.file.status.map(Snapshot.init) == self.snapshot
    }

    private static func kind(of mode: mode_t) -> FileFailure.Kind {
        switch mode & S_IFMT {
        case S_IFDIR: .directory
        case S_IFIFO: .pipe
        case S_IFSOCK: .socket
        case S_IFCHR, S_IFBLK: .device
        default: .other
        }
    }

    /// The last component of the path that the user named.
    private static func name(of path: [UInt8]) -> [UInt8] {
        path.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? path
    }
}
