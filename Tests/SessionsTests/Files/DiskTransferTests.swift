// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer
import Glibc
import Testing
import Wire

@testable import Sessions

/// An outgoing and an incoming transfer with a file on each side.
private struct DiskPair: ~Copyable {
    var outgoing: OutgoingTransfer
    var incoming: IncomingTransfer
    var sent: [TransferSender.Event] = []
    var received: [IncomingTransfer.Event] = []

    init(_ source: String, into directory: String, onConflict policy: ConflictPolicy = .rename) throws {
        let file = try SourceFile(path: source)
        let offer = file.offer
        let store = try DownloadStore(.directory(directory), onConflict: policy)
        let outgoing = try OutgoingTransfer(file, maximumMessageCount: 65_536)
        self.outgoing = outgoing
        self.incoming = IncomingTransfer(offer, into: store)
    }

    /// Carries one message over, and everything that follows from it; false when there was none.
    mutating func step() -> Bool {
        let message = self.outgoing.pollMessage(buffered: 0)
        if let message { self.incoming.handle(message.span) }
        self.drain()
        return message != nil
    }

    mutating func drain() {
        while let answer = self.incoming.pollMessage() { self.outgoing.handle(answer.span) }
        while let event = self.outgoing.pollEvent() {
            self.sent.append(event)
            if case .failed(let failure) = event, let reason = failure.reasonForPeer {
                self.incoming.peerCancelled(reason)
                _ = self.incoming.pollMessage()
            }
        }
        while let event = self.incoming.pollEvent() {
            self.received.append(event)
            switch event {
            case .completed: self.outgoing.peerCompleted()
            case .failed(let failure):
                if let reason = failure.reasonForPeer { self.outgoing.peerCancelled(reason) }
            }
        }
        while let event = self.outgoing.pollEvent() { self.sent.append(event) }
    }
}

@Suite struct DiskTransferTests {
    private let directory: TemporaryDirectory

    init() throws {
        self.directory = try TemporaryDirectory()
        try self.directory.directory("to")
    }

    @Test(arguments: [0, 1, 64_512, 5_000_000])
    func `a file travels from disk to disk`(count: Int) throws {
        var random = RandomSource.seeded(UInt64(count))
        let bytes = random.bytes(count)
        try self.directory.write(bytes, to: "a.bin")
        chmod(self.directory.path("a.bin"), 0o750)
        var pair = try DiskPair(self.directory.path("a.bin"), into: self.directory.path("to"))
        while pair.step() {}
        let (sent, received) = (pair.sent, pair.received)
        #expect(sent == [.sent, .delivered])
        let name = try #require(FileName(chosen: Array("a.bin".utf8)))
        #expect(received == [.completed(name, size: UInt64(count), digest: Digest256(of: bytes.span))])
        #expect(try self.directory.read("to/a.bin") == bytes)
        #expect(TemporaryDirectory.names(in: self.directory.path("to")) == ["a.bin"])
        let (before, after) = try (self.directory.status("a.bin"), self.directory.status("to/a.bin"))
        #expect(before.st_mtim.tv_sec == after.st_mtim.tv_sec && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec)
        #expect(after.st_mode & 0o700 == 0o700)
    }

    @Test func `a source that changes on the way fails both sides and leaves nothing`() throws {
        try self.directory.write([UInt8](repeating: 1, count: 300_000), to: "a")
        var pair = try DiskPair(self.directory.path("a"), into: self.directory.path("to"))
        _ = pair.step()
        _ = pair.step()
        utimensat(
            AT_FDCWD,
            self.directory.path("a"),
            [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)],
            0
        )
        while pair.step() {}
        pair.drain()
        let (sent, received) = (pair.sent, pair.received)
        #expect(sent == [.failed(.sourceChanged)])
        #expect(received == [.failed(.cancelledByPeer(.sourceChanged))])
        #expect(TemporaryDirectory.names(in: self.directory.path("to")) == [])
    }

    @Test func `a taken name that must not be taken fails both sides with local file trouble here`() throws {
        try self.directory.write([1], to: "a")
        try self.directory.write([2], to: "to/a")
        var pair = try DiskPair(self.directory.path("a"), into: self.directory.path("to"), onConflict: .skip)
        while pair.step() {}
        let (sent, received) = (pair.sent, pair.received)
        #expect(received == [.failed(.localFile("\(self.directory.path("to"))/a exists already."))])
        #expect(sent.last == .failed(.cancelledByPeer(.localFile)))
        #expect(try self.directory.read("to/a") == [2])
    }

    @Test(arguments: 0..<8)
    func `a receiver that cancels at any point leaves nothing`(steps: Int) throws {
        try self.directory.write([UInt8](repeating: 1, count: 300_000), to: "a")
        var pair = try DiskPair(self.directory.path("a"), into: self.directory.path("to"))
        for _ in 0..<steps { _ = pair.step() }
        let isEnded = pair.incoming.isEnded
        pair.incoming.cancel()
        pair.drain()
        let received = pair.received
        #expect(received.last == .failed(.cancelledHere) || isEnded)
        #expect(TemporaryDirectory.names(in: self.directory.path("to")) == (isEnded ? ["a"] : []))
    }
}
