// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Wire

/// A file to which what happens is appended, each line after its time (UTC).
///
/// It never gets what a pasted line or a message says.
package struct LogFile: Sendable {
    private let descriptor: Int32

    /// Opens a file, which is created readable for its owner alone.
    ///
    /// - Throws: `ProgramFailure` with status 8.
    package init(path: String) throws(ProgramFailure) {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o600)
        guard descriptor >= 0 else {
            throw ProgramFailure(.localFile, "cannot write the log \(path): \(systemReason(errno))")
        }
        self.descriptor = descriptor
    }

    /// Appends one line.
    func append(_ text: String) {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        writeAll(Array("\(Self.stamp(time)) \(SafeText(text))\n".utf8), to: self.descriptor)
    }

    /// `2026-01-31T23:59:59.123Z`.
    static func stamp(_ time: timespec) -> String {
        var seconds = time.tv_sec
        var fields = tm()
        gmtime_r(&seconds, &fields)
        func padded(_ value: Int, to count: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, count - digits.utf8.count)) + digits
        }
        let date = [Int(fields.tm_mon) + 1, Int(fields.tm_mday)].map { padded($0, to: 2) }.joined(separator: "-")
        let clock = [fields.tm_hour, fields.tm_min, fields.tm_sec].map { padded(Int($0), to: 2) }
        let milliseconds = padded(time.tv_nsec / 1_000_000, to: 3)
        return "\(Int(fields.tm_year) + 1_900)-\(date)T\(clock.joined(separator: ":")).\(milliseconds)Z"
    }
}

/// Writes all bytes, waiting where that is needed; false when the other end is gone or the disk is full.
@discardableResult
func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { buffer in
        var done = 0
        while done < buffer.count, let start = buffer.baseAddress {
            let count = write(descriptor, start + done, buffer.count - done)
            if count >= 0 {
                done += count
            } else if errno == EAGAIN {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&waiting, 1, -1)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}

/// What the system says about an error number, in its own words.
func systemReason(_ code: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard strerror_r(code, &buffer, buffer.count) == 0 else { return "system error \(code)" }
    let message = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return message.prefix(1).lowercased() + message.dropFirst()
}
