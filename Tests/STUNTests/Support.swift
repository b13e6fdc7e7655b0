// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

extension [UInt8] {
    /// The bytes of hexadecimal digits; white space between them is skipped.
    init(hex text: String) {
        self = []
        var high: UInt8?
        for digit in text where !digit.isWhitespace {
            let nibble = UInt8(digit.hexDigitValue ?? 0)
            if let first = high {
                self.append(first << 4 | nibble)
                high = nil
            } else {
                high = nibble
            }
        }
    }
}

extension SocketAddress {
    /// An address that is written correctly in a test.
    static func literal(_ text: String) throws -> SocketAddress {
        try #require(SocketAddress(text))
    }
}

/// A message parsed from an array.
func parse(_ bytes: [UInt8]) throws(STUNError) -> STUNMessage {
    try STUNMessage(parsing: bytes.span)
}

/// Whether a key made the integrity attribute of an array.
func verifyIntegrity(_ bytes: [UInt8], _ key: IntegrityKey, accepting: IntegrityAlgorithms = .all) -> Bool {
    STUNMessage.verifyIntegrity(of: bytes.span, key: key, accepting: accepting)
}

/// Whether the FINGERPRINT of an array is right.
func verifyFingerprint(_ bytes: [UInt8]) -> Bool {
    STUNMessage.verifyFingerprint(of: bytes.span)
}

/// Whether an array can only be STUN.
func looksLikeSTUN(_ bytes: [UInt8]) -> Bool {
    STUNMessage.looksLikeSTUN(bytes.span)
}
