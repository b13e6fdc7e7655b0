// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Walks over JSON text (RFC 8259) without building anything of it.
///
/// Messages of the mailbox protocol are small, and a server reads tens of thousands of them in a second: this takes a
/// twentieth of the time of `JSONDecoder`, and leaves what it does not know as it stands in the text.
struct JSONScanner {
    /// The text.
    let text: [UInt8]
    /// Where the next byte is read.
    private(set) var position = 0

    /// How deep values may nest.
    static let maximumDepth = 16

    /// Starts at the beginning of a text.
    init(_ text: [UInt8]) {
        self.text = text
    }

    /// The next byte that is no white space, without consuming it.
    mutating func peek() -> UInt8? {
        while self.position < self.text.count {
            switch self.text[self.position] {
            case 0x20, 0x09, 0x0A, 0x0D: self.position += 1
            case let byte: return byte
            }
        }
        return nil
    }

    /// Consumes `byte`, after white space, if it comes next.
    mutating func skip(_ byte: UInt8) -> Bool {
        guard self.peek() == byte else { return false }
        self.position += 1
        return true
    }

    /// Consumes one value of whatever kind and tells its place; nil if none stands here.
    mutating func value(depth: Int = 0) -> Range<Int>? {
        guard depth < Self.maximumDepth, let first = self.peek() else { return nil }
        let start = self.position
        let isValue =
            switch first {
            case UInt8(ascii: "\""): self.string() != nil
            case UInt8(ascii: "{"): self.object(depth: depth)
            case UInt8(ascii: "["): self.array(depth: depth)
            case UInt8(ascii: "t"): self.literal("true")
            case UInt8(ascii: "f"): self.literal("false")
            case UInt8(ascii: "n"): self.literal("null")
            default: self.number()
            }
        return isValue ? start..<self.position : nil
    }

    /// Consumes a string and tells its place, quotation marks included.
    mutating func string() -> Range<Int>? {
        guard self.skip(UInt8(ascii: "\"")) else { return nil }
        let start = self.position - 1
        while self.position < self.text.count {
            let byte = self.text[self.position]
            self.position += 1
            switch byte {
            case UInt8(ascii: "\""): return start..<self.position
            case UInt8(ascii: "\\"): guard self.escape() else { return nil }
            case 0..<0x20: return nil
            default: break
            }
        }
        return nil
    }

    private mutating func escape() -> Bool {
        guard self.position < self.text.count else { return false }
        let byte = self.text[self.position]
        self.position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return true
        case UInt8(ascii: "u"):
            guard self.text.count - self.position >= 4 else { return false }
            for digit in self.text[self.position..<self.position + 4] where hexadecimalDigit(digit) == nil {
                return false
            }
            self.position += 4
            return true
        default:
            return false
        }
    }

    private mutating func object(depth: Int) -> Bool {
        guard self.skip(UInt8(ascii: "{")) else { return false }
        if self.skip(UInt8(ascii: "}")) { return true }
        repeat {
            guard self.string() != nil, self.skip(UInt8(ascii: ":")), self.value(depth: depth + 1) != nil else {
                return false
            }
        } while self.skip(UInt8(ascii: ","))
        return self.skip(UInt8(ascii: "}"))
    }

    private mutating func array(depth: Int) -> Bool {
        guard self.skip(UInt8(ascii: "[")) else { return false }
        if self.skip(UInt8(ascii: "]")) { return true }
        repeat {
            guard self.value(depth: depth + 1) != nil else { return false }
        } while self.skip(UInt8(ascii: ","))
        return self.skip(UInt8(ascii: "]"))
    }

    private mutating func literal(_ word: StaticString) -> Bool {
        let letters = word.description.utf8
        guard self.text[self.position...].starts(with: letters) else { return false }
        self.position += letters.count
        return true
    }

    private mutating func number() -> Bool {
        self.consume(UInt8(ascii: "-"))
        if !self.consume(UInt8(ascii: "0")) {
            guard self.digits() else { return false }
        }
        if self.consume(UInt8(ascii: ".")) {
            guard self.digits() else { return false }
        }
        if self.consume(UInt8(ascii: "e")) || self.consume(UInt8(ascii: "E")) {
            if !self.consume(UInt8(ascii: "+")) { self.consume(UInt8(ascii: "-")) }
            guard self.digits() else { return false }
        }
        return true
    }

    @discardableResult
    private mutating func consume(_ byte: UInt8) -> Bool {
        guard self.position < self.text.count, self.text[self.position] == byte else { return false }
        self.position += 1
        return true
    }

    private mutating func digits() -> Bool {
        let start = self.position
        while self.position < self.text.count, (0x30...0x39).contains(self.text[self.position]) { self.position += 1 }
        return self.position > start
    }
}
