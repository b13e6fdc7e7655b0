// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import FileTransfer
package import Wire

/// The protocol of the conversation's channel.
package enum ConversationChannel {
    /// The label of the channel (RFC 8832 §5.1).
    package static let label = "icetalk"

    /// The protocol that the channel is opened with (RFC 8832 §5.1).
    package static let protocolName = "icetalk.v1"
}

/// The number of a chat text, drawn by its sender.
package typealias ChatID = UInt64

/// Who a peer says it is.
package struct PeerHello: Equatable, Sendable {
    /// The person's name as it came: show `displayedName` instead.
    package var name: String
    /// The version of the program as it came: show `displayedVersion` instead.
    package var version: String
    /// What the peer can do, by names that the protocol gives.
    package var capabilities: [String]

    /// Creates a hello.
    package init(name: String, version: String, capabilities: [String] = []) {
        self.name = name
        self.version = version
        self.capabilities = capabilities
    }

    /// The name as it can be shown.
    package var displayedName: SafeText { SafeText(self.name) }

    /// The version as it can be shown.
    package var displayedVersion: SafeText { SafeText(self.version) }
}

/// A chat text, or one part of a long one.
package struct ChatPart: Equatable, Sendable {
    /// The number of the text.
    package var id: ChatID
    /// When it was written: milliseconds since 1970-01-01 00:00 UTC on the sender's clock.
    package var time: UInt64
    /// The text of this part.
    package var text: String
    /// Its place among the parts, from zero.
    package var part: Int
    /// Whether the text ends with it.
    package var isLast: Bool

    /// Creates a part; without further arguments one that is a whole text.
    package init(id: ChatID, time: UInt64, text: String, part: Int = 0, isLast: Bool = true) {
        self.id = id
        self.time = time
        self.text = text
        self.part = part
        self.isLast = isLast
    }
}

/// One message of `icetalk.v1`: a JSON object in one text message of its channel, with a `type`.
///
/// Types and keys that are not known are ignored, so that later versions can add some.
package enum ConversationMessage: Equatable, Sendable {
    /// Who speaks; the first message of each side.
    case hello(PeerHello)
    /// A chat text or a part of one.
    case chat(ChatPart)
    /// A chat text has arrived whole.
    case ack(ChatID)
    /// A file is offered.
    case offer(TransferID, TransferOffer)
    /// An offer is accepted.
    case accept(TransferID)
    /// An offer is declined.
    case decline(TransferID)
    /// A transfer ends before its time, or an offer is withdrawn.
    case cancel(TransferID, TransferCancelReason)
    /// A file of this size is verified, synced and in place.
    case complete(TransferID, size: UInt64)
    /// An address at which the speaker may be reached, as the value of an `a=candidate` line (RFC 8838, RFC 8839 §5.1).
    case candidate(String)
    /// The speaker has nothing more to say.
    case bye
    /// A type that this version does not know.
    case unknown
}

/// Why bytes are no message of the protocol: the peer's fault.
package enum ConversationMessageError: Error, Equatable, Sendable {
    /// More than `ConversationLimits.messageCount` bytes.
    case tooLong(Int)
    /// No JSON object, or a field that is missing, of another type or out of range.
    case malformed
}
