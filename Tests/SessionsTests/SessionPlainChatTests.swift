// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import DataChannels
import FileTransfer
import Peering
import Reactor
import Testing

@testable import Sessions

@Suite(.timeLimit(.minutes(2)))
struct SessionPlainChatTests {
    /// Something that speaks no `icetalk.v1`, as a page in a browser.
    final class Page {
        let peer: Peer
        private var events: [PeerEvent] = []

        init(_ peer: Peer) { self.peer = peer }

        /// The first channel event from now on for which `pick` gives something.
        func first<Result>(_ pick: (DataChannelEvent) -> Result?) async -> Result? {
            while true {
                while !self.events.isEmpty {
                    if case .channel(let event) = self.events.removeFirst(), let result = pick(event) { return result }
                }
                guard let batch = await self.peer.nextEvents() else { return nil }
                self.events = batch
            }
        }

        func text() async -> String? {
            await self.first { event in
                if case .message(_, .text, let bytes) = event { String(decoding: bytes, as: UTF8.self) } else { nil }
            }
        }
    }

    @Test
    func `A page that answers our offer chats on our channel`() async throws {
        let side = try await SessionSide("Left", .sdp(isOfferer: true))
        let page = Page(try await SessionSide.startedPeer())
        let answer = try await page.peer.setRemoteOffer(side.peer.makeOffer())
        try await side.peer.setRemoteAnswer(answer)
        let channel = try #require(
            await page.first { if case .opened(let id, by: .remote) = $0 { id } else { nil } }
        )
        try await page.peer.send(Array("hi".utf8), as: .text, on: channel)
        #expect(await side.chat() == "hi")
        let isPlain = side.told.contains { if case .peer(nil) = $0 { true } else { false } }
        #expect(isPlain)
        try await side.session.say("hi, page")
        #expect(await page.text() == "hi, page")
        let session = side.session
        let finishing = Task { await session.finish() }
        _ = await page.first { if case .closed(channel, _) = $0 { true } else { nil } }
        await page.peer.close()
        await finishing.value
        #expect(await side.end() == .finished)
    }

    @Test
    func `A page that says nothing is plain when there is something to say`() async throws {
        let side = try await SessionSide("Left", .sdp(isOfferer: true))
        let page = Page(try await SessionSide.startedPeer())
        let answer = try await page.peer.setRemoteOffer(side.peer.makeOffer())
        try await side.peer.setRemoteAnswer(answer)
        let session = side.session
        let saying = Task { try await session.say("anybody?") }
        #expect(await page.text() == "anybody?")
        _ = try await saying.value
        await page.peer.close()
        #expect(await side.end() == .finished)
    }

    @Test
    func `A hello that comes late makes it a conversation all the same`() async throws {
        let side = try await SessionSide("Left", .sdp(isOfferer: true))
        let page = Page(try await SessionSide.startedPeer())
        let answer = try await page.peer.setRemoteOffer(side.peer.makeOffer())
        try await side.peer.setRemoteAnswer(answer)
        let channel = try #require(
            await page.first { if case .opened(let id, by: .remote) = $0 { id } else { nil } }
        )
        try await page.peer.send(Array("first something else".utf8), as: .text, on: channel)
        #expect(await side.chat() == "first something else")
        let hello = ConversationMessage.hello(PeerHello(name: "Late", version: "1.0"))
        try await page.peer.send(hello.encoded, as: .text, on: channel)
        let name = await side.first { if case .peer(let hello) = $0 { hello?.name } else { nil } }
        #expect(name == "Late")
        try await side.session.say("with an id")
        let heard = await page.first { event -> String? in
            guard case .message(_, .text, let bytes) = event,
                case .chat(let part)? = try? ConversationMessage(parsing: bytes.span)
            else { return nil }
            return part.text
        }
        #expect(heard == "with an id")
        await page.peer.close()
        #expect(await side.end() == .closedByPeer)
    }

    @Test
    func `A page that offers chats on its latest channel and takes no files`() async throws {
        let side = try await SessionSide("Right", .sdp(isOfferer: false))
        let page = Page(try await SessionSide.startedPeer())
        let first = try await page.peer.openChannel(DataChannelParameters(label: "chat"))
        try await page.peer.setRemoteAnswer(side.peer.setRemoteOffer(page.peer.makeOffer()))
        _ = await page.first { if case .opened(first, _) = $0 { true } else { nil } }
        try await page.peer.send(Array("one".utf8), as: .text, on: first)
        #expect(await side.chat() == "one")
        let second = try await page.peer.openChannel(DataChannelParameters(label: "more"))
        _ = await page.first { if case .opened(second, _) = $0 { true } else { nil } }
        try await page.peer.send(Array("two".utf8), as: .text, on: second)
        #expect(await side.chat() == "two")
        try await side.session.say("three")
        let answered = await page.first { event -> DataChannelID? in
            if case .message(let id, .text, _) = event { id } else { nil }
        }
        #expect(answered == second)
        let directory = try TemporaryDirectory()
        try directory.write([1], to: "a")
        let path = directory.path("a")
        await #expect(throws: SessionError.filesNotTaken) {
            _ = try await side.session.offer(SourceFile(path: path))
        }
        await page.peer.close()
        #expect(await side.end() == .finished)
    }
}
