// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Wire

/// A SHA-256 digest.
package struct Digest256: Hashable, Sendable {
    /// The bytes of a digest.
    package static let count = 32

    /// The 32 bytes.
    package let bytes: [UInt8]

    /// Takes 32 bytes; nil for any other count.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.count else { return nil }
        self.bytes = bytes
    }

    /// The digest of these bytes.
    package init(of bytes: Span<UInt8>) {
        var hash = SHA256()
        hash.update(bytes)
        self.init(hash)
    }

    /// The digest of all that went into a hash so far.
    init(_ hash: SHA256) {
        self.bytes = Array(hash.finalize())
    }

    /// Lower-case hexadecimal, as `sha256sum` prints it.
    package var hexadecimal: String { Wire.hexadecimal(self.bytes) }
}

extension SHA256 {
    /// Hashes borrowed bytes.
    mutating func update(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBytes { unsafe self.update(bufferPointer: $0) }
    }
}
