// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer
import Glibc

/// An open file that is closed when its owner goes away.
struct FileDescriptor: ~Copyable {
    let number: Int32

    /// Takes over an open descriptor.
    init(owning number: Int32) {
        self.number = number
    }

    deinit {
        close(self.number)
    }

    /// Opens a path relative to the working directory, or a name below a directory; nil leaves the reason in `errno`.
    static func open(_ path: [UInt8], below directory: Int32 = AT_FDCWD, flags: Int32, mode: mode_t = 0) -> Self? {
        let number = retryingInterrupted { withCString(path) { openat(directory, $0, flags | O_CLOEXEC, mode) } }
        return number < 0 ? nil : Self(owning: number)
    }

    /// What the system says of the open file; nil leaves the reason in `errno`.
    var status: stat? {
        var status = stat()
        return fstat(self.number, &status) == 0 ? status : nil
    }
}

/// Repeats a system call that a signal interrupted.
func retryingInterrupted<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}

/// Lends bytes as a C string; the bytes must hold no NUL, or they end there.
func withCString<Result>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
    (bytes + [0]).withUnsafeBufferPointer { buffer in
        buffer.withMemoryRebound(to: CChar.self) { characters in
            // One byte at least, the NUL, is always there.
            characters.baseAddress.map(body) ?? "".withCString(body)
        }
    }
}

/// The error number of the system call that just failed.
var lastSystemError: Int32 { errno }
