// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// Checks that a core whose time has come, and whose output was taken, asks for a later time or for none: what asks for
/// the same time again makes its driver spin.
package func requireProgress(_ nextTimeout: Instant?, after now: Instant) {
    guard let nextTimeout else { return }
    precondition(nextTimeout > now, "a timeout at \(nextTimeout.nanoseconds) is due again at \(now.nanoseconds)")
}

/// Checks that two values are the same, and shows them when they are not.
package func requireEqual<Value: Equatable>(_ left: Value, _ right: Value, _ comment: @autoclosure () -> String = "") {
    precondition(left == right, "\(comment())\n  \(left)\n  \(right)")
}
