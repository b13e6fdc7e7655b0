// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SDP

/// The lines of a session description that is pasted as it is.
struct DescriptionLines: Sendable {
    /// What a line is to those before it.
    enum Verdict {
        /// It goes on.
        case belongs
        /// It was an empty line that ends the description.
        case ends
        /// It cannot be a part of the description.
        case isAlien
    }

    /// A description has no more long lines; without a bound every line of some other text would be tried.
    private static let maximumJoins = 64

    private var lines: [String]
    private var joins = 0
    private var blankLines = 0
    private var isDoubleSpaced = false
    private(set) var byteCount: Int

    /// Whether a line is the first of a description, or all of it with escaped line endings.
    static func isBegun(by text: String) -> Bool {
        let text = text.hasPrefix("\"") || text.hasPrefix("'") ? text.dropFirst() : text[...]
        return text == "v=0" || text.hasPrefix("v=0\\")
    }

    /// Creates the lines from a first one for which `isBegun(by:)` holds.
    init(first text: String) {
        let bare = text.filter { $0 != "\"" && $0 != "'" }
        self.lines = bare.unescapedLines.split(whereSeparator: \.isNewline).map(String.init)
        self.byteCount = text.utf8.count
    }

    /// Whether the first line was all of it.
    var isOneLine: Bool { self.lines.count > 1 && self.blankLines == 0 }

    /// Takes a line, from whose ends white space is gone.
    mutating func take(_ line: String) -> Verdict {
        if line.isEmpty { return self.takeBlank() }
        let text = line.last == "\"" || line.last == "'" ? String(line.dropLast()) : line
        self.blankLines = 0
        self.byteCount += text.utf8.count + 2
        if Self.isLine(text) {
            self.lines.append(text)
            return .belongs
        }
        guard self.joins < Self.maximumJoins, !self.isWhole, let last = self.lines.popLast() else { return .isAlien }
        self.joins += 1
        // Mail programs break long lines at spaces.
        self.lines.append(last + " " + text)
        return .belongs
    }

    /// A description with an empty line after each line is ended by two of them; one that is not whole, too.
    private mutating func takeBlank() -> Verdict {
        self.blankLines += 1
        if self.lines.count == 1 { self.isDoubleSpaced = true }
        if self.blankLines > 1 { return .ends }
        return !self.isDoubleSpaced && self.isWhole ? .ends : .belongs
    }

    private static func isLine(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.dropFirst().first == UInt8(ascii: "=") else { return false }
        return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first)
    }

    private var text: String { self.lines.map { $0 + "\r\n" }.joined() }

    private var isWhole: Bool { (try? SessionDescription(parsing: self.text)) != nil }

    /// The description, of which nobody said what it is.
    var item: PastedInput.Item { .sessionDescription(self.text, kind: nil) }
}

extension PastedInput.Item {
    /// A session description if it is one, of the kind that was said or is likely.
    static func sessionDescription(_ text: String, kind: DescriptionKind?) -> PastedInput.Item {
        do throws(SDPError) {
            let description = try SessionDescription(parsing: text)
            return .sessionDescription(kind ?? description.likelyKind, text: text)
        } catch {
            return .failure(.sessionDescription(error))
        }
    }
}

extension String {
    /// With line endings where `\r\n` or `\n` was written out, if there are none yet: a text that was escaped twice.
    var unescapedLines: String {
        guard !self.utf8.contains(0x0A) else { return self }
        var result: [UInt8] = []
        var isEscaped = false
        for byte in self.utf8 {
            switch (isEscaped, byte) {
            case (true, UInt8(ascii: "n")): result.append(0x0A)
            case (true, UInt8(ascii: "r")): result.append(0x0D)
            case (true, _): result += [UInt8(ascii: "\\"), byte]
            case (false, UInt8(ascii: "\\")): break
            case (false, _): result.append(byte)
            }
            isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
        }
        return String(decoding: result, as: UTF8.self)
    }
}
