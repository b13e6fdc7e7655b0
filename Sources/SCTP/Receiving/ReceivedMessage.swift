// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// A message of the peer, whole.
package struct ReceivedMessage: Hashable, Sendable {
    /// The stream on which it came.
    package var stream: StreamID
    /// What it is, as the peer says.
    package var protocolID: PayloadProtocolID
    /// Whether it was sent without a place in the order of the stream.
    package var isUnordered: Bool
    /// What it says.
    package var bytes: [UInt8]

    /// Creates a message.
    package init(stream: StreamID, protocolID: PayloadProtocolID, isUnordered: Bool = false, bytes: [UInt8]) {
        self.stream = stream
        self.protocolID = protocolID
        self.isUnordered = isUnordered
        self.bytes = bytes
    }
}

/// How a peer breaks the rules for messages: the association is aborted (RFC 9260 §3.3.10.13).
package enum ReassemblyViolation: Error, Equatable, Sendable {
    /// A message is larger than we declared to accept.
    case messageTooLarge(StreamID)
    /// A fragment follows the end of a message, but does not begin one.
    case missingBegin(TSN)
    /// A message begins before the one before it ended.
    case missingEnd(TSN)
    /// A fragment is of another message, by its stream or number, than those around it.
    case inconsistentFragment(TSN)
    /// Two messages of one stream have one number.
    case duplicateMessage(StreamID)

    /// What is said in the ABORT.
    package var cause: ErrorCause { ErrorCause(.protocolViolation, reason: "\(self)") }
}
