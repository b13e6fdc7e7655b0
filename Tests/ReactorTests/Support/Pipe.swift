// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A pipe of the system, closed with its last reference.
final class Pipe: Sendable {
    let reader: Int32
    private let writer: Int32

    init() throws {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { throw POSIXFailure(code: errno) }
        self.reader = ends[0]
        self.writer = ends[1]
    }

    deinit {
        close(self.reader)
        close(self.writer)
    }

    func write() {
        var byte: UInt8 = 1
        _ = Glibc.write(self.writer, &byte, 1)
    }

    /// Waits on this thread until there is something to read.
    func block() {
        var entry = pollfd(fd: self.reader, events: Int16(POLLIN), revents: 0)
        poll(&entry, 1, -1)
    }

    func read() {
        var byte: UInt8 = 0
        _ = Glibc.read(self.reader, &byte, 1)
    }
}

private struct POSIXFailure: Error {
    let code: Int32
}
