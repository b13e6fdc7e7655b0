// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// The checksum of FINGERPRINT: CRC-32 of ITU V.42 (RFC 8489 §14.7).
enum CRC32 {
    /// "XOR'ed with the 32-bit value 0x5354554e", so that applications with a CRC-32 of their own are told apart.
    static let fingerprintMask: UInt32 = 0x5354_554E

    static func checksum(of bytes: Span<UInt8>) -> UInt32 {
        var remainder = UInt32.max
        for index in 0..<bytes.count {
            remainder = self.table[Int((remainder ^ UInt32(bytes[index])) & 0xFF)] ^ remainder >> 8
        }
        return ~remainder
    }

    /// What each value of a byte does to the remainder, with the reversed polynomial 0xEDB88320.
    private static let table: [UInt32] = (0..<256 as Range<UInt32>).map { byte in
        (0..<8).reduce(byte) { remainder, _ in
            remainder & 1 == 0 ? remainder >> 1 : remainder >> 1 ^ 0xEDB8_8320
        }
    }
}
