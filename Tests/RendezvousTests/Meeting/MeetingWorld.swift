// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Peering
import Wire

@testable import Rendezvous
@testable import SPAKE2

/// Meetings and a mailbox server in virtual time: whatever is sent takes ten milliseconds.
final class MeetingWorld {
    static let delay: Duration = .milliseconds(10)

    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    var server = MemoryMailbox()
    private(set) var participants: [Participant] = []
    /// The frames that were delivered, in both directions.
    private(set) var frames = 0
    /// The frame in place of which the connection that it is for is cut.
    var cutAt: Int?
    /// Whether it is cut in place of every later frame too.
    var cutsForever = false
    /// What a hostile server delivers in place of a response to a participant.
    var intercept: (MailboxResponse, Int) -> [MailboxResponse] = { response, _ in [response] }

    private var queue: [(at: Instant, order: Int, event: Event)] = []
    private var order = 0
    private var connections = 0

    private enum Event {
        case connected(Participant, connection: Int)
        case toServer(connection: Int, [UInt8])
        case toClient(connection: Int, MailboxResponse)
        case action((MeetingWorld) -> Void)
    }

    /// Adds a side that has a description and candidates to tell.
    @discardableResult
    func join(_ way: MeetingWay, seed: UInt64, candidates: Int = 2, stretches: Bool = false) -> Participant {
        let participant = Participant(way, seed: seed, candidates: candidates)
        participant.stretches = stretches
        self.participants.append(participant)
        self.drain(participant)
        return participant
    }

    /// Runs something at a later time.
    func after(_ duration: Duration, _ action: @escaping (MeetingWorld) -> Void) {
        self.schedule(.action(action), at: self.now + duration)
    }

    /// Runs until nothing is left to do, or a limit of virtual time or of events.
    func run(for duration: Duration = .seconds(3600), events: Int = 200_000) {
        let end = self.now + duration
        for _ in 0..<events {
            let timeout = self.participants.compactMap { $0.meeting.nextTimeout }.min()
            let next = self.queue.indices.min { self.key($0) < self.key($1) }
            guard let at = earliest(timeout, next.map { self.queue[$0].at }), at <= end else { break }
            self.now = max(self.now, at)
            if let next, self.queue[next].at <= (timeout ?? .distantFuture) {
                self.handle(self.queue.remove(at: next).event)
            } else {
                for participant in self.participants
                where (participant.meeting.nextTimeout ?? .distantFuture) <= self.now {
                    participant.meeting.handleTimeout(at: self.now)
                    self.drain(participant)
                }
            }
        }
    }

    /// Cuts a participant's connection.
    func cut(_ participant: Participant) {
        guard let connection = participant.connection else { return }
        self.server.disconnect(connection)
        participant.connection = nil
        participant.meeting.disconnected(at: self.now)
        self.drain(participant)
    }

    /// Delivers a response to a participant, if it is connected then.
    func deliver(_ response: MailboxResponse, to index: Int, after duration: Duration) {
        self.after(duration) { world in
            guard index < world.participants.count, let connection = world.participants[index].connection else {
                return
            }
            world.schedule(.toClient(connection: connection, response), at: world.now)
        }
    }

    /// Ends a participant's program, without a word to the server.
    func kill(_ participant: Participant) {
        if let connection = participant.connection { self.server.disconnect(connection) }
        participant.connection = nil
        self.participants.removeAll { $0 === participant }
    }

    private func key(_ index: Int) -> (UInt64, Int) { (self.queue[index].at.nanoseconds, self.queue[index].order) }

    private func schedule(_ event: Event, at instant: Instant) {
        self.order += 1
        self.queue.append((instant, self.order, event))
    }

    private func participant(of connection: Int) -> Participant? {
        self.participants.first { $0.connection == connection }
    }

    private func handle(_ event: Event) {
        switch event {
        case .action(let action): action(self)
        case .connected(let participant, let connection):
            guard participant.meeting.wantsConnection, participant.connection == connection else { return }
            participant.meeting.connected(at: self.now)
            self.drain(participant)
            self.server.connect(connection)
        case .toServer(let connection, let text):
            guard !self.isCut(connection) else { return }
            self.server.handle(text, from: connection)
        case .toClient(let connection, let response):
            guard !self.isCut(connection), let participant = self.participant(of: connection) else { return }
            participant.meeting.handle(text: response.encoded.span, at: self.now)
            self.drain(participant)
        }
        self.deliver()
    }

    /// Counts a frame, and cuts its connection instead of delivering it if it is the one.
    private func isCut(_ connection: Int) -> Bool {
        guard let participant = self.participant(of: connection) else { return true }
        self.frames += 1
        guard let cutAt = self.cutAt, self.frames == cutAt || self.cutsForever && self.frames > cutAt else {
            return false
        }
        self.cut(participant)
        return true
    }

    private func deliver() {
        let responses = self.server.responses
        self.server.responses = []
        for (connection, response) in responses {
            guard let index = self.participants.firstIndex(where: { $0.connection == connection }) else { continue }
            for response in self.intercept(response, index) {
                self.schedule(.toClient(connection: connection, response), at: self.now + Self.delay)
            }
        }
    }

    /// Does what a driver does after each input.
    func drain(_ participant: Participant) {
        participant.act(at: self.now)
        while let text = participant.meeting.pollText() {
            guard let connection = participant.connection else { continue }
            self.schedule(.toServer(connection: connection, text), at: self.now + Self.delay)
        }
        let wants = participant.meeting.wantsConnection
        if wants, participant.connection == nil {
            self.connections += 1
            participant.connection = self.connections
            self.schedule(.connected(participant, connection: self.connections), at: self.now + Self.delay + Self.delay)
        } else if !wants, let connection = participant.connection {
            participant.connection = nil
            self.after(Self.delay + Self.delay) { $0.server.disconnect(connection) }
        }
    }
}

/// One side of a meeting, and what it was told.
final class Participant {
    var meeting: Meeting
    var connection: Int?
    let description: PeerDescription
    let candidates: [String]
    private(set) var events: [MeetingEvent] = []
    private(set) var code: Code?
    /// Whether the side leaves the mailbox when it knows all of the other side.
    var finishes = true
    /// Whether words are stretched as in earnest, which takes long.
    var stretches = false

    init(_ way: MeetingWay, seed: UInt64, candidates: Int) {
        self.meeting = Meeting(way, server: "example.org", secondsSince1970: 1_760_000_000, random: .seeded(seed))
        self.description = Sample.description(candidates: 2, seed: seed)
        self.candidates = (0..<candidates).map { "candidate:\($0) 1 udp 1 192.0.2.\($0) 5000 typ host" }
        self.meeting.describe(self.description)
        for candidate in self.candidates { self.meeting.addCandidate(candidate) }
        self.meeting.endOfCandidates()
    }

    /// Takes the events, and does what follows from them.
    fileprivate func act(at now: Instant) {
        while let event = self.meeting.pollEvent() {
            self.events.append(event)
            if case .code(let code) = event { self.code = code }
            if case .endOfCandidates = event, self.finishes { self.meeting.finish(at: now) }
        }
        guard let stretching = self.meeting.pollStretching(), let code = self.code else { return }
        let quick = PasswordScalar(bytes: Array(SHA256.hash(data: Array(code.description.utf8))))
        self.meeting.stretched(self.stretches ? try? stretching.run() : quick, at: now)
        self.act(at: now)
    }

    var failure: MeetingFailure? {
        self.events.lazy.compactMap { if case .failed(let failure) = $0 { failure } else { nil } }.first
    }

    var received: [PeerDescription] {
        self.events.compactMap { if case .description(let description) = $0 { description } else { nil } }
    }

    var receivedCandidates: [String] {
        self.events.compactMap { if case .candidate(let candidate) = $0 { candidate } else { nil } }
    }

    var isVerified: Bool { self.events.contains(.verified) }
    var isClosed: Bool { self.events.last == .closed }

    /// Whether it knows nothing that is not the other side's, and how the meeting came out is clear: it is left, or nobody
    /// else has come; under a secret, nobody else who knows it.
    func isSafe(from other: Participant, underSecret: Bool) -> Bool {
        let isAlone = underSecret ? !self.isVerified : !self.events.contains(.otherSideIsHere)
        return (self.isClosed || isAlone) && self.received.allSatisfy { $0 == other.description }
            && self.received.count <= 1 && (self.received.isEmpty || self.isVerified)
            && self.receivedCandidates == Array(other.candidates.prefix(self.receivedCandidates.count))
    }

    /// Whether it knows all of the other side, once, and has left in peace.
    func hasMet(_ other: Participant) -> Bool {
        self.received == [other.description] && self.receivedCandidates == other.candidates && self.failure == nil
            && self.isClosed
    }
}
