// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// What a server says about itself at the beginning of a nonce, out of reach of who would bid it down (RFC 8489 §9.2).
///
/// Bit 0 is the rightmost one (erratum 6290 of RFC 8489 §18.1).
package struct SecurityFeatures: OptionSet, Hashable, Sendable {
    /// 24 bits.
    package let rawValue: UInt32

    /// Creates a set from its bits, of which 24 count.
    package init(rawValue: UInt32) {
        self.rawValue = rawValue & 0xFF_FFFF
    }

    /// The server lets clients choose how keys are made: PASSWORD-ALGORITHMS must be there.
    package static let passwordAlgorithms = SecurityFeatures(rawValue: 1 << 0)
    /// The server knows users by USERHASH.
    package static let usernameAnonymity = SecurityFeatures(rawValue: 1 << 1)

    /// Reads the features from the nonce cookie; nil when the nonce has none.
    package init?(nonce: [UInt8]) {
        guard nonce.count >= Self.prefix.count + 4, nonce.starts(with: Self.prefix) else { return nil }
        var bits: UInt32 = 0
        for character in nonce[Self.prefix.count..<(Self.prefix.count + 4)] {
            guard let value = Self.base64.firstIndex(of: character) else { return nil }
            bits = bits << 6 | UInt32(value)
        }
        self.init(rawValue: bits)
    }

    /// The nonce cookie: 13 bytes with which a nonce begins.
    package var nonceCookie: [UInt8] {
        Self.prefix + [18, 12, 6, 0].map { Self.base64[Int(self.rawValue >> $0 & 63)] }
    }

    /// RFC 8489 §9.2: the nonce cookie is this "concatenated with the (4) character base64 encoding" of the features.
    private static let prefix = Array("obMatJos2".utf8)

    private static let base64 = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
}
