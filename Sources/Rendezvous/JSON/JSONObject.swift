// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// A JSON object of which few members are wanted: the rest stays text.
package struct JSONObject: Sendable {
    private let text: [UInt8]
    private var members: [(key: String, place: Range<Int>)] = []

    /// How many members an object may have.
    package static let maximumMembers = 64

    /// Reads an object; nil if the text is anything else, or not UTF-8.
    package init?(parsing text: [UInt8]) {
        guard isUTF8(text) else { return nil }
        self.init(wellFormed: text)
    }

    /// Reads an object from a text that is known to be UTF-8.
    init?(wellFormed text: [UInt8]) {
        self.text = text
        var scanner = JSONScanner(text)
        guard scanner.skip(UInt8(ascii: "{")) else { return nil }
        if !scanner.skip(UInt8(ascii: "}")) {
            self.members.reserveCapacity(6)
            repeat {
                guard self.members.count < Self.maximumMembers, scanner.peek() != nil, let name = scanner.string(),
                    let key = unquoted(text[name]), scanner.skip(UInt8(ascii: ":")), let place = scanner.value(depth: 1)
                else { return nil }
                self.members.append((key, place))
            } while scanner.skip(UInt8(ascii: ","))
            guard scanner.skip(UInt8(ascii: "}")) else { return nil }
        }
        guard scanner.peek() == nil else { return nil }
    }

    /// The whole object as text.
    package var source: JSONText { JSONText(wellFormed: self.text) }

    /// The names of the members, in their order.
    package var keys: [String] { self.members.map(\.key) }

    /// A member; of several with one name the last, and none that is `null`.
    package subscript(key: String) -> JSONText? {
        guard let place = self.place(key) else { return nil }
        return JSONText(wellFormed: Array(self.text[place]))
    }

    /// A member that is a string.
    package func string(_ key: String) -> String? {
        self.place(key).flatMap { unquoted(self.text[$0]) }
    }

    private func place(_ key: String) -> Range<Int>? {
        guard let place = self.members.last(where: { $0.key == key })?.place, self.text[place.lowerBound] != 0x6E else {
            return nil
        }
        return place
    }
}
