// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// What is wrong with bytes that a peer sent: they are dropped or answered, as the RFC has it for each case.
package enum MalformedPacket: Error, Equatable, Sendable {
    /// A field goes beyond the end of what holds it.
    case truncated
    /// The checksum is not that of the packet (RFC 9260 §6.8: silently discard).
    case checksum
    /// The length of a chunk, a parameter or a cause is below its header or beyond the end.
    case length(tag: UInt16, length: Int)
    /// DATA without user data, which is answered with an ABORT (RFC 9260 §6.2).
    case noUserData(TSN)
    /// INIT or INIT ACK with a zero tag or without streams, which is answered with an ABORT (RFC 9260 §3.3.2, §3.3.3).
    case invalidMandatoryParameter
    /// INIT ACK without a state cookie (RFC 9260 §3.3.3).
    case missingStateCookie
    /// INIT or INIT ACK with a host name, which is answered with an ABORT (RFC 9260 §3.3.2.1).
    case hostNameAddress
    /// A field that has one right value has another.
    case unexpectedValue
    /// More repetitions of a field than are accepted.
    case tooMany
}
