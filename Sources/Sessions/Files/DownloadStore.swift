// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import FileTransfer
import Glibc
import Wire

/// The directory that downloads go to, held open: whatever happens to its path meanwhile, files end up in it.
package struct DownloadStore: ~Copyable {
    /// How many names are tried before giving up.
    static let attempts = 1_000

    private let directory: FileDescriptor
    private let path: String
    private let chosenName: FileName?
    private let policy: ConflictPolicy
    /// The permission bits that new files do not get.
    private let mask: mode_t

    /// Opens the directory of a target; throws when it is missing, no directory or not accessible.
    package init(_ target: DownloadTarget, onConflict policy: ConflictPolicy = .rename) throws(FileFailure) {
        let bytes = Array(target.directory.utf8)
        guard !bytes.isEmpty, !bytes.contains(0) else { throw .invalidName(path: SafeText(target.directory)) }
        guard let directory = FileDescriptor.open(bytes, flags: O_RDONLY | O_DIRECTORY) else {
            throw .system(.openDirectory, path: SafeText(target.directory), error: lastSystemError)
        }
        self.directory = directory
        self.path = target.directory
        self.chosenName = target.name
        self.policy = policy
        self.mask = currentFileMask()
    }

    /// The name that a file which is offered like this will have, unless it is taken.
    package func name(for offer: TransferOffer) -> FileName {
        self.chosenName ?? offer.fileName
    }

    /// Whether that name is taken, by anything at all: a link counts, wherever it points.
    package func isTaken(_ name: FileName) -> Bool {
        var status = stat()
        return withCString(name.bytes) { fstatat(self.directory.number, $0, &status, AT_SYMLINK_NOFOLLOW) } == 0
    }

    /// Creates the partial file for an entry, after a look at the free space.
    package func create(_ entry: TransferEntry) throws(FileFailure) -> IncomingFile {
        let name = self.name(for: TransferOffer(name: entry.name, size: entry.size))
        if case .skip = self.policy, self.isTaken(name) { throw .exists(path: self.shown(name)) }
        try self.checkRoom(for: name, size: entry.size)
        for attempt in 0..<Self.attempts {
            let part = name.part(attempt: attempt)
            let file = FileDescriptor.open(
                part.bytes,
                below: self.directory.number,
                flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                mode: 0o600
            )
            if let file {
                return try self.incoming(file, part: part, name: name, entry: entry)
            }
            guard lastSystemError == EEXIST else {
                throw .system(.create, path: self.shown(part), error: lastSystemError)
            }
        }
        throw .system(.create, path: self.shown(name.part()), error: EEXIST)
    }

    private func incoming(
        _ file: consuming FileDescriptor,
        part: FileName,
        name: FileName,
        entry: TransferEntry
    ) throws(FileFailure) -> IncomingFile {
        let directory = fcntl(self.directory.number, F_DUPFD_CLOEXEC, 0)
        guard directory >= 0 else {
            throw .system(.openDirectory, path: SafeText(self.path), error: lastSystemError)
        }
        return IncomingFile(
            file: file,
            directory: FileDescriptor(owning: directory),
            directoryPath: self.path,
            part: part,
            name: name,
            policy: self.policy,
            mode: mode_t(entry.mode ?? 0o666) & ~self.mask | 0o600,
            modified: entry.modified
        )
    }

    private func checkRoom(for name: FileName, size: UInt64?) throws(FileFailure) {
        var room = statvfs()
        guard let size, fstatvfs(self.directory.number, &room) == 0 else { return }
        let (available, overflow) = UInt64(room.f_bavail).multipliedReportingOverflow(by: UInt64(room.f_frsize))
        // File systems that do not know their room say zero blocks in all.
        guard !overflow, room.f_blocks > 0, available < size else { return }
        throw .noRoom(path: self.shown(name), needed: size, available: available)
    }

    private func shown(_ name: FileName) -> SafeText {
        SafeText(Array(self.path.utf8) + [UInt8(ascii: "/")] + name.bytes)
    }
}

/// The process's umask, which can be read without changing it from `/proc` only; 022 where that is missing.
private func currentFileMask() -> mode_t {
    guard let file = FileDescriptor.open(Array("/proc/self/status".utf8), flags: O_RDONLY) else { return 0o022 }
    var buffer = [UInt8](repeating: 0, count: 4_096)
    let count = retryingInterrupted { read(file.number, &buffer, buffer.count) }
    let text = String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
    let line = text.split(separator: "\n").first { $0.hasPrefix("Umask:") }
    return line.flatMap { mode_t($0.dropFirst(6).drop { $0 == "\t" || $0 == " " }, radix: 8) } ?? 0o022
}
