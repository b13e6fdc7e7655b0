// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import FoundationEssentials
import Glibc
import Testing

@testable import Sessions

@Suite
struct ConsoleEventTests {
    @Test
    func `An event is one line of JSON without the fields that are not known`() {
        let event = ConsoleEvent(
            "progress",
            ["bytes": .number(.max), "rate": nil, "direct": .flag(true), "in": .object(["kind": .text("host/x")])]
        )
        #expect(
            event.line
                == "{\"bytes\":18446744073709551615,\"direct\":true,\"event\":\"progress\",\"in\":{\"kind\":\"host/x\"}}"
        )
    }

    @Test(arguments: ["\u{1B}[2J", "\u{9B}2J", "a\u{202E}b", "\u{2028}", "\n\r\t\u{0}\u{7F}", "👨‍👩‍👧‍👦 é", "\u{E0001}"])
    func `Nothing in a text steers a terminal, and all of it comes back`(_ text: String) throws {
        let line = ConsoleEvent("chat", ["text": .text(text)]).line
        for scalar in line.unicodeScalars {
            #expect(scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value))
            #expect(![0x202E, 0x2028, 0xE0001].contains(scalar.value))
        }
        let decoded = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
        #expect(decoded == ["event": "chat", "text": text])
    }

    @Test(
        arguments: [
            ("one", "one"), ("one\ntwo", "one\n\ttwo"), ("\tone\n\ttwo", "\\tone\n\t\ttwo"), ("a\tb\n", "a\tb\n\t"),
            ("", ""),
        ]
    )
    func `Lines after the first of a text begin with a tab`(_ text: String, _ expected: String) {
        #expect(ReceivedChat(id: 0, time: 0, text: text).lines == expected)
    }

    @Test
    func `The log's time is UTC to the millisecond`() {
        #expect(LogFile.stamp(timespec(tv_sec: 951_827_696, tv_nsec: 7_999_999)) == "2000-02-29T12:34:56.007Z")
    }
}
