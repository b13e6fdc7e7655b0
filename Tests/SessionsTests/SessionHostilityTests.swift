// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import DTLS
import DataChannels
import FileTransfer
import Peering
import Reactor
import Testing
import Wire

@testable import Sessions

/// A session against a peer that speaks `icetalk.v1` as it likes.
@Suite(.timeLimit(.minutes(2)))
struct SessionHostilityTests {
    /// Speaks on channels itself, without a session.
    private final class Speaker {
        let peer: Peer
        private(set) var talk = DataChannelID(rawValue: 0)
        private var events: [PeerEvent] = []

        init(_ peer: Peer) { self.peer = peer }

        /// The next channel event for which `pick` gives something; nil when the connection has ended.
        func first<Result>(_ pick: (DataChannelEvent) -> Result?) async -> Result? {
            while true {
                while !self.events.isEmpty {
                    if case .channel(let event) = self.events.removeFirst(), let result = pick(event) { return result }
                }
                guard let batch = await self.peer.nextEvents() else { return nil }
                self.events = batch
            }
        }

        /// Opens the channel of the talk and says hello.
        func begin() async throws {
            self.talk = try await self.open("icetalk", "icetalk.v1")
            try await self.say(.hello(PeerHello(name: "Mallory", version: "6.6.6")))
        }

        func open(_ label: String, _ protocolName: String) async throws -> DataChannelID {
            let id = try await self.peer.openChannel(DataChannelParameters(label: label, protocolName: protocolName))
            _ = await self.first { if case .opened(id, by: .local) = $0 { true } else { nil } }
            return id
        }

        func say(_ message: ConversationMessage) async throws {
            try await self.peer.send(message.encoded, as: .text, on: self.talk)
        }

        /// The next message of the talk for which `pick` gives something.
        func hear<Result>(_ pick: (ConversationMessage) -> Result?) async -> Result? {
            await self.first { event in
                guard case .message(self.talk, .text, let bytes) = event,
                    let message = try? ConversationMessage(parsing: bytes.span)
                else { return nil }
                return pick(message)
            }
        }

        /// Whether the other side closes a channel.
        func isClosed(_ channel: DataChannelID) async -> Bool {
            await self.first { if case .closed(channel, _) = $0 { true } else { nil } } ?? false
        }
    }

    private func pair() async throws -> (SessionSide, Speaker) {
        let side = try await SessionSide("Honest", .sdp(isOfferer: false))
        let speaker = Speaker(try await SessionSide.startedPeer())
        let answer = try await side.peer.setRemoteOffer(speaker.peer.makeOffer())
        try await speaker.peer.setRemoteAnswer(answer)
        try await speaker.begin()
        return (side, speaker)
    }

    private let offer = TransferOffer(name: Array("gift".utf8), size: 10)

    private func isAlive(_ side: SessionSide, _ speaker: Speaker) async throws {
        try await speaker.say(.chat(ChatPart(id: 77, time: 0, text: "still there?")))
        let text = await side.chat()
        #expect(text == "still there?")
        await side.session.interrupt()
        #expect(await side.end() == .interrupted)
    }

    @Test
    func `Channels that nobody agreed on are closed`() async throws {
        let (side, speaker) = try await self.pair()
        for (label, name) in [
            ("icetalk", "icetalk.v1"), ("x", ""), ("transfer-5", "icetalk.transfer.v1"),
            ("", "icetalk.transfer.v1"), ("transfer-x", "icetalk.transfer.v1"),
        ] {
            let channel = try await speaker.open(label, name)
            #expect(await speaker.isClosed(channel), "\(label) \(name)")
        }
        try await self.isAlive(side, speaker)
    }

    @Test
    func `The channel of an offer that was not accepted is closed`() async throws {
        let (side, speaker) = try await self.pair()
        let id = try #require(TransferID(5))
        try await speaker.say(.offer(id, self.offer))
        _ = await side.first { if case .offered = $0 { true } else { nil } }
        let channel = try await speaker.open(TransferChannel.label(for: id), TransferChannel.protocolName)
        #expect(await speaker.isClosed(channel))
        try await self.isAlive(side, speaker)
    }

    @Test
    func `Rubbish on a transfer's channel ends that transfer only`() async throws {
        let (side, speaker) = try await self.pair()
        let target = try TemporaryDirectory()
        let id = try #require(TransferID(5))
        try await speaker.say(.offer(id, self.offer))
        _ = await side.first { if case .offered = $0 { true } else { nil } }
        try await side.session.accept(id, into: .directory(target.path))
        let channel = try await speaker.open(TransferChannel.label(for: id), TransferChannel.protocolName)
        try await speaker.peer.send([0x7F, 1, 2, 3], as: .binary, on: channel)
        #expect(await side.outcome() == .failed(.malformed(.unknownType(0x7F))))
        let reason = await speaker.hear { if case .cancel(id, let reason) = $0 { reason } else { nil } }
        #expect(reason == .protocolError)
        #expect(target.names.isEmpty)
        try await self.isAlive(side, speaker)
    }

    @Test
    func `A damaged block ends with status 7 and leaves nothing`() async throws {
        let (side, speaker) = try await self.pair()
        let target = try TemporaryDirectory()
        let id = try #require(TransferID(5))
        try await speaker.say(.offer(id, self.offer))
        _ = await side.first { if case .offered = $0 { true } else { nil } }
        try await side.session.accept(id, into: .directory(target.path))
        let channel = try await speaker.open(TransferChannel.label(for: id), TransferChannel.protocolName)
        let entry = TransferEntry(size: 10, name: self.offer.name)
        let bytes = [UInt8](repeating: 1, count: 10)
        let block = TransferBlock(
            index: 0,
            offset: 0,
            digest: Digest256(of: [UInt8](repeating: 2, count: 10).span),
            bytes: bytes
        )
        try await speaker.peer.send(TransferMessage.entry(entry).encoded, as: .binary, on: channel)
        try await speaker.peer.send(TransferMessage.block(block).encoded, as: .binary, on: channel)
        let outcome = await side.outcome()
        #expect(outcome == .failed(.blockCorrupted(offset: 0)))
        #expect(outcome?.exitStatus == 7)
        let reason = await speaker.hear { if case .cancel(id, let reason) = $0 { reason } else { nil } }
        #expect(reason == .integrity)
        #expect(target.names.isEmpty)
        try await self.isAlive(side, speaker)
    }

    @Test
    func `A claim to have received what was never sent is not believed`() async throws {
        let (side, speaker) = try await self.pair()
        let source = try TemporaryDirectory()
        try source.write([UInt8](repeating: 7, count: 1_000), to: "file")
        let id = try await side.session.offer(SourceFile(path: source.path("file")))
        _ = await speaker.hear { if case .offer(id, _) = $0 { true } else { nil } }
        try await speaker.say(.complete(id, size: 1_000))
        try await speaker.say(.accept(id))
        _ = await speaker.first { if case .opened(_, by: .remote) = $0 { true } else { nil } }
        try await speaker.say(.complete(id, size: 999))
        #expect(await side.outcome() == .failed(.cancelledByPeer(.integrity)))
        try await self.isAlive(side, speaker)
    }

    @Test
    func `Offers without end are declined, and chat without end is read at the reader's pace`() async throws {
        let (side, speaker) = try await self.pair()
        let count = ConversationLimits.offers + 100
        for number in 1...UInt64(count) {
            try await speaker.say(.offer(#require(TransferID(number)), self.offer))
        }
        var declined = 0
        while declined < 100, await speaker.hear({ if case .decline = $0 { true } else { nil } }) == true {
            declined += 1
        }
        #expect(declined == 100)
        let text = String(repeating: "y", count: 10_000)
        let flood = 2_000
        let peer = speaker.peer
        let talk = speaker.talk
        let flooding = Task {
            for id in 1...UInt64(flood) {
                let chat = ConversationMessage.chat(ChatPart(id: 1_000 + id, time: 0, text: text))
                try await peer.send(chat.encoded, as: .text, on: talk)
            }
        }
        var received = 0
        while received < flood, await side.chat() == text { received += 1 }
        #expect(received == flood)
        try await flooding.value
        try await self.isAlive(side, speaker)
    }

    @Test
    func `Random messages on every channel harm nothing`() async throws {
        let (side, speaker) = try await self.pair()
        var random = RandomSource.seeded(7)
        let ids: [ConversationMessage] = [
            .ack(5), .bye, .chat(ChatPart(id: 1, time: 0, text: "a", part: 3, isLast: false)), .unknown,
            .hello(PeerHello(name: "\u{1B}[2J", version: "")),
        ]
        for _ in 0..<500 {
            var bytes = ids[Int(random.next() % UInt64(ids.count))].encoded
            bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: 0x20 + random.next() % 0x5F)
            if String(decoding: bytes, as: UTF8.self).contains("\"bye\"") { continue }
            try await speaker.peer.send(bytes, as: .text, on: speaker.talk)
            try await speaker.peer.send(random.bytes(20), as: .binary, on: speaker.talk)
        }
        try await self.isAlive(side, speaker)
    }
}
