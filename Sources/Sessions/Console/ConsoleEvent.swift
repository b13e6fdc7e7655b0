// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// One line of `--json`: a name that stays the same from version to version, and fields.
package struct ConsoleEvent: Sendable {
    /// A value of a field.
    package enum Value: Sendable {
        /// Text, as it came: escaping is JSON's.
        case text(String)
        /// A whole number.
        case number(UInt64)
        /// A number with a fraction.
        case fraction(Double)
        /// Yes or no.
        case flag(Bool)
        /// Fields within a field.
        case object([String: Value])
    }

    /// The name of the event.
    package let name: String
    /// What is known of it; a field that is not known is left out.
    package let fields: [String: Value]

    /// Creates an event; fields that are nil are left out.
    package init(_ name: String, _ fields: [String: Value?] = [:]) {
        self.name = name
        self.fields = fields.compactMapValues(\.self)
    }

    /// One line of JSON without its ending: the name is the field `event`.
    ///
    /// Characters that could steer a terminal are written as `\u` and four digits, which means the same in JSON.
    package var line: String {
        var fields = self.fields
        fields["event"] = .text(self.name)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(Value.object(fields)) else { return "{\"event\":\"\(self.name)\"}" }
        return Self.withoutControls(String(decoding: data, as: UTF8.self))
    }

    private static func withoutControls(_ json: String) -> String {
        guard json.utf8.contains(where: { $0 >= 0x7F }) else { return json }
        var result = ""
        result.reserveCapacity(json.utf8.count)
        for scalar in json.unicodeScalars {
            if scalar.value >= 0x7F, Self.isSteering(scalar) {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func isSteering(_ scalar: Unicode.Scalar) -> Bool {
        let properties = scalar.properties
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: return true
        default: return properties.isBidiControl || properties.isNoncharacterCodePoint
        }
    }
}

extension ConsoleEvent.Value: Encodable {
    /// Writes the value as JSON.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .number(let number): try container.encode(number)
        case .fraction(let number): try container.encode(number)
        case .flag(let flag): try container.encode(flag)
        case .object(let fields): try container.encode(fields)
        }
    }
}
