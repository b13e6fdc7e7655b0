// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Why an exchange cannot go on.
package enum SPAKE2Error: Error, Hashable, Sendable {
    /// The peer's fault: its share has not the 65 bytes of an uncompressed point.
    case shareLength(Int)
    /// The peer's fault: its share does not begin with 4, the mark of an uncompressed point.
    case sharePrefix(UInt8)
    /// The peer's fault: its share is not on the curve.
    case notOnCurve
    /// The peer's fault: its share leads to the identity, which would make the key known to all.
    case identity
    /// The peer's fault: its share is this side's own.
    case reflected
    /// The peer's fault: its confirmation is not that of the key, so that it does not know the password.
    case wrongConfirmation
    /// The environment's fault: an operation of OpenSSL failed, for want of memory as a rule.
    case library(String)
}
