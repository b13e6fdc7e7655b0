// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// The bounds that `icetalk.v1` puts on both sides.
package enum ConversationLimits {
    /// The largest message of the channel in bytes: what every WebRTC stack takes.
    package static let messageCount = 262_144

    /// The least maximum message size that a peer is taken to have, in bytes.
    package static let leastMessageCount = 4_096

    /// The longest chat text in bytes of UTF-8; longer than a message, which is why texts come in parts.
    package static let textCount = 1_048_576

    /// How many chat texts may wait for their acks.
    package static let outboxCount = 4_096

    /// How many bytes of chat text may wait for their acks.
    package static let outboxBytes = 16_777_216

    /// How many ids of received chat are remembered, so that one that is sent again is shown once: all of an outbox.
    package static let rememberedIDs = outboxCount

    /// How many acks may wait to be sent; a peer that causes more without reading them is flooding.
    package static let pendingAcks = 65_536

    /// How many transfers a peer may have on offer at once; more are declined.
    package static let offers = 64

    /// The longest text of a candidate, in bytes.
    package static let candidateCount = 512

    /// How many candidates may wait to be told; older ones give way to later ones.
    package static let pendingCandidates = 64

    /// The longest name of a person, in scalars; the rest is cut off.
    package static let nameScalars = 64

    /// How many capabilities are read, and of how many bytes each.
    package static let capabilities = 64
}
