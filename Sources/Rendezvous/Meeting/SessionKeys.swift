// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import SPAKE2
import Wire

/// The keys of one meeting, one for each direction.
struct SessionKeys: Sendable {
    private static let keyCount = 32

    /// Seals what A says.
    let fromA: SymmetricKey
    /// Seals what B says.
    let fromB: SymmetricKey
    /// What every sealed message is bound to besides: the place of the meeting and the names of both sides.
    let context: [UInt8]

    /// Derives from what both sides have in common; `Ke` of SPAKE2 has only 128 bits.
    init(from key: SymmetricKey, context: [UInt8]) {
        func derive(_ label: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: key,
                info: lengthPrefixed([Array(label.utf8), context]),
                outputByteCount: Self.keyCount
            )
        }
        self.fromA = derive("icetalk meeting, from A")
        self.fromB = derive("icetalk meeting, from B")
        self.context = context
    }
}

/// Several byte strings as one, so that no two lists give the same.
func lengthPrefixed(_ parts: [[UInt8]]) -> [UInt8] {
    var writer = ByteWriter(capacity: parts.reduce(0) { $0 + 4 + $1.count })
    for part in parts {
        writer.u32(UInt32(clamping: part.count))
        writer.array(part)
    }
    return writer.bytes
}
