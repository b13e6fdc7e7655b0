// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The protocol of a transfer's data channel.
package enum TransferChannel {
    /// The protocol that the channel is opened with (RFC 8832 §5.1).
    package static let protocolName = "icetalk.transfer.v1"

    /// The label of the channel of one transfer.
    package static func label(for id: TransferID) -> String { "transfer-\(id.number)" }

    /// The transfer that a channel with this label belongs to; nil if it is no label of a transfer.
    package static func transfer(ofLabel label: String) -> TransferID? {
        guard label.utf8.count <= 32, label.hasPrefix("transfer-"), let number = UInt64(label.dropFirst(9)),
            let id = TransferID(number), Self.label(for: id) == label
        else { return nil }
        return id
    }
}

/// The number that tells a transfer from every other one of a conversation; drawn at random by whoever offers it.
package struct TransferID: Hashable, Sendable {
    /// 1 to 2^53 − 1: exact in every JSON implementation (RFC 8259 §6).
    package let number: UInt64

    /// The greatest number.
    package static let maximum: UInt64 = (1 << 53) - 1

    /// Checks a number; nil when it is out of range.
    package init?(_ number: UInt64) {
        guard (1...Self.maximum).contains(number) else { return nil }
        self.number = number
    }

    /// Draws a new number.
    package init(from random: inout RandomSource) {
        self.number = UInt64.random(in: 1...Self.maximum, using: &random)
    }
}

/// One entry of the manifest: what is to be created before its blocks arrive.
package struct TransferEntry: Hashable, Sendable {
    /// What an entry is; directories and links have numbers kept for them.
    package enum Kind: UInt8, Sendable {
        /// A regular file.
        case file = 1
        /// Bytes without a known end, such as a pipe's.
        case stream = 2
    }

    /// Its place in the manifest, from zero.
    package var index: UInt32
    /// What it is.
    package var kind: Kind
    /// Its size in bytes; nil for a stream.
    package var size: UInt64?
    /// Its permission bits (`0o777`); nil where the source has none.
    package var mode: UInt16?
    /// When it was modified; nil where the source does not tell.
    package var modified: FileTime?
    /// The bytes of every block but the last, which may be shorter; blocks of a stream may all be.
    package var blockSize: UInt32
    /// Its name as the source has it: never to be used as a path (see `FileName`).
    package var name: [UInt8]

    /// Creates an entry.
    package init(
        index: UInt32 = 0,
        kind: Kind = .file,
        size: UInt64?,
        mode: UInt16? = nil,
        modified: FileTime? = nil,
        blockSize: UInt32 = UInt32(TransferLimits.blockCount),
        name: [UInt8]
    ) {
        self.index = index
        self.kind = kind
        self.size = size
        self.mode = mode
        self.modified = modified
        self.blockSize = blockSize
        self.name = name
    }
}

/// A time of the file system's clock.
package struct FileTime: Hashable, Sendable {
    /// Seconds since 1970-01-01 00:00 UTC; negative before.
    package var seconds: Int64
    /// Nanoseconds within the second: 0 to 999,999,999.
    package var nanoseconds: UInt32

    /// Creates a time.
    package init(seconds: Int64, nanoseconds: UInt32) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }
}
