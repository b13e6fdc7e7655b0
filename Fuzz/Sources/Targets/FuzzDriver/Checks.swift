// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Wire

/// Checks what must hold; unlike a precondition, it says what did not in an optimised build, too.
package func require(
    _ condition: Bool,
    _ comment: @autoclosure () -> String = "",
    file: StaticString = #fileID,
    line: UInt = #line
) {
    guard !condition else { return }
    fail(comment(), file: file, line: line)
}

/// Checks that two values are the same, and shows them when they are not.
package func requireEqual<Value: Equatable>(
    _ left: Value,
    _ right: Value,
    _ comment: @autoclosure () -> String = "",
    file: StaticString = #fileID,
    line: UInt = #line
) {
    require(left == right, "\(comment())\n    \(left)\n    \(right)", file: file, line: line)
}

/// Checks that a core whose time has come, and whose output was taken, asks for a later time or for none: what asks for
/// the same time again makes its driver spin.
package func requireProgress(
    _ nextTimeout: Instant?,
    after now: Instant,
    file: StaticString = #fileID,
    line: UInt = #line
) {
    guard let nextTimeout else { return }
    require(
        nextTimeout > now,
        "a timeout for \(nextTimeout.nanoseconds) is left over at \(now.nanoseconds)",
        file: file,
        line: line
    )
}

/// Ends the run on this input.
package func fail(_ comment: String, file: StaticString = #fileID, line: UInt = #line) -> Never {
    let text = Array("FAILURE at \(file):\(line): \(comment)\n".utf8)
    _ = write(STDERR_FILENO, text, text.count)
    abort()
}
