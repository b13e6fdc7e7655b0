// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Peering
package import SDP

/// Recognises what a person pastes, or a program pipes, to describe the other side: an invitation, a session
/// description as JSON or as it is, and candidates, in any mixture.
///
/// Text goes in as lines or as bytes; what was recognised comes out. What is not whole yet is kept, up to
/// `maximumBytes`, and `pending` says what it is: it is completed by further lines, or ended by an empty line, by
/// something that cannot belong to it, or by `finish()`.
package struct PastedInput: Sendable {
    /// Something that was recognised, or not.
    package enum Item: Hashable, Sendable {
        /// The description of an icetalk peer.
        case invitation(PeerDescription)
        /// A session description which `SessionDescription` can parse.
        case sessionDescription(DescriptionKind, text: String)
        /// A candidate on its own; `mid` says for which section, where that was said.
        case candidate(CandidateAttribute, mid: String?)
        /// No more candidates will come.
        case endOfCandidates
        /// A line that is nothing of this: words for a person, perhaps.
        case unrecognised(String)
        /// Something that was meant to be one of these and is of no use.
        case failure(PasteError)
    }

    /// What is being waited for.
    package enum Pending: Hashable, Sendable {
        /// The rest of an invitation, at least so many characters.
        case invitation(missing: Int)
        /// More lines of a session description, or an empty line after its last.
        case sessionDescription
        /// The rest of a JSON object.
        case json
    }

    /// The most that is kept of something that is not whole yet.
    package static let maximumBytes = 65_536

    private enum State: Sendable {
        case idle
        case invitation(text: String, missing: Int)
        case sessionDescription(DescriptionLines)
        case json(JSONCollector)
    }

    private var state = State.idle
    private var line: [UInt8] = []
    private var isLineTooLong = false
    private var endsWithCarriageReturn = false

    /// Creates a recogniser that has seen nothing.
    package init() {}

    /// What is not whole yet; nil when nothing is waited for.
    package var pending: Pending? {
        switch self.state {
        case .idle: nil
        case .invitation(_, let missing): .invitation(missing: missing)
        case .sessionDescription: .sessionDescription
        case .json: .json
        }
    }

    /// Takes bytes as they come; lines end in LF, CR or CR LF.
    package mutating func take(_ bytes: Span<UInt8>) -> [Item] {
        var items: [Item] = []
        for index in 0..<bytes.count {
            let byte = bytes[index]
            defer { self.endsWithCarriageReturn = byte == 0x0D }
            switch byte {
            case 0x0A where self.endsWithCarriageReturn: break
            case 0x0A, 0x0D: items += self.endLine()
            default: self.append(byte)
            }
        }
        return items
    }

    /// Takes one line without its ending; text that may hold several is for `take(_:)`.
    package mutating func take(line: String) -> [Item] {
        guard line.utf8.count <= Self.maximumBytes else { return self.giveUp(.tooLong) }
        let text = line.withoutQuoting
        switch self.state {
        case .idle: return self.begin(text)
        case .invitation(let begun, let missing): return self.continueInvitation(begun, missing: missing, with: text)
        case .sessionDescription(let lines): return self.continueDescription(lines, with: text)
        case .json(let collector): return self.continueJSON(collector, with: text)
        }
    }

    /// Takes the end of the input.
    package mutating func finish() -> [Item] {
        let items = self.line.isEmpty && !self.isLineTooLong ? [] : self.endLine()
        return items + self.flush()
    }

    // MARK: Lines

    private mutating func append(_ byte: UInt8) {
        if self.line.count < Self.maximumBytes {
            self.line.append(byte)
        } else {
            self.isLineTooLong = true
        }
    }

    private mutating func endLine() -> [Item] {
        let text = String(decoding: self.line, as: UTF8.self)
        let isTooLong = self.isLineTooLong
        self.line = []
        self.isLineTooLong = false
        return isTooLong ? self.giveUp(.tooLong) : self.take(line: text)
    }

    private mutating func giveUp(_ error: PasteError) -> [Item] {
        self.state = .idle
        return [.failure(error)]
    }

    /// Ends what is pending as if nothing came after it.
    private mutating func flush() -> [Item] {
        let state = self.state
        self.state = .idle
        switch state {
        case .idle: return []
        case .invitation(_, let missing): return [.failure(.invitation(.cutShort(missing: missing)))]
        case .sessionDescription(let lines): return [lines.item]
        case .json: return [.failure(.json)]
        }
    }

    /// Looks at a line that continues nothing.
    private mutating func begin(_ text: String) -> [Item] {
        if text.isEmpty { return [] }
        if Invitation.isBegun(in: text) { return self.readInvitation(text) }
        if let start = JSONCollector.start(in: text) { return self.continueJSON(JSONCollector(), with: start) }
        if DescriptionLines.isBegun(by: text) { return self.beginDescription(text) }
        if text == "a=end-of-candidates" { return [.endOfCandidates] }
        if text.hasPrefix("candidate:") || text.hasPrefix("a=candidate:") {
            return [CandidateAttribute(text).map { .candidate($0, mid: nil) } ?? .failure(.candidate)]
        }
        return text.allSatisfy(Self.isNoise) ? [] : [.unrecognised(text)]
    }

    /// What is left on a line around code and JSON.
    private static func isNoise(_ character: Character) -> Bool {
        "[]{}(),;`'\"".contains(character)
    }

    /// Whether a line begins something, so that it ends whatever is pending.
    private static func begins(_ text: String) -> Bool {
        InvitationScanner.hasPrefix(in: text) || DescriptionLines.isBegun(by: text) || text.hasPrefix("{\"")
            || text.hasPrefix("candidate:")
    }

    // MARK: Invitations

    private mutating func readInvitation(_ text: String) -> [Item] {
        self.state = .idle
        do throws(InvitationError) {
            return [.invitation(try Invitation.description(in: text))]
        } catch {
            guard case .cutShort(let missing) = error else { return [.failure(.invitation(error))] }
            self.state = .invitation(text: text, missing: missing)
            return []
        }
    }

    private mutating func continueInvitation(_ begun: String, missing: Int, with text: String) -> [Item] {
        guard InvitationScanner.continues(in: text, missing: missing), !Self.begins(text) else {
            return self.flush() + self.begin(text)
        }
        guard begun.utf8.count + text.utf8.count < Self.maximumBytes else { return self.giveUp(.tooLong) }
        return self.readInvitation(begun + "\n" + text)
    }

    // MARK: Session descriptions

    private mutating func beginDescription(_ text: String) -> [Item] {
        let lines = DescriptionLines(first: text)
        if lines.isOneLine { return [lines.item] }
        self.state = .sessionDescription(lines)
        return []
    }

    private mutating func continueDescription(_ lines: DescriptionLines, with text: String) -> [Item] {
        self.state = .idle
        if Self.begins(text) { return [lines.item] + self.begin(text) }
        var lines = lines
        switch lines.take(text) {
        case .belongs:
            guard lines.byteCount <= Self.maximumBytes else { return self.giveUp(.tooLong) }
            self.state = .sessionDescription(lines)
            return []
        case .ends: return [lines.item]
        case .isAlien: return [lines.item] + self.begin(text)
        }
    }

    // MARK: JSON

    private mutating func continueJSON(_ collector: JSONCollector, with text: String) -> [Item] {
        self.state = .idle
        var collector = collector
        if collector.byteCount > 0, text.isEmpty || InvitationScanner.hasPrefix(in: text) {
            return [.failure(.json)] + self.begin(text)
        }
        guard collector.byteCount + text.utf8.count < Self.maximumBytes else { return self.giveUp(.tooLong) }
        switch collector.take(text) {
        case .goesOn:
            self.state = .json(collector)
            return []
        case .isBroken: return [.failure(.json)]
        case .ends(let rest):
            let items = JSONMessage.items(of: collector)
            guard let start = JSONCollector.start(in: rest) else { return items }
            return items + self.continueJSON(JSONCollector(), with: start)
        }
    }
}

extension String {
    /// Without the marks with which mail programs quote, and without white space at either end.
    fileprivate var withoutQuoting: String {
        var rest = self[...]
        while let first = rest.first, first.isWhitespace || first == ">" || first == "|" || first == "\u{FEFF}" {
            rest.removeFirst()
        }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
