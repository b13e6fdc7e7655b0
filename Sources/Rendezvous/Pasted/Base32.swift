// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Base32 without padding and without regard to case (RFC 4648 §6).
enum Base32 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

    /// How many characters stand for `count` bytes.
    static func characterCount(ofBytes count: Int) -> Int {
        (count * 8 + 4) / 5
    }

    /// The characters for bytes, in upper case; the last one's unused bits are zero.
    static func encode(_ bytes: [UInt8]) -> String {
        var characters: [UInt8] = []
        characters.reserveCapacity(Self.characterCount(ofBytes: bytes.count))
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 5 {
                count -= 5
                characters.append(Self.alphabet[Int(bits >> count & 31)])
            }
            bits &= 31
        }
        if count > 0 {
            characters.append(Self.alphabet[Int(bits << (5 - count) & 31)])
        }
        return String(decoding: characters, as: UTF8.self)
    }

    /// The five bits that a character stands for; nil if it is not of the alphabet.
    static func value(of scalar: Unicode.Scalar) -> UInt8? {
        switch scalar {
        case "A"..."Z": UInt8(scalar.value - 0x41)
        case "a"..."z": UInt8(scalar.value - 0x61)
        case "2"..."7": UInt8(scalar.value - 0x32 + 26)
        default: nil
        }
    }

    /// The whole bytes in groups of five bits; nil if a bit that is left over is not zero.
    static func bytes(of values: some Collection<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(values.count * 5 / 8)
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for value in values {
            bits = bits << 5 | UInt32(value & 31)
            count += 5
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> count))
                bits &= (1 << count) - 1
            }
        }
        return bits == 0 ? bytes : nil
    }
}
