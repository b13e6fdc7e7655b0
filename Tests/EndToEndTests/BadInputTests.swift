// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing

/// What is wrong on the command line or in the paste is told in one line, with a status for scripts.
@Suite(.timeLimit(.minutes(2)))
struct BadInputTests {
    /// A server on this host alone relays for nobody; the other side's line is waited for.
    private static let uselessRelay =
        ["chat", "--manual", "--policy", "relay", "--turn", "turn:127.0.0.1", "--turn-user", "ann"]
        + ["--turn-password", "secret", "--paste-in", "fifo"]

    @Test(
        arguments: [
            (["chat"], 2, "icetalk chat --manual"),
            (["send", "file"], 2, "icetalk send --manual"),
            (["send", "--manual"], 2, "<path>"),
            (["send", "--manual", "missing"], 8, "no such file"),
            (["send", "--manual", "directory"], 8, "a directory"),
            (["send", "--manual", "fifo"], 8, "a pipe"),
            (["send", "--manual", "-"], 8, "standard input"),
            (["receive", "--manual"], 2, "--yes"),
            (["receive", "--manual", "--yes", "-o", "missing/"], 8, "no such file"),
            (["receive", "--manual", "--yes", "-o", "missing/name"], 8, "no such file"),
            (["chat", "--manual", "--policy", "relay"], 3, "relay"),
            (Self.uselessRelay, 3, "no TURN server"),
            (["chat", "--manual", "--paste-in", "missing"], 8, "missing"),
            (["chat", "--manual", "--paste-in", "directory"], 8, "directory"),
            (["chat", "--manual", "--log", "missing/log"], 8, "missing/log"),
            (["chat", "--manual", "--interface", "nonesuch0"], 3, "nonesuch0"),
            (["chat", "--manual", "--stun", "host:port"], 2, "port"),
            (["chat", "--manual", "--reconnect", "soon"], 2, "--reconnect"),
            (["chat", "--manual", "--bogus"], 2, "--bogus"),
            (["completion", "tcsh"], 2, "tcsh"),
        ] as [([String], Int32, String)]
    )
    func `The command line`(_ arguments: [String], _ status: Int32, _ words: String) async throws {
        let place = try Workplace()
        try FileManager.default.createDirectory(atPath: place.path + "/directory", withIntermediateDirectories: true)
        try place.fifo("fifo")
        let result = try await place.run(arguments)
        #expect(result.status == status)
        #expect(result.errors.contains(words))
        let reasons = result.errors.split(separator: "\n").filter { $0.hasPrefix("icetalk: ") }
        #expect(reasons.count == 1, "\(result.errors)")
    }

    @Test(arguments: [["--version"], ["--help"], ["help", "send"], ["completion", "zsh"]])
    func `What was asked for is no error`(_ arguments: [String]) async throws {
        let result = try await Workplace().run(arguments)
        #expect(result.status == 0)
        #expect(result.errors.isEmpty)
    }

    /// A line of another process.
    private func line(_ place: Workplace) async throws -> String {
        let other = try IcetalkProcess(["chat", "--manual"], in: place.path)
        let line = try #require(await other.line())
        kill(other.pid, SIGKILL)
        _ = await other.status()
        other.endInput()
        return line
    }

    @Test
    func `Nothing, or something else, was pasted`() async throws {
        let place = try Workplace()
        let nothing = try await place.run(["chat", "--manual"])
        #expect(nothing.status == 2)
        #expect(nothing.errors.contains("before the other side's line came"))
        let words = try await place.run(["chat", "--manual"], input: "hello?\n")
        #expect(words.status == 2)
        #expect(words.errors.contains("not an icetalk line"))
    }

    @Test
    func `The line was cut short`() async throws {
        let place = try Workplace()
        let line = try await self.line(place)
        let cut = try await place.run(["chat", "--manual"], input: String(line.dropLast(20)) + "\n")
        #expect(cut.status == 2)
        #expect(cut.errors.contains("cut short"))
    }

    @Test
    func `The line was altered, or is too new`() async throws {
        let place = try Workplace()
        let line = try await self.line(place)
        var characters = Array(line)
        characters[60] = characters[60] == "A" ? "B" : "A"
        let altered = try await place.run(["chat", "--manual"], input: String(characters) + "\n")
        #expect(altered.status == 2)
        #expect(altered.errors.contains("altered"))
        let newer = line.replacing("ICETALK1:AE", with: "ICETALK2:AI")
        let result = try await place.run(["chat", "--manual"], input: newer + "\n")
        #expect(result.status == 2)
        #expect(result.errors.contains("update icetalk"))
    }

    @Test
    func `One's own line came back`() async throws {
        let place = try Workplace()
        let process = try IcetalkProcess(["chat", "--manual"], in: place.path)
        let line = try #require(await process.line())
        await process.write("> \(line)\n")
        process.endInput()
        #expect(await process.status() == 2)
        #expect(process.errorText.contains("your own line"))
    }

    @Test
    func `An answer came where an offer is needed`() async throws {
        let place = try Workplace()
        let offerer = try IcetalkProcess(["chat", "--manual", "--sdp"], in: place.path)
        let offer = try #require(await offerer.line())
        let answer = offer.replacing("\"offer\"", with: "\"answer\"").replacing("actpass", with: "active")
        let result = try await place.run(["chat", "--manual"], input: answer + "\n")
        #expect(result.status == 2)
        #expect(result.errors.contains("an SDP answer where an offer is needed"))
        let glare = try await place.run(["chat", "--manual", "--sdp"], input: offer + "\n")
        #expect(glare.status == 2)
        #expect(glare.errors.contains("this side made one itself"))
        kill(offerer.pid, SIGINT)
        #expect(await offerer.status() == 130)
        offerer.endInput()
    }

    @Test
    func `A variable stands for an option, and its value is checked`() async throws {
        let place = try Workplace()
        let result = try await place.run(["chat"], environment: ["ICETALK_MANUAL": "1"])
        #expect(result.errors.contains("before the other side's line came"))
        let wrong = try await place.run(["chat", "--manual"], environment: ["ICETALK_POLICY": "sideways"])
        #expect(wrong.status == 2)
        #expect(wrong.errors.contains("ICETALK_POLICY"))
    }
}
