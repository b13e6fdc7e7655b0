// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Wire

/// Trouble with a file or directory of this machine: exit status 8.
package enum FileFailure: Error, Equatable, Sendable {
    /// What was attempted when the system refused.
    package enum Operation: String, Sendable {
        /// Opening what is to be sent.
        case open
        /// Reading what is sent.
        case read
        /// Opening the directory for downloads.
        case openDirectory = "open the directory"
        /// Creating the partial file.
        case create
        /// Writing to the partial file.
        case write
        /// Bringing a finished file safely to the disk.
        case sync
        /// Giving a finished file its name.
        case rename
    }

    /// What stands where a regular file was expected.
    package enum Kind: String, Sendable {
        /// A directory.
        case directory = "a directory"
        /// A named pipe.
        case pipe = "a pipe"
        /// A socket.
        case socket = "a socket"
        /// A block or character device.
        case device = "a device"
        /// Anything else.
        case other = "not a regular file"
    }

    /// The system's error number for an operation on this path.
    case system(Operation, path: SafeText, error: Int32)
    /// The path is not a regular file.
    case notRegular(path: SafeText, Kind)
    /// The path or name cannot be one of a file.
    case invalidName(path: SafeText)
    /// The name is taken, and neither renaming nor overwriting was allowed.
    case exists(path: SafeText)
    /// The disk has less room than the file needs, in bytes.
    case noRoom(path: SafeText, needed: UInt64, available: UInt64)
    /// The partial file was moved away or replaced while it was written.
    case partDisappeared(path: SafeText)
    /// The source was truncated while it was read.
    case sourceChanged(path: SafeText)

    /// The exit status of the program: local file trouble.
    package static let exitStatus: Int32 = 8
}

extension FileFailure: CustomStringConvertible {
    /// A sentence for people.
    package var description: String {
        switch self {
        case .system(let operation, let path, let error):
            "Cannot \(operation.rawValue) \(path): \(Self.reason(error))."
        case .notRegular(let path, let kind): "\(path) is \(kind.rawValue): only regular files can be sent."
        case .invalidName(let path): "“\(path)” cannot be the name of a file."
        case .exists(let path): "\(path) exists already."
        case .noRoom(let path, let needed, let available):
            "There is not enough room for \(path): it needs \(needed) bytes, \(available) are free."
        case .partDisappeared(let path): "\(path) was moved or replaced while it was written."
        case .sourceChanged(let path): "\(path) was changed while it was sent."
        }
    }

    private static func reason(_ error: Int32) -> String {
        switch error {
        case ENOENT: return "no such file or directory"
        case EACCES, EPERM: return "permission denied"
        case ENOSPC: return "no space left on the disk"
        case EDQUOT: return "the disk quota is used up"
        case EROFS: return "the file system is read-only"
        case ENOTDIR: return "part of the path is not a directory"
        case ELOOP: return "too many symbolic links"
        case ENAMETOOLONG: return "the name is too long"
        case EFBIG: return "the file is too large for this file system"
        case EIO: return "input/output error"
        case EMFILE, ENFILE: return "too many open files"
        default: return "system error \(error)"
        }
    }
}
