// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Rendezvous
import SDP
import Testing

@testable import Sessions

@Suite
struct PasteSourceTests {
    private let console = Console(Console.Options())

    /// What is read from a pipe that stays open.
    private func reading(_ text: String) async throws -> PasteSource.Reading {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { close(ends[1]) }
        writeAll(Array(text.utf8), to: ends[1])
        var source = PasteSource(LineReader(descriptor: ends[0], console: self.console))
        return try await source.next()
    }

    private let description = """
        v=0
        o=- 1 2 IN IP4 127.0.0.1
        s=-
        t=0 0
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel
        c=IN IP4 0.0.0.0
        a=mid:0
        a=ice-ufrag:abcd
        a=ice-pwd:abcdefghijklmnopqrstuvwx
        a=fingerprint:sha-256 \(Array(repeating: "AB", count: 32).joined(separator: ":"))
        a=setup:actpass
        a=sctp-port:5000

        """

    @Test
    func `A raw description is whole when nothing follows it, though nobody says so`() async throws {
        guard case .items(let items) = try await self.reading(self.description), case .sessionDescription = items.first
        else {
            Issue.record("no description")
            return
        }
        #expect(items.count == 1)
    }

    @Test
    func `What is missing is told when nothing follows`() async throws {
        guard case .incomplete(let pending) = try await self.reading("{\"type\":\"offer\",\n") else {
            Issue.record("not told")
            return
        }
        #expect(pending == .json)
    }

    @Test
    func `A file is named instead of pasting what it holds`() async throws {
        let directory = try TemporaryDirectory()
        try directory.write(Array(self.description.utf8), to: "offer.sdp")
        guard case .items(let items) = try await self.reading("@\(directory.path("offer.sdp"))\n") else {
            Issue.record("nothing read")
            return
        }
        #expect(items.contains { if case .sessionDescription(.offer, _) = $0 { true } else { false } })
    }

    @Test
    func `A file that is missing is told`() async throws {
        let error = await #expect(throws: ProgramFailure.self) { _ = try await self.reading("@/missing/file\n") }
        #expect(error?.status == .localFile)
    }

    @Test
    func `The end is told once more each time`() async throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        close(ends[1])
        var source = PasteSource(LineReader(descriptor: ends[0], console: self.console))
        for _ in 0..<2 {
            guard case .end = try await source.next() else {
                Issue.record("no end")
                return
            }
        }
    }
}
