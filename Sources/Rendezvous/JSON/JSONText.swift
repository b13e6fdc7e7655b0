// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// One JSON value, as the text that it is written with: known to be well-formed, and passed on unchanged.
package struct JSONText: Hashable, Sendable {
    /// The text, without white space around it.
    package let bytes: [UInt8]

    /// The number zero, the text `null`, an object: whatever `text` holds, if it is one value in UTF-8.
    package init?(validating text: [UInt8]) {
        guard isUTF8(text) else { return nil }
        var scanner = JSONScanner(text)
        guard let place = scanner.value(), scanner.peek() == nil else { return nil }
        self.init(wellFormed: Array(text[place]))
    }

    /// A string.
    package init(_ string: String) {
        var bytes: [UInt8] = []
        appendQuoted(string, to: &bytes)
        self.init(wellFormed: bytes)
    }

    /// An integer.
    package init(_ integer: Int) {
        self.init(wellFormed: Array(String(integer).utf8))
    }

    /// What a scanner has found to be a value.
    init(wellFormed bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The string that this is, if it is one.
    package var string: String? {
        unquoted(self.bytes[...])
    }

    /// The number that this is, if it is one.
    package var number: Double? {
        guard let first = self.bytes.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first) else {
            return nil
        }
        return Double(String(decoding: self.bytes, as: UTF8.self))
    }

    /// The integer that this is, if it is one.
    package var integer: Int? {
        self.number.flatMap { Int(exactly: $0) }
    }

    /// The first `limit` elements of the array that this is, if it is one.
    package func elements(limit: Int) -> [JSONText]? {
        var scanner = JSONScanner(self.bytes)
        guard scanner.skip(UInt8(ascii: "[")) else { return nil }
        var elements: [JSONText] = []
        while elements.count < limit, let place = scanner.value() {
            elements.append(JSONText(wellFormed: Array(self.bytes[place])))
            guard scanner.skip(UInt8(ascii: ",")) else { break }
        }
        return elements
    }

    /// The object that this is, if it is one.
    package var object: JSONObject? {
        JSONObject(wellFormed: self.bytes)
    }
}

extension JSONText: CustomStringConvertible {
    package var description: String {
        String(decoding: self.bytes, as: UTF8.self)
    }
}
