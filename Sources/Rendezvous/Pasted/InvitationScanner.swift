// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Peering

/// Finds places in a text where an invitation may begin, and collects its characters from there.
struct InvitationScanner {
    /// The number in the prefix.
    let number: Int
    /// The five bits of each character that was found.
    let values: [UInt8]
    /// How many characters follow the prefix without a space between them.
    let firstWordLength: Int
    /// Whether the characters end at a letter or digit that cannot be one of them.
    let isInterrupted: Bool
    /// Whether nothing at all follows the prefix.
    let isBare: Bool

    /// A text is searched for no more places than this.
    private static let maximumStarts = 8

    /// No more characters are collected than the longest line has.
    private static let maximumCharacters = Base32.characterCount(ofBytes: Invitation.maximumBodyLength + 7)

    /// What a line of version 1 begins with, since its body is shorter than 8 KiB: its first 13 bits are fixed.
    private static let firstValues: [UInt8] = [0, 4, 0]

    /// The shortest that is taken for a line without a prefix.
    private static let minimumBareWord = 64

    /// The places in a text where a line may begin.
    static func starts(in text: some StringProtocol) -> [InvitationScanner] {
        let scalars = Array(text.unicodeScalars)
        var starts: [InvitationScanner] = []
        var index = 0
        while index < scalars.count, starts.count < Self.maximumStarts {
            guard let (number, end) = Self.prefix(in: scalars, at: index) else {
                index += 1
                continue
            }
            starts.append(InvitationScanner(number: number, scalars: scalars[end...]))
            index = end
        }
        if starts.isEmpty {
            let bare = InvitationScanner(number: 1, scalars: scalars[...])
            if bare.firstWordLength >= Self.minimumBareWord, bare.values.starts(with: Self.firstValues) {
                starts.append(bare)
            }
        }
        return starts
    }

    /// Whether a line with its prefix, whole or not, is in a text.
    static func hasPrefix(in text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        return scalars.indices.contains { Self.prefix(in: scalars, at: $0) != nil }
    }

    /// `icetalk`, a number and a colon; the number and where they end.
    private static func prefix(in scalars: [Unicode.Scalar], at start: Int) -> (number: Int, end: Int)? {
        var index = start
        for letter in "icetalk".unicodeScalars {
            guard index < scalars.count, scalars[index].isASCII, scalars[index].value | 0x20 == letter.value else {
                return nil
            }
            index += 1
        }
        var number = 0
        let digits = index
        while index < scalars.count, ("0"..."9").contains(scalars[index]), index - digits < 3 {
            number = number * 10 + Int(scalars[index].value - 0x30)
            index += 1
        }
        guard index > digits, index < scalars.count, scalars[index] == ":" else { return nil }
        return (number, index + 1)
    }

    private init(number: Int, scalars: ArraySlice<Unicode.Scalar>) {
        var values: [UInt8] = []
        var firstWordLength: Int?
        var isInterrupted = false
        var index = scalars.startIndex
        while index < scalars.endIndex, values.count < Self.maximumCharacters {
            let scalar = scalars[index]
            if let value = Base32.value(of: scalar) {
                values.append(value)
            } else if !Self.isDecoration(scalar) {
                isInterrupted = ("0"..."9").contains(scalar)
                break
            } else if scalar.properties.isWhitespace, firstWordLength == nil, !values.isEmpty {
                firstWordLength = values.count
            }
            index += 1
        }
        self.number = number
        self.values = values
        self.firstWordLength = firstWordLength ?? values.count
        self.isInterrupted = isInterrupted
        self.isBare = values.isEmpty && index == scalars.endIndex
    }

    /// What mail programs, chats, terminals and people put between the characters of a line.
    static func isDecoration(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case ">", "<", "|", "\"", "'", "`", "*", "_", "~", "=", "-", "\\": true
        case "\u{AB}", "\u{BB}", "\u{2018}"..."\u{201F}", "\u{2039}", "\u{203A}": true
        case "\u{AD}", "\u{200B}"..."\u{200F}", "\u{2060}", "\u{FEFF}": true
        default: scalar.properties.isWhitespace
        }
    }

    /// Whether a line may be the next part of one that was wrapped: it begins with as many characters as are missing, or
    /// at least some.
    static func continues(in text: String, missing: Int) -> Bool {
        let run = text.unicodeScalars.prefix {
            Base32.value(of: $0) != nil || ("0"..."9").contains($0) || Self.isDecoration($0)
        }
        return run.count { !Self.isDecoration($0) } >= min(8, missing)
    }

    /// Whether this is more than a mention of the prefix.
    var isLikely: Bool {
        self.firstWordLength >= 16 || self.values.starts(with: Self.firstValues)
    }

    /// Takes the frame off and reads what is in it.
    func description() throws(InvitationError) -> PeerDescription {
        let frame: [UInt8]
        do throws(InvitationError) {
            frame = try self.frame()
        } catch {
            // The frame of a later version may be another one.
            throw self.number > Int(Invitation.version) ? .tooNew(version: self.number) : error
        }
        guard frame[0] == Invitation.version else { throw .tooNew(version: Int(frame[0])) }
        return try InvitationBody.description(of: Array(frame[3..<(frame.count - 4)]))
    }

    /// The bytes from version to checksum, whole and unaltered.
    private func frame() throws(InvitationError) -> [UInt8] {
        let headerLength = 5
        guard self.values.count >= headerLength else { throw self.tooFew(by: headerLength - self.values.count) }
        let header = self.values[..<headerLength].reduce(0 as UInt32) { $0 << 5 | UInt32($1) } >> 1
        let bodyLength = Int(header & 0xFFFF)
        guard bodyLength <= Invitation.maximumBodyLength else { throw .altered }
        let length = 3 + bodyLength + 4
        let characters = Base32.characterCount(ofBytes: length)
        guard self.values.count >= characters else { throw self.tooFew(by: characters - self.values.count) }
        guard let bytes = Base32.bytes(of: self.values[..<characters]), bytes.count == length else { throw .altered }
        let checksum = bytes.suffix(4).reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
        guard checksum == CRC32.checksum(bytes.dropLast(4)) else { throw .altered }
        return bytes
    }

    private func tooFew(by missing: Int) -> InvitationError {
        self.isInterrupted ? .altered : .cutShort(missing: missing)
    }
}
