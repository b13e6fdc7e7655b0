// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Wire

extension AttributeType {
    /// NOMINATION (draft-thatcher-ice-renomination-01 §4), under the number that is in use.
    static let nomination = AttributeType(rawValue: 0xC001)
}

extension Attribute {
    /// NOMINATION: the pair with the greatest number is the selected one; 24 bits.
    static func nomination(_ number: UInt32) -> Attribute {
        var writer = ByteWriter(capacity: 4)
        writer.u32(number)
        return .raw(.nomination, writer.bytes)
    }
}

extension STUNMessage {
    /// The number of the nomination; nil where there is none, or what there is cannot be one.
    var nomination: UInt32? {
        guard let value = self.raw(.nomination), value.count == 4 else { return nil }
        let number = value.reduce(0) { $0 << 8 | UInt32($1) }
        return number > 0 ? number : nil
    }
}
