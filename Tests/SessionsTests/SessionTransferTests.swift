// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import DataChannels
import FileTransfer
import Testing
import Wire

@testable import Sessions

@Suite(.timeLimit(.minutes(3)))
struct SessionTransferTests {
    private let source: TemporaryDirectory
    private let target: TemporaryDirectory

    init() throws {
        self.source = try TemporaryDirectory()
        self.target = try TemporaryDirectory()
    }

    private var downloads: DownloadTarget { .directory(self.target.path) }

    private func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = RandomSource.seeded(seed)
        return random.bytes(count)
    }

    @Test(arguments: [0, 1, 131_072, 3_000_000])
    func `A file of any size arrives whole and is said to be delivered`(size: Int) async throws {
        let bytes = self.bytes(size)
        try self.source.write(bytes, to: "file.bin")
        let pair = try await SessionPair()
        let id = try await pair.offer(self.source.path("file.bin"))
        try await pair.right.session.accept(id, into: self.downloads)
        let received = await pair.right.outcome()
        guard case .received(let file) = received else {
            Issue.record("\(String(describing: received))")
            return
        }
        #expect(file.size == UInt64(size))
        #expect(file.digest == Digest256(of: bytes.span))
        #expect(file.path == Array(self.target.path("file.bin").utf8))
        #expect(await pair.left.outcome() == .delivered(size: UInt64(size)))
        #expect(try self.target.read("file.bin") == bytes)
        #expect(self.target.names == ["file.bin"])
        #expect(await pair.finish() == [.finished, .finished])
    }

    @Test
    func `Finishing waits for what was offered and accepted`() async throws {
        let bytes = self.bytes(2_000_000)
        try self.source.write(bytes, to: "file.bin")
        let pair = try await SessionPair()
        let left = pair.left.session
        let id = try await pair.offer(self.source.path("file.bin"))
        let finishing = Task { await left.finish() }
        try await pair.right.session.accept(id, into: self.downloads)
        await finishing.value
        #expect(await pair.left.outcome() == .delivered(size: 2_000_000))
        #expect(try self.target.read("file.bin") == bytes)
        #expect([await pair.left.end(), await pair.right.end()] == [.finished, .finished])
    }

    @Test
    func `Progress is told, and ends with everything`() async throws {
        try self.source.write(self.bytes(4_000_000), to: "file.bin")
        let pair = try await SessionPair()
        let id = try await pair.offer(self.source.path("file.bin"))
        try await pair.right.session.accept(id, into: self.downloads)
        _ = await pair.right.outcome()
        let last = pair.right.told.compactMap { event -> TransferProgress? in
            if case .progress(id, let progress) = event { progress } else { nil }
        }.last
        #expect(last?.bytes == 4_000_000)
        #expect(last?.percent == 100)
        #expect(await pair.finish() == [.finished, .finished])
    }

    @Test
    func `Several files go both ways at once`() async throws {
        let pair = try await SessionPair()
        for number in 0..<4 {
            try self.source.write(self.bytes(700_000 + number, seed: UInt64(number)), to: "\(number)")
        }
        for number in 0..<4 {
            let side = number % 2 == 0 ? pair.left : pair.right
            _ = try await side.session.offer(SourceFile(path: self.source.path("\(number)")))
        }
        for side in [pair.left, pair.right] {
            for _ in 0..<2 {
                let id = await side.first { event in if case .offered(let id, _) = event { id } else { nil } }
                try await side.session.accept(#require(id), into: self.downloads)
            }
        }
        for side in [pair.left, pair.right] {
            for _ in 0..<4 {
                let outcome = await side.outcome()
                #expect(outcome?.exitStatus == 0)
            }
        }
        #expect(self.target.names == ["0", "1", "2", "3"])
        for number in 0..<4 {
            #expect(try self.target.read("\(number)") == self.source.read("\(number)"))
        }
        #expect(await pair.finish() == [.finished, .finished])
    }

    @Test
    func `A name that is taken gets a number`() async throws {
        try self.source.write([1, 2, 3], to: "a.txt")
        try self.target.write([9], to: "a.txt")
        let pair = try await SessionPair()
        let id = try await pair.offer(self.source.path("a.txt"))
        try await pair.right.session.accept(id, into: self.downloads)
        #expect(await pair.left.outcome() == .delivered(size: 3))
        #expect(self.target.names == ["a (1).txt", "a.txt"])
        #expect(try self.target.read("a (1).txt") == [1, 2, 3])
        #expect(await pair.finish() == [.finished, .finished])
    }

    @Test
    func `A declined offer is told to the one who made it`() async throws {
        try self.source.write([1], to: "a")
        let pair = try await SessionPair()
        let id = try await pair.offer(self.source.path("a"))
        await pair.right.session.decline(id)
        let declined = await pair.left.first { event in if case .declined(let id) = event { id } else { nil } }
        #expect(declined == id)
        await #expect(throws: SessionError.noSuchOffer) {
            try await pair.right.session.accept(id, into: self.downloads)
        }
        #expect(await pair.finish() == [.finished, .finished])
    }

    @Test
    func `A withdrawn offer cannot be accepted`() async throws {
        try self.source.write([1], to: "a")
        let pair = try await SessionPair()
        let id = try await pair.offer(self.source.path("a"))
        await pair.left.session.cancel(id)
        #expect(await pair.left.outcome() == .failed(.cancelledHere))
        #expect(await pair.right.outcome() == .failed(.cancelledByPeer(.user)))
        await #expect(throws: SessionError.noSuchOffer) {
            try await pair.right.session.accept(id, into: self.downloads)
        }
        #expect(await pair.finish() == [.finished, .finished])
    }

    @Test
    func `An offer that nobody answers is declined when its receiver finishes`() async throws {
        try self.source.write([1], to: "a")
        let pair = try await SessionPair()
        let id = try await pair.offer(self.source.path("a"))
        await pair.right.session.finish()
        let declined = await pair.left.first { event in if case .declined(let id) = event { id } else { nil } }
        #expect(declined == id)
        #expect([await pair.left.end(), await pair.right.end()] == [.finished, .finished])
    }
}
