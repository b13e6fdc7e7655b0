// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Text that can be written to a terminal, whoever it came from.
///
/// This is the program's one sanitiser: names, chat, reasons, and whatever else a peer or a server chose pass through
/// it before they are shown, and only then. What could steer a terminal or deceive a reader becomes a visible escape:
/// control characters (C0, DEL, C1) and bytes that are not UTF-8 as `\x1b`; bidi controls, invisible characters, line
/// separators and noncharacters as `\u{202e}`. Joiners, variation selectors and flag tags stay where they shape emoji
/// or a script that needs them, and are escaped elsewhere.
public struct SafeText: Hashable, Sendable {
    /// What becomes of line feeds and tabs.
    public enum Whitespace: Sendable {
        /// Both are escaped as `\n` and `\t`: names, reasons, anything that is one line.
        case escaped
        /// Both are kept: chat, where a message may have several lines.
        case kept
    }

    /// The text, free of anything but printable characters (and line feeds and tabs where they were kept).
    public let string: String

    /// Makes bytes that should be UTF-8 safe to show.
    public init(_ utf8: Span<UInt8>, whitespace: Whitespace = .escaped) {
        var escaper = Escaper(whitespace: whitespace, capacity: utf8.count)
        var index = 0
        var current = Decoded(utf8, at: 0)
        while index < utf8.count {
            index += current.length
            let next = Decoded(utf8, at: index)
            escaper.append(current, before: next.scalar)
            current = next
        }
        self.string = escaper.string
    }

    /// Makes bytes that should be UTF-8 safe to show.
    public init(_ utf8: [UInt8], whitespace: Whitespace = .escaped) {
        self.init(utf8.span, whitespace: whitespace)
    }

    /// Makes text safe to show.
    public init(_ text: some StringProtocol, whitespace: Whitespace = .escaped) {
        self.init(Array(text.utf8).span, whitespace: whitespace)
    }
}

extension SafeText: CustomStringConvertible {
    /// The safe text itself.
    public var description: String { self.string }
}

/// The length of the well-formed UTF-8 sequence at `index`, or nil where there is none (Unicode 16, table 3-7).
public func lengthOfUTF8Scalar(in bytes: Span<UInt8>, at index: Int) -> Int? {
    guard index >= 0, index < bytes.count else { return nil }
    let decoded = Decoded(bytes, at: index)
    return decoded.scalar == nil ? nil : decoded.length
}

/// One scalar, or one byte that is part of none.
private struct Decoded {
    var scalar: Unicode.Scalar?
    var byte: UInt8
    var length: Int

    init(_ bytes: Span<UInt8>, at index: Int) {
        guard index < bytes.count else {
            self.byte = 0
            self.length = 0
            return
        }
        let first = bytes[index]
        self.byte = first
        self.length = 1
        let (count, bits, least): (Int, UInt8, UInt32) =
            switch first {
            case 0x00...0x7F: (1, 0x7F, 0)
            case 0xC2...0xDF: (2, 0x1F, 0x80)
            case 0xE0...0xEF: (3, 0x0F, 0x800)
            case 0xF0...0xF4: (4, 0x07, 0x1_0000)
            default: (0, 0, 0)
            }
        guard count > 0, bytes.count - index >= count else { return }
        var value = UInt32(first & bits)
        for offset in 1..<max(count, 1) {
            let byte = bytes[index + offset]
            guard byte & 0xC0 == 0x80 else { return }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        guard value >= least, let scalar = Unicode.Scalar(value) else { return }
        self.scalar = scalar
        self.length = count
    }
}

private struct Escaper {
    let whitespace: SafeText.Whitespace
    var string = ""
    var previous: Unicode.Scalar?
    var inFlag = false

    init(whitespace: SafeText.Whitespace, capacity: Int) {
        self.whitespace = whitespace
        self.string.reserveCapacity(capacity)
    }

    mutating func append(_ decoded: Decoded, before next: Unicode.Scalar?) {
        guard let scalar = decoded.scalar else {
            self.string += hexadecimal(decoded.byte)
            self.previous = nil
            self.inFlag = false
            return
        }
        self.inFlag = scalar == "\u{1F3F4}" || (self.inFlag && isTag(scalar))
        let escape = self.escape(for: scalar, before: next)
        if let escape {
            self.string += escape
            self.previous = nil
        } else {
            self.string.unicodeScalars.append(scalar)
            self.previous = scalar
        }
    }

    /// The visible form of a scalar that cannot stand as it is.
    private func escape(for scalar: Unicode.Scalar, before next: Unicode.Scalar?) -> String? {
        switch scalar.value {
        case 0x20..<0x7F: return nil
        case 0x0A: return self.whitespace == .kept ? nil : "\\n"
        case 0x09: return self.whitespace == .kept ? nil : "\\t"
        case 0x0D: return "\\r"
        case 0x00..<0x20, 0x7F: return hexadecimal(UInt8(truncatingIfNeeded: scalar.value))
        default: break
        }
        return self.isShown(scalar, before: next) ? nil : "\\u{\(String(scalar.value, radix: 16))}"
    }

    /// Whether a scalar beyond ASCII is visible, or shapes what stands around it.
    private func isShown(_ scalar: Unicode.Scalar, before next: Unicode.Scalar?) -> Bool {
        switch scalar.value {
        case 0x200C, 0x200D:
            // Joiners separate letters of Persian or join emoji; beside ASCII they only deceive.
            guard let previous = self.previous, let next else { return false }
            return previous.value > 0xFF && next.value > 0xFF && isJoinable(previous) && isJoinable(next)
                && !next.properties.isDefaultIgnorableCodePoint
        case 0xFE00...0xFE0F:
            guard let previous = self.previous else { return false }
            return isKeycapBase(previous) || previous.value > 0xA0 && !previous.properties.isDefaultIgnorableCodePoint
        case 0xE0100...0xE01EF:
            return self.previous?.properties.isIdeographic ?? false
        case 0xE0020...0xE007F:
            return self.inFlag
        case 0xFFF9...0xFFFB, 0x2028, 0x2029:
            return false
        default:
            let properties = scalar.properties
            return !properties.isDefaultIgnorableCodePoint && !properties.isBidiControl
                && !properties.isNoncharacterCodePoint && properties.generalCategory != .control
        }
    }
}

private func hexadecimal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return digits.utf8.count == 1 ? "\\x0\(digits)" : "\\x\(digits)"
}

private func isTag(_ scalar: Unicode.Scalar) -> Bool {
    (0xE0020...0xE007F).contains(scalar.value)
}

private func isKeycapBase(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "#" || scalar == "*" || ("0"..."9").contains(scalar)
}

/// A letter, mark, symbol or variation selector: not itself a joiner, a space or punctuation.
private func isJoinable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .otherLetter, .lowercaseLetter, .uppercaseLetter, .modifierLetter, .nonspacingMark, .spacingMark, .otherSymbol,
        .modifierSymbol, .mathSymbol:
        true
    default: false
    }
}
