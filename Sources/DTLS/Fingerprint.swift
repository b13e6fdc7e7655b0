// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// The SHA-256 fingerprint of a certificate (RFC 8122 §5).
package struct Fingerprint: Hashable, Sendable {
    /// 32 bytes.
    package let bytes: [UInt8]

    /// Creates a fingerprint; nil unless there are 32 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// Reads `AB:CD:…` in either case; nil unless it has 32 pairs of hexadecimal digits.
    package init?(_ text: some StringProtocol) {
        let pairs = text.split(separator: ":", omittingEmptySubsequences: false)
        guard pairs.count == 32 else { return nil }
        var bytes: [UInt8] = []
        for pair in pairs {
            guard pair.utf8.count == 2, pair.allSatisfy(\.isHexDigit), let byte = UInt8(pair, radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        self.bytes = bytes
    }

    /// Whether two fingerprints are equal, in constant time.
    package static func == (left: Fingerprint, right: Fingerprint) -> Bool {
        constantTimeEqual(left.bytes.span, right.bytes.span)
    }
}

extension Fingerprint: CustomStringConvertible {
    /// Upper case, which Firefox requires.
    package var description: String {
        self.bytes.map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return digits.count == 1 ? "0" + digits : digits
        }.joined(separator: ":")
    }
}
