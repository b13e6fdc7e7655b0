// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Two real processes meet by two FIFOs.
@Suite(.timeLimit(.minutes(3)))
struct MeetingTests {
    private let place: Workplace

    init() throws {
        self.place = try Workplace()
        try self.place.fifo("from-ann")
        try self.place.fifo("from-bob")
    }

    private func ann(_ arguments: String...) throws -> IcetalkProcess {
        try IcetalkProcess(
            arguments + ["--manual", "--name", "ann", "--paste-out", "from-ann", "--paste-in", "from-bob"],
            in: self.place.path
        )
    }

    private func bob(_ arguments: String...) throws -> IcetalkProcess {
        try IcetalkProcess(
            arguments + ["--manual", "--name", "bob", "--paste-out", "from-bob", "--paste-in", "from-ann"],
            in: self.place.path
        )
    }

    @Test
    func `Chat passes both ways, whatever its lines hold`() async throws {
        let (ann, bob) = (try self.ann("chat"), try self.bob("chat"))
        let long = String(repeating: "0123456789", count: 20_480)
        let lines = ["hello 👨‍👩‍👧‍👦 日本", "", long, "last without an end"]
        await ann.write(lines.joined(separator: "\n"))
        await bob.write("answer\n")
        #expect(await ann.line() == "answer")
        ann.endInput()
        for line in lines {
            #expect(await bob.line() == line)
        }
        #expect(await bob.line() == nil)
        #expect(await ann.line() == nil)
        #expect(await ann.status() == 0)
        #expect(await bob.status() == 0)
        bob.endInput()
        #expect(ann.errorText.contains("connected: direct udp"))
        #expect(bob.errorText.contains("talking with ann"))
    }

    @Test
    func `Nothing in a message steers the terminal`() async throws {
        let (ann, bob) = (try self.ann("chat"), try self.bob("chat"))
        await ann.write("\u{1B}[2J\u{202E}\u{7}\n")
        #expect(await bob.line() == "\\x1b[2J\\u{202e}\\x07")
        ann.endInput()
        bob.endInput()
        #expect(await ann.status() == 0)
        #expect(await bob.status() == 0)
    }

    @Test
    func `A file is delivered, and both sides say so`() async throws {
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
        try self.place.file("film.bin", bytes)
        let (ann, bob) = (try self.ann("send", "film.bin"), try self.bob("receive", "--yes", "-o", "copy.bin"))
        #expect(await ann.status() == 0)
        #expect(await bob.status() == 0)
        #expect(self.place.contents("copy.bin") == bytes)
        #expect(self.place.contents("copy.bin.icetalk-part") == nil)
        #expect(ann.errorText.contains("delivered"))
        #expect(bob.errorText.contains("received: ./copy.bin"))
    }

    @Test
    func `A chat declines files, and the sender ends with that status`() async throws {
        try self.place.file("film.bin", [1, 2, 3])
        let (ann, bob) = (try self.ann("send", "film.bin"), try self.bob("chat"))
        #expect(await ann.status() == 5)
        #expect(await bob.status() == 0)
        bob.endInput()
    }

    @Test
    func `A receiver that vanishes leaves no file, and the sender ends with that status`() async throws {
        // Holes take no room on the disk.
        let path = self.place.path + "/big"
        try self.place.file("big", [])
        #expect(truncate(path, 8 << 30) == 0)
        let ann = try self.ann("send", "--json", "--reconnect", "0", "big")
        let bob = try self.bob("receive", "--yes", "-o", "copy")
        while let line = await ann.line(), !line.contains("\"event\":\"progress\"") {}
        kill(bob.pid, SIGKILL)
        #expect(await bob.status() == -SIGKILL)
        while await ann.line() != nil {}
        #expect(await ann.status() == 6)
        #expect(self.place.contents("copy") == nil)
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func `An interrupt tells the other side`(_ signal: Int32) async throws {
        try self.place.file("big", [])
        #expect(truncate(self.place.path + "/big", 8 << 30) == 0)
        let (ann, bob) = (try self.ann("send", "big"), try self.bob("receive", "--yes", "--json", "-o", "copy"))
        while let line = await bob.line(), !line.contains("\"event\":\"progress\"") {}
        kill(bob.pid, signal)
        while await bob.line() != nil {}
        #expect(await bob.status() == 130)
        #expect(await ann.status() == 5)
        #expect(self.place.contents("copy") == nil)
        #expect(self.place.contents("copy.icetalk-part") == nil)
    }

    @Test
    func `Events come one a line, the line to paste among them`() async throws {
        let bob = try self.bob("chat", "--json")
        let line = try #require(await bob.line())
        #expect(line.hasPrefix("{\"event\":\"line\",\"line\":\"ICETALK1:"))
        let ann = try self.ann("chat")
        await ann.write("one\n")
        ann.endInput()
        var events: [String] = []
        while let event = await bob.line() { events.append(event) }
        for name in ["connected", "secured", "peer", "chat", "ended"] {
            #expect(events.contains { $0.contains("\"event\":\"\(name)\"") }, "\(name)")
        }
        #expect(events.allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
        #expect(await bob.status() == 0)
        #expect(await ann.status() == 0)
        bob.endInput()
    }

    @Test
    func `An offer is answered, and two icetalk know each other over it`() async throws {
        let ann = try IcetalkProcess(["chat", "--manual", "--sdp", "--name", "ann"], in: self.place.path)
        let bob = try IcetalkProcess(["chat", "--manual", "--name", "bob"], in: self.place.path)
        let offer = try #require(await ann.line())
        #expect(offer.hasPrefix("{\"type\":\"offer\",\"sdp\":\"v=0"))
        #expect(await bob.line()?.hasPrefix("ICETALK1:") == true)
        await bob.write(offer + "\n")
        let answer = try #require(await bob.line())
        #expect(answer.hasPrefix("{\"type\":\"answer\""))
        await ann.write(answer + "\nhello\n")
        #expect(await bob.line() == "hello")
        ann.endInput()
        #expect(await ann.status() == 0)
        #expect(await bob.status() == 0)
        bob.endInput()
        #expect(ann.errorText.contains("talking with bob"))
    }

    @Test
    func `A late line is never sent as a message`() async throws {
        let (ann, bob) = (try self.ann("chat"), try self.bob("chat"))
        let third = try IcetalkProcess(["chat", "--manual"], in: self.place.path)
        let line = try #require(await third.line())
        await ann.write("before\n\(line)\nafter\n")
        #expect(await bob.line() == "before")
        #expect(await bob.line() == "after")
        ann.endInput()
        #expect(await ann.status() == 0)
        #expect(await bob.status() == 0)
        bob.endInput()
        third.endInput()
        #expect(await third.status() == 2)
        #expect(ann.errorText.contains("came too late"))
    }

    @Test
    func `A line may be read from a file, dressed as mail`() async throws {
        let ann = try IcetalkProcess(["chat", "--manual"], in: self.place.path)
        let line = try #require(await ann.line())
        let halves = [line.prefix(70), line.dropFirst(70)].map { "> \($0)" }.joined(separator: "\r\n")
        try self.place.file("mail", Array("Dear Bob,\r\n\(halves)\r\nAnn\r\n".utf8))
        let bob = try IcetalkProcess(["chat", "--manual"], in: self.place.path)
        await ann.write(try #require(await bob.line()) + "\nhi\n")
        await bob.write("@mail\n")
        #expect(await bob.line() == "hi")
        ann.endInput()
        #expect(await ann.status() == 0)
        #expect(await bob.status() == 0)
        bob.endInput()
    }
}
