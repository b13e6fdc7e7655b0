// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Why a text is not a code: the fault of whoever typed it.
package enum CodeError: Error, Hashable, Sendable {
    /// There is nothing.
    case empty
    /// It does not begin with a number, but with this.
    case noNameplate(String)
    /// Its number has too many digits.
    case nameplateTooLong
    /// There are no words after the number.
    case noWords
    /// There are more words than a code has.
    case tooManyWords(Int)
    /// A word is longer than words are.
    case wordTooLong
    /// This has other characters than letters.
    case notAWord(String)
}

extension CodeError: CustomStringConvertible {
    /// One sentence for a person.
    package var description: String {
        switch self {
        case .empty: "the code is empty: it is a number and words, such as 7-crossover-clockwork"
        case .noNameplate(let text): "a code begins with a number, not with \u{201C}\(SafeText(text))\u{201D}"
        case .nameplateTooLong: "the number of the code has too many digits"
        case .noWords: "there are no words after the number of the code"
        case .tooManyWords(let count): "a code has \(Code.wordCounts.upperBound) words at most, not \(count)"
        case .wordTooLong: "a word of the code is too long"
        case .notAWord(let word): "\u{201C}\(SafeText(word))\u{201D} is no word: words are letters only"
        }
    }
}
