// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Rendezvous
import Testing
import Wire

@Suite struct CodeTests {
    @Test(arguments: [
        "7-crossover-clockwork", "7 crossover clockwork", "  7-Crossover Clockwork\n", "7--crossover--clockwork",
    ])
    func `case, spaces and hyphens do not matter`(text: String) throws {
        let code = try Code(parsing: text)
        #expect(code.nameplate == "7" && code.words == ["crossover", "clockwork"])
        #expect(code.description == "7-crossover-clockwork")
        #expect(code.unlikelyWords.isEmpty)
    }

    @Test(arguments: [
        ("", CodeError.empty), (" - ", .empty), ("crossover-clockwork", .noNameplate("crossover")), ("7", .noWords),
        ("7-", .noWords), ("7-cross/over", .notAWord("cross/over")), ("7-\u{1B}c", .notAWord("\u{1B}c")),
        (String(repeating: "1", count: 41) + "-a", .nameplateTooLong),
        ("7-" + String(repeating: "a", count: 65), .wordTooLong),
        ("7" + String(repeating: "-a", count: 17), .tooManyWords(17)),
    ])
    func `what is no code says why`(text: String, error: CodeError) {
        #expect(throws: error) { try Code(parsing: text) }
    }

    @Test func `drawn words come from the two lists in turn`() throws {
        var random = RandomSource.seeded(1)
        let code = Code(nameplate: "12", wordCount: 5, random: &random)
        #expect(code.words.count == 5 && code.unlikelyWords.isEmpty)
        #expect(try Code(parsing: code.description) == code)
        #expect(Code(nameplate: "12", wordCount: 5, random: &random) != code)
    }

    @Test func `mistyped and chosen words are taken, and told`() throws {
        let code = try Code(parsing: "7-crosover-clockwork-straße")
        #expect(code.unlikelyWords == ["crosover", "straße"])
    }

    @Test func `each list has 256 words, and none has a word of the other`() {
        #expect(Set(PGPWords.even).count == 256 && Set(PGPWords.odd).count == 256)
        #expect(Set(PGPWords.even).isDisjoint(with: PGPWords.odd))
        #expect(PGPWords.words(for: [0, 0, 255, 255]) == ["aardvark", "adroitness", "zulu", "yucatan"])
    }

    @Test func `a typed beginning is completed from the list of its place`() {
        #expect(CodeCompletion.candidates(for: "7-crosso") == ["7-crossover-"])
        #expect(CodeCompletion.candidates(for: "7-crossover-clockw") == ["7-crossover-clockwork"])
        #expect(CodeCompletion.candidates(for: "7-clockw").isEmpty)
        #expect(CodeCompletion.candidates(for: "1", nameplates: ["12", "13", "2"]) == ["12-", "13-"])
        #expect(CodeCompletion.candidates(for: "").isEmpty)
    }
}
