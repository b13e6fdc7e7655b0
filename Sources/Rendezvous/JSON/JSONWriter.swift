// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Writes one JSON object, member by member.
struct JSONWriter {
    private var text: [UInt8]
    private var isFirst = true

    /// Starts an object, and names its type if it has one.
    init(type: String? = nil, capacity: Int = 160) {
        self.text = []
        self.text.reserveCapacity(capacity)
        self.text.append(UInt8(ascii: "{"))
        if let type { self.string("type", type) }
    }

    /// The object, finished.
    consuming func finished() -> [UInt8] {
        self.text.append(UInt8(ascii: "}"))
        return self.text
    }

    /// The object, finished, as a value of another.
    consuming func value() -> JSONText {
        JSONText(wellFormed: self.finished())
    }

    /// Writes a member that is a string.
    mutating func string(_ key: String, _ value: String?) {
        guard let value else { return }
        self.key(key)
        appendQuoted(value, to: &self.text)
    }

    /// Writes a member that is bytes in hexadecimal.
    mutating func hexadecimal(_ key: String, _ value: [UInt8]) {
        self.key(key)
        self.text.append(UInt8(ascii: "\""))
        self.text.append(contentsOf: Wire.hexadecimal(value).utf8)
        self.text.append(UInt8(ascii: "\""))
    }

    /// Writes a member that is a number.
    mutating func number(_ key: String, _ value: Double?) {
        guard let value, value.isFinite else { return }
        self.key(key)
        self.text.append(contentsOf: value.description.utf8)
    }

    /// Writes a member that is any value.
    mutating func value(_ key: String, _ value: JSONText?) {
        guard let value else { return }
        self.key(key)
        self.text.append(contentsOf: value.bytes)
    }

    /// Writes a member that is an array.
    mutating func array(_ key: String, _ values: [JSONText]) {
        self.key(key)
        self.text.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { self.text.append(UInt8(ascii: ",")) }
            self.text.append(contentsOf: value.bytes)
        }
        self.text.append(UInt8(ascii: "]"))
    }

    private mutating func key(_ key: String) {
        if !self.isFirst { self.text.append(UInt8(ascii: ",")) }
        self.isFirst = false
        appendQuoted(key, to: &self.text)
        self.text.append(UInt8(ascii: ":"))
    }
}
