// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer
import Glibc
import Reactor
import Testing
import Wire

@testable import Sessions

@Suite(.timeLimit(.minutes(3)))
struct SessionTransferFailureTests {
    private static let size = 48 << 20

    private let source: TemporaryDirectory
    private let target: TemporaryDirectory

    /// A file without blocks on the disk, large enough to be under way for a while.
    init() throws {
        self.source = try TemporaryDirectory()
        self.target = try TemporaryDirectory()
        try self.source.write([], to: "large")
        try #require(truncate(self.source.path("large"), Self.size) == 0)
    }

    private var downloads: DownloadTarget { .directory(self.target.path) }

    /// A pair with a transfer that has begun to write.
    private func running() async throws -> (pair: SessionPair, id: TransferID) {
        let pair = try await SessionPair()
        let id = try await pair.offer(self.source.path("large"))
        try await pair.right.session.accept(id, into: self.downloads)
        let progress = await pair.right.first { event in
            if case .progress(id, let progress) = event { progress.bytes } else { nil }
        }
        try #require(try #require(progress) < UInt64(Self.size))
        return (pair, id)
    }

    @Test
    func `The sender cancels in the middle, and nothing is left`() async throws {
        let (pair, id) = try await self.running()
        await pair.left.session.cancel(id)
        #expect(await pair.left.outcome() == .failed(.cancelledHere))
        #expect(await pair.right.outcome() == .failed(.cancelledByPeer(.user)))
        #expect(self.target.names.isEmpty)
        try await pair.left.session.say("sorry")
        #expect(await pair.right.chat() == "sorry")
        #expect(await pair.finish() == [.finished, .finished])
    }

    @Test
    func `The receiver cancels in the middle, and nothing is left`() async throws {
        let (pair, id) = try await self.running()
        await pair.right.session.cancel(id)
        #expect(await pair.right.outcome() == .failed(.cancelledHere))
        #expect(await pair.left.outcome() == .failed(.cancelledByPeer(.user)))
        #expect(self.target.names.isEmpty)
        #expect(await pair.finish() == [.finished, .finished])
    }

    @Test
    func `A source that changes meanwhile is not delivered`() async throws {
        let (pair, _) = try await self.running()
        try #require(truncate(self.source.path("large"), Self.size + 1) == 0)
        let sent = await pair.left.outcome()
        #expect(sent == .failed(.sourceChanged))
        #expect(sent?.exitStatus == 8)
        #expect(await pair.right.outcome() == .failed(.cancelledByPeer(.sourceChanged)))
        #expect(self.target.names.isEmpty)
        #expect(await pair.finish() == [.finished, .finished])
    }

    @Test
    func `A connection that ends in the middle leaves nothing, with status 6`() async throws {
        let (pair, _) = try await self.running()
        await pair.left.peer.close()
        let outcome = await pair.right.outcome()
        #expect(outcome == .failed(.channelClosed))
        #expect(outcome?.exitStatus == 6)
        #expect(await pair.right.end() == .closedByPeer)
        #expect(self.target.names.isEmpty)
        #expect(await pair.left.outcome() == .failed(.channelClosed))
        #expect(await pair.left.end() == .interrupted)
    }

    @Test
    func `A peer that vanishes in the middle is lost, and nothing is left`() async throws {
        let (pair, _) = try await self.running()
        await pair.left.peer.shutDown()
        #expect(await pair.right.outcome() == .failed(.channelClosed))
        let end = await pair.right.end()
        #expect(end == .lost)
        #expect(end.exitStatus == 6)
        #expect(self.target.names.isEmpty)
    }

    @Test
    func `An interruption in the middle leaves nothing`() async throws {
        let (pair, _) = try await self.running()
        await pair.left.session.interrupt()
        #expect(await pair.left.outcome() == .failed(.cancelledHere))
        #expect(await pair.left.end() == .interrupted)
        #expect(await pair.right.outcome() == .failed(.cancelledByPeer(.user)))
        #expect(await pair.right.end() == .finished)
        #expect(self.target.names.isEmpty)
    }

    @Test
    func `A directory that is missing is told at once, and the offer stands`() async throws {
        try self.source.write([1, 2], to: "small")
        let pair = try await SessionPair()
        let id = try await pair.offer(self.source.path("small"))
        let missing = DownloadTarget.directory(self.target.path("nowhere"))
        do throws(SessionError) {
            try await pair.right.session.accept(id, into: missing)
            Issue.record("accepted")
        } catch {
            #expect(error.exitStatus == 8)
        }
        try await pair.right.session.accept(id, into: self.downloads)
        #expect(await pair.left.outcome() == .delivered(size: 2))
        #expect(await pair.finish() == [.finished, .finished])
    }

    @Test
    func `A disk that refuses the file is told to both, with status 8`() async throws {
        try self.source.write([1, 2], to: "small")
        let pair = try await SessionPair()
        let id = try await pair.offer(self.source.path("small"))
        // Nobody can create files there, root neither.
        try await pair.right.session.accept(id, into: .directory("/proc/self"))
        let received = await pair.right.outcome()
        guard case .failed(.localFile) = received else {
            Issue.record("\(String(describing: received))")
            return
        }
        #expect(received?.exitStatus == 8)
        #expect(await pair.left.outcome() == .failed(.cancelledByPeer(.localFile)))
        #expect(await pair.finish() == [.finished, .finished])
    }
}
