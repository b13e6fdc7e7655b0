// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import SCTP

/// Names a channel of a `DataChannelSet`; never used again, unlike the number of a stream.
package struct DataChannelID: Hashable, Sendable, BitwiseCopyable {
    /// Counts up from zero in the order of creation.
    package var rawValue: UInt32

    /// Creates an identifier.
    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }
}

/// What a channel is opened with (RFC 8832 §5.1).
package struct DataChannelParameters: Hashable, Sendable {
    /// What the channel is called; need not be unique.
    package var label: String
    /// The protocol spoken on it.
    package var protocolName: String
    /// Whether messages arrive in the order in which they were sent.
    package var isOrdered: Bool
    /// How long a message is tried.
    package var reliability: Reliability
    /// A weight among channels (RFC 8831 §6.4), which the other side is told.
    package var priority: UInt16
    /// The stream that both sides agreed on beforehand; nil for a channel that is announced to the other side.
    package var negotiatedStream: StreamID?

    /// Creates parameters; without any but a label those of an ordered and reliable channel.
    package init(
        label: String,
        protocolName: String = "",
        isOrdered: Bool = true,
        reliability: Reliability = .reliable,
        priority: UInt16 = 0,
        negotiatedStream: StreamID? = nil
    ) {
        self.label = label
        self.protocolName = protocolName
        self.isOrdered = isOrdered
        self.reliability = reliability
        self.priority = priority
        self.negotiatedStream = negotiatedStream
    }
}

/// Whether a message is text or bytes.
package enum DataChannelMessageKind: Hashable, Sendable {
    /// Text in UTF-8.
    case text
    /// Bytes.
    case binary
}
