// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// What a message asks for: 12 bits (RFC 8489 §5).
package struct Method: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    /// The number, of which 12 bits count.
    package let rawValue: UInt16

    /// Creates a method from its number; bits above the lowest 12 are dropped.
    package init(rawValue: UInt16) {
        self.rawValue = rawValue & 0x0FFF
    }

    /// Binding (RFC 8489 §2).
    package static let binding = Method(rawValue: 0x001)
}

/// What a message is within a transaction (RFC 8489 §5).
package enum MessageClass: UInt8, Hashable, Sendable, CaseIterable {
    /// Asks and expects an answer.
    case request = 0b00
    /// Tells and expects none.
    case indication = 0b01
    /// Answers a request that was carried out.
    case success = 0b10
    /// Answers a request that failed.
    case failure = 0b11
}

/// The first 16 bits of a message: two zeros, then the bits of the method with those of the class among them.
///
/// RFC 8489 §5, figure 3: `M11…M7 C1 M6 M5 M4 C0 M3…M0`.
struct MessageType: RawRepresentable, Hashable {
    let rawValue: UInt16

    init?(rawValue: UInt16) {
        guard rawValue & 0xC000 == 0 else { return nil }
        self.rawValue = rawValue
    }

    init(_ method: Method, _ messageClass: MessageClass) {
        let number = method.rawValue
        let kind = UInt16(messageClass.rawValue)
        self.rawValue =
            (number & 0xF80) << 2 | (number & 0x070) << 1 | (number & 0x00F) | (kind & 0b10) << 7 | (kind & 0b01) << 4
    }

    var method: Method {
        Method(rawValue: (self.rawValue & 0x3E00) >> 2 | (self.rawValue & 0x00E0) >> 1 | (self.rawValue & 0x000F))
    }

    var messageClass: MessageClass {
        switch (self.rawValue & 0x0100 != 0, self.rawValue & 0x0010 != 0) {
        case (false, false): .request
        case (false, true): .indication
        case (true, false): .success
        case (true, true): .failure
        }
    }
}
