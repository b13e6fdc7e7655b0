// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// A code that one person tells another: the number of a nameplate, and words, as in `7-crossover-clockwork`.
package struct Code: Hashable, Sendable {
    /// How many words a code has unless something else is said: one guess in 65,536 hits two of them.
    package static let defaultWordCount = 2
    /// How many words a code may have.
    package static let wordCounts = 1...16
    /// The longest word, in bytes.
    static let maximumWordCount = 64

    /// The digits that the server is told.
    package let nameplate: String
    /// What the server must never learn.
    package let words: [String]

    private init(nameplate: String, words: [String]) {
        self.nameplate = nameplate
        self.words = words
    }

    /// Draws words for a nameplate.
    package init(nameplate: String, wordCount: Int, random: inout RandomSource) {
        let count = min(max(wordCount, Self.wordCounts.lowerBound), Self.wordCounts.upperBound)
        self.init(nameplate: nameplate, words: PGPWords.words(for: random.bytes(count), startingAt: 1))
    }

    /// Reads what a person typed: in any case, with hyphens or spaces between nameplate and words.
    package init(parsing text: some StringProtocol) throws(CodeError) {
        // By scalars: a mark at the start of a word would be one character with the hyphen.
        let parts = text.lowercased().unicodeScalars
            .split { $0 == "-" || $0.properties.isWhitespace }
            .map { String(String.UnicodeScalarView($0)) }
        guard let nameplate = parts.first else { throw .empty }
        guard nameplate.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw .noNameplate(nameplate)
        }
        guard nameplate.utf8.count <= MailboxLimits.nameplateCount else { throw .nameplateTooLong }
        let words = Array(parts.dropFirst())
        guard !words.isEmpty else { throw .noWords }
        guard words.count <= Self.wordCounts.upperBound else { throw .tooManyWords(words.count) }
        for word in words {
            guard word.utf8.count <= Self.maximumWordCount else { throw .wordTooLong }
            guard word.unicodeScalars.allSatisfy(\.properties.isAlphabetic) else { throw .notAWord(word) }
        }
        self.init(nameplate: nameplate, words: words)
    }

    /// The words that no program draws at their places: those of a chosen code, or mistyped ones.
    package var unlikelyWords: [String] {
        self.words.enumerated().compactMap { index, word in
            Self.list(at: index).contains(word) ? nil : word
        }
    }

    /// The list from which the word at a place is drawn: three syllables first, then two.
    static func list(at index: Int) -> [String] { index.isMultiple(of: 2) ? PGPWords.odd : PGPWords.even }
}

extension Code: CustomStringConvertible {
    /// The code as it is told: with hyphens.
    package var description: String { ([self.nameplate] + self.words).joined(separator: "-") }
}
