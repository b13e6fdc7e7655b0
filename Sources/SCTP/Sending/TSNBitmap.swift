// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// One bit for each slot of a ring of TSNs; the size is a power of two, and at least 64.
package struct TSNBitmap: Sendable {
    private var words: [UInt64]
    private let mask: UInt32

    /// Creates an empty bitmap of `capacity` bits.
    package init(capacity: Int) {
        self.words = [UInt64](repeating: 0, count: capacity / 64)
        self.mask = UInt32(truncatingIfNeeded: capacity - 1)
    }

    /// The bit of a TSN.
    package subscript(tsn: TSN) -> Bool {
        get {
            let slot = tsn.rawValue & self.mask
            return self.words[Int(slot >> 6)] & (1 << UInt64(slot & 63)) != 0
        }
        set {
            let slot = tsn.rawValue & self.mask
            let bit = UInt64(1) << UInt64(slot & 63)
            if newValue {
                self.words[Int(slot >> 6)] |= bit
            } else {
                self.words[Int(slot >> 6)] &= ~bit
            }
        }
    }

    /// The first TSN at or after `start` whose bit is set, looking at `count` TSNs, word by word.
    package func first(from start: TSN, count: UInt32) -> TSN? {
        var offset: UInt32 = 0
        while offset < count {
            let slot = (start.rawValue &+ offset) & self.mask
            let word = self.words[Int(slot >> 6)] >> UInt64(slot & 63)
            if word != 0 {
                let found = offset + UInt32(truncatingIfNeeded: word.trailingZeroBitCount)
                return found < count ? start.advanced(by: found) : nil
            }
            offset += 64 - (slot & 63)
        }
        return nil
    }
}
