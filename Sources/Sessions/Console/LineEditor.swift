// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Edits one line that is typed at a terminal without canonical mode: bytes of keys go in, lines and echo come out.
///
/// Backspace, Ctrl-W (word) and Ctrl-U (line) erase; Ctrl-D on an empty line is the end; escape sequences are swallowed.
struct LineEditor: Sendable {
    /// What keys lead to.
    enum Action: Equatable, Sendable {
        /// Text to be shown at the cursor.
        case echo([UInt8])
        /// So many columns before the cursor are to be emptied.
        case erase(columns: Int)
        /// A line, without its ending.
        case line([UInt8])
        /// A line that was longer than allowed was dropped.
        case tooLong
        /// The end of the input.
        case end
    }

    private enum Escape {
        case none
        case begun
        case sequence
        case singleShift
    }

    /// What has been typed of the line.
    private(set) var line: [UInt8] = []
    private var unshown: [UInt8] = []
    private let limit: Int
    private var isTooLong = false
    private var escape = Escape.none

    /// Creates an editor of lines of up to `limit` bytes.
    init(limit: Int) {
        self.limit = limit
    }

    /// Takes what was typed or pasted.
    mutating func take(_ bytes: ArraySlice<UInt8>) -> [Action] {
        var actions: [Action] = []
        for byte in bytes {
            guard let action = self.take(byte) else { continue }
            if case .echo(let new) = action, case .echo(let old) = actions.last {
                actions[actions.count - 1] = .echo(old + new)
            } else {
                actions.append(action)
            }
        }
        return actions
    }

    private mutating func take(_ byte: UInt8) -> Action? {
        guard case .none = self.escape else {
            self.continueEscape(byte)
            return nil
        }
        switch byte {
        case 0x0A, 0x0D: return self.endLine()
        case 0x04: return self.line.isEmpty && !self.isTooLong ? .end : nil
        case 0x08, 0x7F: return self.erase { $0.removeLast() }
        case 0x15: return self.erase { $0.removeAll() }
        case 0x17: return self.erase(Self.removeWord)
        case 0x1B:
            self.escape = .begun
            return nil
        case 0x00..<0x20 where byte != 0x09: return nil
        default: return self.append(byte)
        }
    }

    private mutating func append(_ byte: UInt8) -> Action? {
        guard self.line.count < self.limit else {
            self.isTooLong = true
            return nil
        }
        self.line.append(byte)
        self.unshown.append(byte)
        // A character is shown when its last byte has come.
        guard byte < 0x80 || lengthOfUTF8Scalar(in: self.unshown.span, at: 0) != nil || self.unshown.count >= 4 else {
            return nil
        }
        defer { self.unshown = [] }
        return .echo(self.unshown)
    }

    private mutating func endLine() -> Action {
        defer {
            self.line = []
            self.unshown = []
            self.isTooLong = false
        }
        return self.isTooLong ? .tooLong : .line(self.line)
    }

    private mutating func continueEscape(_ byte: UInt8) {
        switch (self.escape, byte) {
        case (.begun, UInt8(ascii: "[")): self.escape = .sequence
        case (.begun, UInt8(ascii: "O")): self.escape = .singleShift
        case (.sequence, 0x20...0x3F): break
        default: self.escape = .none
        }
    }

    // MARK: Erasing

    /// Erasing looks at so many bytes at the end of the line, so that a long line costs no more than a short one.
    private static let reach = 256

    private mutating func erase(_ remove: (inout String) -> Void) -> Action? {
        guard !self.line.isEmpty else { return nil }
        var start = max(0, self.line.count - Self.reach)
        while start < self.line.count - 1, start > 0, self.line[start] & 0xC0 == 0x80 { start += 1 }
        let before = String(decoding: self.line[start...], as: UTF8.self)
        var after = before
        remove(&after)
        self.line.replaceSubrange(start..., with: after.isEmpty ? [] : Array(after.utf8))
        self.unshown = []
        // All within reach is gone: so is what was before it, as Ctrl-U asks.
        let beyond = after.isEmpty && start > 0 ? String(decoding: self.line, as: UTF8.self) : ""
        if !beyond.isEmpty { self.line = [] }
        return .erase(columns: (beyond + before).columns - after.columns)
    }

    private static func removeWord(_ text: inout String) {
        while text.last?.isWhitespace == true { text.removeLast() }
        while let last = text.last, !last.isWhitespace { text.removeLast() }
    }
}

extension String {
    /// How many columns a terminal gives the text once it is made safe, as far as that can be told without asking it.
    var columns: Int {
        SafeText(self, whitespace: .kept).string.reduce(0) { $0 + $1.columns }
    }
}

extension Character {
    /// Two for East Asian wide characters and emoji, one for others.
    fileprivate var columns: Int {
        guard let first = self.unicodeScalars.first else { return 0 }
        switch first.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x2_0000...0x3_FFFD:
            return 2
        default:
            return first.properties.isEmojiPresentation || self.unicodeScalars.contains("\u{FE0F}") ? 2 : 1
        }
    }
}
