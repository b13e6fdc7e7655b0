// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import DTLS
import FileTransfer
import Reactor
import Testing
import Wire

@testable import Sessions

/// Two sessions over two peers on the loopback interface, each with a reactor of its own.
struct SessionPair {
    let left: SessionSide
    let right: SessionSide

    /// Connects two sessions that know each other's lines.
    init(leftEndsWithBye: Bool = true, rightEndsWithBye: Bool = true) async throws {
        self.left = try await SessionSide("Left", .symmetric, endsWithBye: leftEndsWithBye)
        self.right = try await SessionSide("Right", .symmetric, endsWithBye: rightEndsWithBye)
        let lines = (try await self.left.peer.localDescription(), try await self.right.peer.localDescription())
        try await self.left.peer.setRemote(lines.1)
        try await self.right.peer.setRemote(lines.0)
    }

    /// Connects two sessions by offer and answer.
    static func overSDP() async throws -> SessionPair {
        let left = try await SessionSide("Left", .sdp(isOfferer: true))
        let right = try await SessionSide("Right", .sdp(isOfferer: false))
        let answer = try await right.peer.setRemoteOffer(left.peer.makeOffer())
        try await left.peer.setRemoteAnswer(answer)
        return SessionPair(left: left, right: right)
    }

    private init(left: SessionSide, right: SessionSide) {
        self.left = left
        self.right = right
    }

    /// The one that opens the talk's channel, and the other.
    var byFingerprint: (greater: SessionSide, lesser: SessionSide) {
        let isLeft = self.right.peer.fingerprint.bytes.lexicographicallyPrecedes(self.left.peer.fingerprint.bytes)
        return isLeft ? (self.left, self.right) : (self.right, self.left)
    }

    /// Finishes both sides and gives how they ended.
    func finish() async -> [SessionEnd] {
        let (left, right) = (self.left.session, self.right.session)
        async let isLeftFinished: Void = left.finish()
        async let isRightFinished: Void = right.finish()
        _ = await (isLeftFinished, isRightFinished)
        return [await self.left.end(), await self.right.end()]
    }

    /// Offers a file of the left side, and gives its id when the right side knows of it.
    func offer(_ path: String) async throws -> TransferID {
        let id = try await self.left.session.offer(SourceFile(path: path))
        let offered = await self.right.first { event in if case .offered(let id, _) = event { id } else { nil } }
        #expect(offered == id)
        return id
    }
}

/// One session, and what it told.
final class SessionSide {
    let peer: Peer
    let session: Session
    private var iterator: AsyncStream<SessionEvent>.Iterator
    private(set) var told: [SessionEvent] = []

    /// Starts a peer on the loopback interface and a session over it.
    init(_ name: String, _ signaling: Session.Signaling, endsWithBye: Bool = true) async throws {
        self.peer = try await SessionSide.startedPeer()
        self.session = Session(
            peer: self.peer,
            configuration: Session.Configuration(
                name: name,
                version: "1.0",
                signaling: signaling,
                endsWithBye: endsWithBye
            )
        )
        self.iterator = self.session.events.makeAsyncIterator()
        let session = self.session
        Task { await session.run() }
    }

    /// A peer that uses nothing but the loopback interface.
    static func startedPeer() async throws -> Peer {
        var configuration = Peer.Configuration()
        configuration.selection = AddressSelection(interface: "lo", usesIPv6: false)
        let peer = try Peer(configuration, on: EventLoop())
        try await peer.start()
        return peer
    }

    /// The first event from now on for which `pick` gives something; nil if the session ends without it.
    func first<Result>(_ pick: (SessionEvent) -> Result?) async -> Result? {
        while let event = await self.iterator.next(isolation: #isolation) {
            self.told.append(event)
            if let result = pick(event) { return result }
        }
        return nil
    }

    /// The next chat text.
    func chat() async -> String? {
        await self.first { if case .chat(let chat) = $0 { chat.text } else { nil } }
    }

    /// How the next transfer ends.
    func outcome() async -> TransferOutcome? {
        await self.first { if case .transferred(_, let outcome) = $0 { outcome } else { nil } }
    }

    /// How the session ends; nothing may follow.
    func end() async -> SessionEnd {
        let end = await self.first { if case .ended(let end) = $0 { end } else { nil } }
        let next = await self.iterator.next(isolation: #isolation)
        #expect(next == nil)
        return end ?? .failed("no end was told")
    }
}
