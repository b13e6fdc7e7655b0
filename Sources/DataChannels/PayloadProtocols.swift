// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SCTP

/// The payload protocol identifiers of data channels (RFC 8831 §8).
enum PayloadProtocols {
    /// A message of DCEP.
    static let establishment = PayloadProtocolID(50)
    /// A text.
    static let text = PayloadProtocolID(51)
    /// Deprecated: a part of a binary message; read, never sent.
    static let partialBinary = PayloadProtocolID(52)
    /// A binary message.
    static let binary = PayloadProtocolID(53)
    /// Deprecated: a part of a text; read, never sent.
    static let partialText = PayloadProtocolID(54)
    /// A text of no bytes.
    static let emptyText = PayloadProtocolID(56)
    /// A binary message of no bytes.
    static let emptyBinary = PayloadProtocolID(57)

    /// How a message of the user is sent; SCTP carries no empty ones, so that they are one byte which the peer ignores
    /// (RFC 8831 §6.6).
    static func outgoing(_ bytes: [UInt8], _ kind: DataChannelMessageKind) -> (bytes: [UInt8], id: PayloadProtocolID) {
        switch (kind, bytes.isEmpty) {
        case (.text, false): (bytes, self.text)
        case (.binary, false): (bytes, self.binary)
        case (.text, true): ([0], self.emptyText)
        case (.binary, true): ([0], self.emptyBinary)
        }
    }
}
