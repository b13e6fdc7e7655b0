// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
package import SDP

/// The JSON in which programs around browsers hand over descriptions and candidates.
package enum JSONMessage {
    /// One line `{"type":"offer","sdp":"…"}`, which a browser's `setRemoteDescription` takes once it is parsed.
    package static func line(kind: DescriptionKind, sdp: String) -> String {
        "{\"type\":\"\(kind.rawValue)\",\"sdp\":\(Self.quoted(sdp))}"
    }

    /// RFC 8259 §7: quotation mark, backslash and control characters are escaped.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\r": result += "\\r"
            case "\n": result += "\\n"
            case "\u{0}"..."\u{1F}", "\u{7F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// What an object says; one failure if it says nothing.
    static func items(of collector: JSONCollector) -> [PastedInput.Item] {
        var first: [PastedInput.Item]?
        for reading in collector.readings {
            let items = Self.items(of: reading)
            let isWhole = items.allSatisfy { if case .failure = $0 { false } else { true } }
            if isWhole, Self.ignoredCandidates(in: items) == 0 { return items }
            if first == nil || isWhole { first = items }
        }
        return first ?? [.failure(.json)]
    }

    /// A candidate that lost its spaces is the sign of a string that was joined in the wrong way.
    private static func ignoredCandidates(in items: [PastedInput.Item]) -> Int {
        items.reduce(0) { sum, item in
            guard case .sessionDescription(_, let text) = item else { return sum }
            return sum + ((try? SessionDescription(parsing: text))?.dataChannel.ignoredCandidateCount ?? 0)
        }
    }

    private static func items(of bytes: [UInt8]) -> [PastedInput.Item] {
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(bytes)),
            let items = Self.items(of: value, within: nil, depth: 0)
        else { return [.failure(.json)] }
        return items
    }

    /// Objects that hold the real one, as in `{"sdp":{"type":"offer","sdp":"…"}}`, are nested no deeper.
    private static let maximumNesting = 3

    private static func items(
        of value: JSONValue,
        within outer: [String: JSONValue]?,
        depth: Int
    ) -> [PastedInput.Item]? {
        guard depth < Self.maximumNesting, case .object(let object) = value else { return nil }
        switch object["sdp"] ?? object["description"] {
        case .string(let text): return Self.description(text, type: object["type"]?.text)
        case .object(let inner): return Self.items(of: .object(inner), within: object, depth: depth + 1)
        default: break
        }
        switch object["candidate"] {
        case .string(let text): return [Self.candidate(text, of: object, within: outer)]
        case .object(let inner): return Self.items(of: .object(inner), within: object, depth: depth + 1)
        case .null: return [.endOfCandidates]
        default: return nil
        }
    }

    private static func description(_ text: String, type: String?) -> [PastedInput.Item]? {
        let sdp = text.unescapedLines
        switch type?.lowercased() {
        case nil: return [.sessionDescription(sdp, kind: nil)]
        case "offer": return [.sessionDescription(sdp, kind: .offer)]
        case "answer", "pranswer": return [.sessionDescription(sdp, kind: .answer)]
        default: return nil
        }
    }

    /// Firefox ends with an empty candidate, Chromium with null.
    private static func candidate(
        _ text: String,
        of object: [String: JSONValue],
        within outer: [String: JSONValue]?
    ) -> PastedInput.Item {
        guard !text.isEmpty else { return .endOfCandidates }
        guard let candidate = CandidateAttribute(text) else { return .failure(.candidate) }
        let mid = (object["sdpMid"] ?? object["mid"] ?? outer?["sdpMid"] ?? outer?["mid"])?.text
        return .candidate(candidate.belonging(to: object["usernameFragment"]?.text ?? ""), mid: mid)
    }
}

/// What of JSON matters here.
private enum JSONValue: Decodable {
    case string(String)
    case object([String: JSONValue])
    case null
    case other

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let text = try? container.decode(String.self) {
            self = .string(text)
        } else if let object = try? container.decode([String: JSONValue].self) {
            self = .object(object)
        } else {
            self = .other
        }
    }

    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }
}
