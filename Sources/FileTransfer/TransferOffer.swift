// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// What a sender offers before anything is sent, and what a receiver holds it to.
package struct TransferOffer: Hashable, Sendable {
    /// The name as the source has it.
    package var name: [UInt8]
    /// The size in bytes; nil for a stream whose end is not known.
    package var size: UInt64?

    /// Creates an offer.
    package init(name: [UInt8], size: UInt64?) {
        self.name = name
        self.size = size
    }

    /// The name that the file gets on this side's disk.
    package var fileName: FileName { FileName(fromPeer: self.name) }

    /// The offered name as it can be shown.
    package var displayedName: SafeText { SafeText(self.name) }
}

/// Why one side ended a transfer, as the other is told.
package enum TransferCancelReason: String, CaseIterable, Sendable {
    /// A person did.
    case user
    /// A file could not be read, created or written.
    case localFile = "local-file"
    /// The source was changed while it was sent.
    case sourceChanged = "source-changed"
    /// A digest did not match.
    case integrity
    /// The other side broke the protocol.
    case protocolError = "protocol"
    /// A reason that this version does not know.
    case other

    /// Reads a reason; one that is not known is `other`.
    package init(token: String) {
        self = Self(rawValue: token) ?? .other
    }
}
