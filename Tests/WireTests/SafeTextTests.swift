// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct SafeTextTests {
    @Test(
        arguments: [
            ("plain text", "plain text"),
            ("back\\slash", "back\\slash"),
            ("\u{1B}[31mred", "\\x1b[31mred"),
            ("\u{1B}]52;c;ZXZpbA==\u{07}", "\\x1b]52;c;ZXZpbA==\\x07"),
            ("a\rb\u{00}c\u{7F}", "a\\rb\\x00c\\x7f"),
            ("\u{9B}31m", "\\u{9b}31m"),
            ("line\nbreak\ttab", "line\\nbreak\\ttab"),
            ("photo\u{202E}gpj.exe", "photo\\u{202e}gpj.exe"),
            ("\u{2066}x\u{2069}\u{200E}\u{200F}\u{61C}", "\\u{2066}x\\u{2069}\\u{200e}\\u{200f}\\u{61c}"),
            ("ad\u{200B}min\u{FEFF}\u{2060}", "ad\\u{200b}min\\u{feff}\\u{2060}"),
            ("ad\u{200D}min", "ad\\u{200d}min"),
            ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"),
            ("\u{FFFE}\u{10FFFF}", "\\u{fffe}\\u{10ffff}"),
            ("a\u{FE0F}", "a\\u{fe0f}"),
            ("a\u{E0061}", "a\\u{e0061}"),
            ("\u{115F}\u{3164}\u{AD}", "\\u{115f}\\u{3164}\\u{ad}"),
        ]
    )
    func `what could steer a terminal or deceive is shown as an escape`(text: String, shown: String) {
        #expect(SafeText(text).string == shown)
    }

    @Test(
        arguments: [
            "日本語.txt", "Škoda\u{A0}9.22.20\u{202F}PM.png", "👨‍👩‍👧‍👦", "❤️ 👍🏽 1️⃣ 🏳️‍🌈",
            "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
            "می\u{200C}خواهم", "क्\u{200D}ष", "e\u{301}", "\u{3000}", "\u{F8FF}", "葛\u{E0100}",
        ]
    )
    func `everyday text of the world is left alone`(text: String) {
        #expect(SafeText(text).string == text)
    }

    @Test func `line feeds and tabs stay where they are wanted`() {
        #expect(SafeText("a\n\tb\r\u{1B}", whitespace: .kept).string == "a\n\tb\\r\\x1b")
    }

    @Test(
        arguments: [
            ([0xFF], "\\xff"), ([0x61, 0xC3], "a\\xc3"), ([0xC0, 0x80], "\\xc0\\x80"),
            ([0xED, 0xA0, 0x80], "\\xed\\xa0\\x80"),
            ([0xF4, 0x90, 0x80, 0x80], "\\xf4\\x90\\x80\\x80"), ([0xE2, 0x82, 0x41], "\\xe2\\x82A"), ([], ""),
            ([0x9B, 0x33, 0x31], "\\x9b31"),
            // A broken byte ends a flag: what tags follow would be invisible.
            ([0xF0, 0x9F, 0x8F, 0xB4, 0xFF, 0xF3, 0xA0, 0x81, 0xA7], "🏴\\xff\\u{e0067}"),
        ] as [([UInt8], String)]
    )
    func `bytes that are not UTF-8 are shown one by one`(bytes: [UInt8], shown: String) {
        #expect(SafeText(bytes).string == shown)
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func `no random bytes come out as controls`(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        let bytes = random.bytes(Int.random(in: 0...200, using: &random))
        let text = SafeText(bytes)
        let isSafe = text.string.unicodeScalars.allSatisfy { scalar in
            scalar.properties.generalCategory != .control && !scalar.properties.isBidiControl
        }
        #expect(isSafe, "seed \(seed)")
        #expect(SafeText(text.string) == text, "seed \(seed)")
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `random scalars stay safe, and safe text stays as it is`(seed: UInt64) {
        let pool: [Unicode.Scalar] = [
            "a", "1", "\u{1F468}", "\u{200D}", "\u{FE0F}", "\u{200C}", "\u{E0067}", "\u{1F3F4}", "\u{202E}", "\u{9B}",
            "ی", "\n",
            "\u{E0100}", "葛",
        ]
        var random = RandomSource.seeded(seed)
        var text = ""
        for _ in 0..<40 {
            text.unicodeScalars.append(pool[Int.random(in: 0..<pool.count, using: &random)])
        }
        let safe = SafeText(text)
        #expect(!safe.string.unicodeScalars.contains("\u{202E}") && !safe.string.unicodeScalars.contains("\u{9B}"))
        #expect(SafeText(safe.string) == safe, "seed \(seed)")
    }

    @Test func `the length of a scalar is told only where one begins`() {
        let bytes: [UInt8] = Array("aé€😀".utf8) + [0x80]
        #expect([0, 1, 3, 6].map { lengthOfUTF8Scalar(in: bytes.span, at: $0) } == [1, 2, 3, 4])
        #expect(
            [2, 4, 7, 10, 11, -1].map { lengthOfUTF8Scalar(in: bytes.span, at: $0) } == [nil, nil, nil, nil, nil, nil]
        )
    }
}
