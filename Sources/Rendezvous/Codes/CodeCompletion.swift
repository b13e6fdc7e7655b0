// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// What a code may go on with while it is typed.
package enum CodeCompletion {
    /// Whole texts that begin as the typed one does, its last word completed: for `7-cro` there is `7-crossover-`.
    ///
    /// Words are drawn from two lists in turn. All but the last word of a code end with a hyphen; how many words it has
    /// is known to the one who made it only, so `wordCount` is a guess. Numbers are completed from `nameplates`, if the
    /// server told which are in use.
    package static func candidates(
        for typed: String,
        wordCount: Int = Code.defaultWordCount,
        nameplates: [String] = []
    ) -> [String] {
        let parts = typed.lowercased().split(omittingEmptySubsequences: false) { $0 == "-" || $0.isWhitespace }
        guard let last = parts.last else { return [] }
        guard parts.count > 1 else {
            return nameplates.filter { $0.hasPrefix(last) }.map { $0 + "-" }
        }
        let place = parts.count - 2
        guard place < Code.wordCounts.upperBound else { return [] }
        let before = parts.dropLast().joined(separator: "-") + "-"
        let after = place + 1 < wordCount ? "-" : ""
        return Code.list(at: place).filter { $0.hasPrefix(last) }.map { before + $0 + after }
    }
}
