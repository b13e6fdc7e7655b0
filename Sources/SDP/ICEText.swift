// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// What ICE allows as user name fragments and passwords (RFC 8839 §5.4).
enum ICEText {
    /// RFC 8839 §5.4: "ice-ufrag = 4*256ice-char".
    static func isUsernameFragment(_ text: some StringProtocol) -> Bool {
        (4...256).contains(text.utf8.count) && text.utf8.allSatisfy(Self.isICECharacter)
    }

    /// RFC 8839 §5.4: "password = 22*256ice-char".
    static func isPassword(_ text: some StringProtocol) -> Bool {
        (22...256).contains(text.utf8.count) && text.utf8.allSatisfy(Self.isICECharacter)
    }

    /// RFC 8839 §5.1: "ice-char = ALPHA / DIGIT / "+" / "/"", and `-` and `_`, which some stacks write and browsers take.
    private static func isICECharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"),
            UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// A number of plain digits that fits its type; nil for anything else, a sign included.
func decimal<Number: FixedWidthInteger>(_ text: some StringProtocol, as type: Number.Type) -> Number? {
    guard (1...20).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Number(text)
}
