// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CCRC32C
import Wire

/// CRC32C as SCTP uses it (RFC 9260 §6.8 and appendix A).
enum Checksum {
    /// Where the checksum stands in a packet.
    static let offset = 8

    /// The checksum of a packet, computed as if its checksum field were zero.
    static func compute(over packet: Span<UInt8>) -> UInt32 {
        guard packet.count >= CommonHeader.size else { return 0 }
        return unsafe packet.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return 0 }
            var zero: UInt32 = 0
            var crc = unsafe ccrc32c(0, base, Self.offset)
            crc = unsafe withUnsafeBytes(of: &zero) { zeros in
                unsafe ccrc32c(crc, zeros.baseAddress?.assumingMemoryBound(to: UInt8.self), 4)
            }
            return unsafe ccrc32c(crc, base + CommonHeader.size, bytes.count - CommonHeader.size)
        }
    }
}
