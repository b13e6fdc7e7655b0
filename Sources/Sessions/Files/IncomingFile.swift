// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CLinux
package import FileTransfer
import Glibc
import Wire

/// A download under way: a partial file beside its target, which gets its name when it is complete and on the disk.
///
/// An incoming file that goes away without `finish()` removes its part.
package struct IncomingFile: ~Copyable {
    private let file: FileDescriptor
    private let directory: FileDescriptor
    private let directoryPath: String
    private let part: FileName
    private let name: FileName
    private let policy: ConflictPolicy
    private let mode: mode_t
    private let modified: FileTime?
    private var isFinished = false

    init(
        file: consuming FileDescriptor,
        directory: consuming FileDescriptor,
        directoryPath: String,
        part: FileName,
        name: FileName,
        policy: ConflictPolicy,
        mode: mode_t,
        modified: FileTime?
    ) {
        self.file = file
        self.directory = directory
        self.directoryPath = directoryPath
        self.part = part
        self.name = name
        self.policy = policy
        self.mode = mode
        self.modified = modified
    }

    deinit {
        // What stands there now may be someone else's file.
        if !self.isFinished, self.isPartInPlace {
            _ = withCString(self.part.bytes) { unlinkat(self.directory.number, $0, 0) }
        }
    }

    /// Writes bytes at an offset, all of them.
    package func write(_ bytes: Span<UInt8>, at offset: UInt64) throws(FileFailure) {
        let failure = bytes.withUnsafeBytes { buffer -> Int32 in
            var done = 0
            while done < buffer.count {
                guard let start = buffer.baseAddress else { return 0 }
                let position = off_t(clamping: offset + UInt64(done))
                let count = retryingInterrupted {
                    pwrite(self.file.number, start + done, buffer.count - done, position)
                }
                guard count > 0 else { return count < 0 ? lastSystemError : ENOSPC }
                done += count
            }
            return 0
        }
        guard failure == 0 else { throw .system(.write, path: self.shown(self.part), error: failure) }
    }

    /// Brings the file to the disk, gives it its time, permissions and name, and says which name it got.
    ///
    /// This waits for the disk. It throws, and the part goes away, when anything of it fails.
    package consuming func finish() throws(FileFailure) -> FileName {
        try self.setAttributes()
        guard retryingInterrupted({ fsync(self.file.number) }) == 0 else {
            throw .system(.sync, path: self.shown(self.part), error: lastSystemError)
        }
        guard self.isPartInPlace else { throw .partDisappeared(path: self.shown(self.part)) }
        let name = try self.renameIntoPlace()
        self.isFinished = true
        guard retryingInterrupted({ fsync(self.directory.number) }) == 0 || lastSystemError == EINVAL else {
            throw .system(.sync, path: SafeText(self.directoryPath), error: lastSystemError)
        }
        return name
    }
}

extension IncomingFile {
    private func setAttributes() throws(FileFailure) {
        // File systems without permissions or times refuse these; the contents matter more.
        _ = fchmod(self.file.number, self.mode)
        if let modified = self.modified {
            let omit = timespec(tv_sec: 0, tv_nsec: omittedTime)
            let time = timespec(tv_sec: time_t(modified.seconds), tv_nsec: Int(modified.nanoseconds))
            _ = futimens(self.file.number, [omit, time])
        }
    }

    /// Whether the part's name still leads to the file that was written.
    private var isPartInPlace: Bool {
        var named = stat()
        let result = withCString(self.part.bytes) {
            fstatat(self.directory.number, $0, &named, AT_SYMLINK_NOFOLLOW)
        }
        guard result == 0, let own = self.file.status else { return false }
        return named.st_ino == own.st_ino && named.st_dev == own.st_dev
    }

    private func renameIntoPlace() throws(FileFailure) -> FileName {
        if case .overwrite = self.policy {
            let error = self.rename(to: self.name) { renameat($0, $1, $2, $3) == 0 ? 0 : lastSystemError }
            guard error == 0 else { throw .system(.rename, path: self.shown(self.name), error: error) }
            return self.name
        }
        for attempt in 0..<DownloadStore.attempts {
            let name = attempt == 0 ? self.name : self.name.numbered(attempt)
            let error = self.rename(to: name) { -clinux_rename_exclusive($0, $1, $2, $3) }
            if error == 0 { return name }
            guard error == EEXIST else { throw .system(.rename, path: self.shown(name), error: error) }
            if case .skip = self.policy { break }
        }
        throw .exists(path: self.shown(self.name))
    }

    private func rename(to name: FileName, call: Rename) -> Int32 {
        let directory = self.directory.number
        return withCString(self.part.bytes) { old in
            withCString(name.bytes) { new in call(directory, old, directory, new) }
        }
    }

    private func shown(_ name: FileName) -> SafeText {
        SafeText(Array(self.directoryPath.utf8) + [UInt8(ascii: "/")] + name.bytes)
    }
}

/// A rename between names of directories that gives the error number, or zero.
private typealias Rename = (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>) -> Int32

/// `UTIME_OMIT` of utimensat(2), a cast that is not imported: leave this time alone.
private let omittedTime = (1 << 30) - 2
