// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// The alphabet of ICE credentials (RFC 8839 §5.1) in six bits a character.
enum ICECharacters {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// One byte with the count of characters, then the characters; nil if one is not an ice-char or they are over 255.
    static func packed(_ text: String) -> [UInt8]? {
        guard let count = UInt8(exactly: text.utf8.count) else { return nil }
        var bytes = [count]
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for character in text.utf8 {
            guard let value = Self.alphabet.firstIndex(of: character) else { return nil }
            bits = bits << 6 | UInt32(value)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> bitCount))
                bits &= (1 << bitCount) - 1
            }
        }
        if bitCount > 0 {
            bytes.append(UInt8(truncatingIfNeeded: bits << (8 - bitCount)))
        }
        return bytes
    }

    /// The characters that `packed(_:)` packed; nil if the bytes are too few or too many.
    static func unpacked(_ bytes: [UInt8]) -> String? {
        guard let first = bytes.first, bytes.count == 1 + (Int(first) * 6 + 7) / 8 else { return nil }
        var characters: [UInt8] = []
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for byte in bytes.dropFirst() {
            bits = bits << 8 | UInt32(byte)
            bitCount += 8
            while bitCount >= 6, characters.count < Int(first) {
                bitCount -= 6
                characters.append(Self.alphabet[Int(bits >> bitCount & 63)])
            }
            bits &= (1 << bitCount) - 1
        }
        return String(decoding: characters, as: UTF8.self)
    }
}

/// CRC-32 as in Ethernet and gzip: unlike four bytes of a longer hash it is certain to notice any change within 32
/// neighbouring bits, such as a mistyped, a missing or two exchanged characters.
enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }

    /// The checksum of bytes.
    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(.max) { $0 >> 8 ^ Self.table[Int(($0 ^ UInt32($1)) & 255)] }
    }
}
