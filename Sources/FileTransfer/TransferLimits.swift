// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// The bounds that `icetalk.transfer.v1` puts on both sides.
package enum TransferLimits {
    /// The largest message of a transfer's channel in bytes: what every WebRTC stack takes.
    package static let messageCount = 262_144

    /// The least maximum message size of a peer with which a transfer is possible.
    package static let leastMessageCount = 8_192

    /// The longest name in a manifest entry, in bytes.
    package static let nameCount = 4_096

    /// The largest file, in bytes; sums and offsets stay far from the ends of 64 bits.
    ///
    /// 8 PiB less one is what an integer of JSON holds exactly (RFC 8259 §6), in which offers are made.
    package static let fileSize: UInt64 = (1 << 53) - 1

    /// How many entries one transfer may have.
    package static let entryCount: UInt32 = 1

    /// The bytes of a block where the peer's message size allows it.
    package static let blockCount = 131_072

    /// The block sizes that an entry may announce, in bytes: what fits a message and outweighs its digest.
    package static let blockSizes: ClosedRange<UInt32> = 1_024...UInt32(messageCount - TransferBlock.headerCount)

    /// How far a sender may be ahead of what the receiver has reported as written, in bytes.
    ///
    /// This bounds what a receiver with a slow disk holds in memory, without closing the window that channels share.
    package static let window: UInt64 = 16_777_216

    /// How many written bytes a receiver reports at once.
    package static let reportInterval: UInt64 = 1_048_576
}
