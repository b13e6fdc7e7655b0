// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Collects a JSON object that is spread over lines, until its last brace.
///
/// A string may be broken over lines too, which JSON forbids and terminals and mail programs do; and the whole may be
/// in a string itself, with every quotation mark escaped.
struct JSONCollector: Sendable {
    /// What became of a line.
    enum Verdict {
        /// More lines are needed.
        case goesOn
        /// The object is whole; this follows it in the line.
        case ends(rest: String)
        /// It is nested too deep for anything known.
        case isBroken
    }

    /// No known object is nested deeper.
    private static let maximumDepth = 8

    private var bytes: [UInt8] = []
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    private var isQuoted = false
    private var hasBrokenString = false

    /// How much was collected.
    var byteCount: Int { self.bytes.count }

    /// The part of a text that begins with an object; nil if none does.
    static func start(in text: String) -> String? {
        guard let brace = text.utf8.firstIndex(of: UInt8(ascii: "{")) else { return nil }
        let tail = text[brace...]
        let next = tail.utf8.dropFirst().first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
        switch next {
        case UInt8(ascii: "\""): return String(tail)
        case UInt8(ascii: "\\"): return String(tail)
        case nil where tail.startIndex == text.startIndex: return String(tail)
        default: return nil
        }
    }

    /// Takes a line; the first one begins with a brace.
    mutating func take(_ line: String) -> Verdict {
        if self.bytes.isEmpty {
            let next = line.utf8.dropFirst().first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
            self.isQuoted = next == UInt8(ascii: "\\")
        } else {
            self.bytes.append(0x0A)
            self.hasBrokenString = self.hasBrokenString || self.isInString
        }
        let bytes = Array(self.isQuoted ? line.unquotedOnce.utf8 : line.utf8)
        for (index, byte) in bytes.enumerated() {
            self.bytes.append(byte)
            self.advance(over: byte)
            if self.depth > Self.maximumDepth { return .isBroken }
            if self.depth == 0 { return .ends(rest: String(decoding: bytes[(index + 1)...], as: UTF8.self)) }
        }
        return .goesOn
    }

    private mutating func advance(over byte: UInt8) {
        if self.isInString {
            if self.isEscaped {
                self.isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                self.isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                self.isInString = false
            }
            return
        }
        switch byte {
        case UInt8(ascii: "\""): self.isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): self.depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"): self.depth -= 1
        default: break
        }
    }

    /// The object as text: as it is, or if a string was broken, joined without and with a space.
    var readings: [[UInt8]] {
        guard self.hasBrokenString else { return [self.bytes] }
        return [self.bytes.filter { $0 != 0x0A }, self.bytes.map { $0 == 0x0A ? 0x20 : $0 }]
    }
}

extension String {
    /// The content of a JSON string that holds JSON: one level of escaping taken off quotation marks and backslashes.
    fileprivate var unquotedOnce: String {
        var result: [UInt8] = []
        var isEscaped = false
        for byte in self.utf8 {
            if !isEscaped, byte == UInt8(ascii: "\\") {
                isEscaped = true
                continue
            }
            switch (isEscaped, byte) {
            case (true, UInt8(ascii: "n")), (true, UInt8(ascii: "r")), (true, UInt8(ascii: "t")): result.append(0x20)
            default: result.append(byte)
            }
            isEscaped = false
        }
        return String(decoding: result, as: UTF8.self)
    }
}
