// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ICE
import Peering
import Reactor
import Rendezvous
import SDP
import Wire

/// Two people find each other by pasting lines: shows this side's and takes the other's, in any order.
actor ManualRendezvous {
    /// How the two sides came to know each other.
    enum Meeting: Equatable, Sendable {
        /// Two icetalk lines.
        case symmetric
        /// A session description was offered by this side, or answered.
        case sdp(isOfferer: Bool)
    }

    /// The line is printed when every server has answered or failed, and at the latest after this time.
    private static let gatheringLimit = Duration.seconds(2)
    /// The same while a TURN server over TCP or TLS has not answered: it needs more round trips, and may be all that works.
    private static let streamGatheringLimit = Duration.seconds(4)
    private static let gatheringPoll = Duration.milliseconds(20)
    /// How often it is looked whether the line given out is still right.
    private static let stalePoll = Duration.seconds(2)
    /// Candidates that are kept until there is a description to add them to.
    private static let maximumEarlyCandidates = 64

    private let peer: Peer
    private let usesSDP: Bool
    private let output: PasteOutput
    private let console: Console
    private var meeting: Meeting?
    private var taken: PeerDescription?
    private var earlyCandidates: [CandidateAttribute?] = []
    private var lastFailure: ProgramFailure?
    private var late = PastedInput()

    /// Creates a rendezvous for a peer that was started.
    init(peer: Peer, usesSDP: Bool, output: PasteOutput, console: Console) {
        self.peer = peer
        self.usesSDP = usesSDP
        self.output = output
        self.console = console
    }

    /// Shows this side's line, again when it has become stale, until the task is cancelled or the two sides have met.
    ///
    /// - Throws: `ProgramFailure` when the line cannot be written, or would tell nothing by which this side can be reached.
    func show() async throws(ProgramFailure) {
        await self.gather()
        await self.tellUselessRelays()
        guard await self.isReachable else {
            throw ProgramFailure(.noPath, "no TURN server gives an address, and nothing else may be used")
        }
        await self.tellCandidates()
        var shown = await self.writeOwn()
        try await self.output.write(shown.line)
        if self.meeting == nil, self.output.isShown { self.console.say(self.hint) }
        while self.meeting == nil, !Task.isCancelled {
            try? await Task.sleep(for: Self.stalePoll)
            guard self.meeting == nil, !Task.isCancelled, await self.isStale(shown.candidates) else { continue }
            self.console.say("the address of this side has changed: the line above is stale, give this one instead")
            shown = await self.writeOwn()
            try await self.output.write(shown.line)
        }
    }

    /// Takes pasted text until it holds what the other side can be reached by.
    ///
    /// - Throws: `ProgramFailure` with status 2 when the input ends before, 8 when it cannot be read.
    func take(from source: inout PasteSource) async throws(ProgramFailure) -> Meeting {
        while self.meeting == nil {
            let reading: PasteSource.Reading
            do throws(ProgramFailure) {
                reading = try await source.next()
            } catch {
                guard source.isTerminal else { throw error }
                self.complain(error, isTerminal: true)
                continue
            }
            switch reading {
            case .items(let items):
                for item in items {
                    await self.take(item, isTerminal: source.isTerminal)
                }
            case .incomplete(let pending):
                if source.isTerminal { self.console.say(Self.sentence(for: pending)) }
            case .end:
                guard self.meeting == nil else { break }
                throw self.lastFailure
                    ?? ProgramFailure(
                        .usage,
                        "the input ended before the other side's line came: paste the line that its icetalk printed"
                    )
            }
        }
        return self.meeting ?? .symmetric
    }

    /// Takes a line that came after the two sides had met; gives back what is not about meeting at all.
    ///
    /// Text that may hold a line is never given back: it carries a password.
    func take(late line: String) async -> String? {
        let isAwaited = if case .invitation = self.late.pending { true } else { false }
        let isSignaling = self.meeting != .symmetric && Self.maySignal(line)
        guard isAwaited || isSignaling || Invitation.isLikely(in: line) else { return line }
        var words: String?
        for item in self.late.take(line: line) {
            switch item {
            case .invitation(let description): self.takeLate(description)
            case .candidate(let candidate, _): try? await self.peer.addRemoteCandidate(candidate)
            case .endOfCandidates: try? await self.peer.addRemoteCandidate(nil)
            case .unrecognised: words = Invitation.isLikely(in: line) ? nil : line
            case .sessionDescription(let kind, let text): await self.takeLate(kind, text)
            case .failure: self.console.say(Self.noMessage)
            }
        }
        return words
    }

    /// The path to a browser is lost: gives out an offer by which it can be sought anew (RFC 8445 §9).
    ///
    /// Between two icetalk this is not needed, and nothing happens.
    func offerRestart() async {
        guard case .sdp(isOfferer: true) = self.meeting, let offer = try? await self.peer.makeRestartOffer() else { return }
        self.console.say("Give this offer to the other side, and paste the answer here, to go on:")
        try? await self.output.write(JSONMessage.line(kind: .offer, sdp: offer.text))
    }

    /// Follows a source to its end after the two sides have met: more candidates may come.
    func follow(_ source: consuming PasteSource) async {
        while let reading = try? await source.next() {
            switch reading {
            case .end: return
            case .incomplete: break
            case .items(let items):
                for item in items {
                    await self.takeFollowing(item)
                }
            }
        }
    }

    private func takeFollowing(_ item: PastedInput.Item) async {
        switch item {
        case .invitation(let description): self.takeLate(description)
        case .candidate(let candidate, _): try? await self.peer.addRemoteCandidate(candidate)
        case .endOfCandidates: try? await self.peer.addRemoteCandidate(nil)
        case .sessionDescription(let kind, let text): await self.takeLate(kind, text)
        case .unrecognised, .failure: break
        }
    }

    private static let noMessage = "what was pasted is not a message, and was not sent"

    /// A description that came after the two sides had met: the browser of this session asks for a restart, or agrees to one.
    private func takeLate(_ kind: DescriptionKind, _ text: String) async {
        guard self.meeting != .symmetric, let description = try? SessionDescription(parsing: text) else {
            return self.console.say(Self.noMessage)
        }
        do {
            switch kind {
            case .offer:
                let answer = try await self.peer.setRemoteOffer(description)
                try await self.output.write(JSONMessage.line(kind: .answer, sdp: answer.text))
            case .answer:
                try await self.peer.setRemoteAnswer(description)
            }
        } catch {
            self.console.say("this description is of no use here: already talking with another peer")
        }
    }

    private func takeLate(_ description: PeerDescription) {
        if description.fingerprint == self.taken?.fingerprint || description.belongs(to: self.peer.fingerprint) {
            self.console.say("the line was taken before", .detail)
        } else {
            self.console.say("this line came too late: already talking with another peer")
        }
    }

    /// Whether a line may be one by which browsers find each other.
    private static func maySignal(_ line: String) -> Bool {
        let text = line.drop { $0 == " " }
        let starts = [
            "candidate:", "a=candidate:", "a=end-of-candidates", "{\"candidate\"", "{\"type\":\"offer\"",
            "{\"type\":\"answer\"",
        ]
        return starts.contains { text.hasPrefix($0) }
    }
}

// MARK: - This side's line

extension ManualRendezvous {
    /// Waits until every server has answered or failed, but not for long, unless there is nothing to be told without them.
    private func gather() async {
        let clock = ContinuousClock()
        let start = clock.now
        var isLate = false
        while !Task.isCancelled, await !self.peer.hasGathered {
            let limit = await self.peer.awaitsStreams ? Self.streamGatheringLimit : Self.gatheringLimit
            if start.duration(to: clock.now) >= limit {
                guard await !self.isReachable else {
                    return self.console.say("not every server has answered: going on without", .detail)
                }
                if !isLate { self.console.say("no TURN server has answered yet, waiting…") }
                isLate = true
            }
            try? await Task.sleep(for: Self.gatheringPoll)
        }
    }

    /// Whether there is a candidate; with relays alone there may be none.
    ///
    /// A peer that has ended tells that itself.
    private var isReachable: Bool {
        get async { (try? await self.peer.localDescription())?.candidates.isEmpty != true }
    }

    private func tellUselessRelays() async {
        for failure in await self.peer.takeRelayFailures() {
            self.console.reportUselessRelay(failure.server, SafeText(failure.reason))
        }
    }

    private func tellCandidates() async {
        guard let description = try? await self.peer.localDescription() else { return }
        for candidate in description.candidates { self.tell(candidate, of: "this side's") }
    }

    private func tell(_ candidate: Candidate, of side: String) {
        let place = candidate.name.map { "\($0):\(candidate.address.port)" } ?? candidate.address.description
        let transport = candidate.transport.name
        self.console.say("\(side) candidate: \(transport) \(place) (\(candidate.kind.rawValue))", .trace)
    }

    /// What is to be given out now, and the reflexive candidates in it.
    private func writeOwn() async -> (line: String, candidates: [Candidate]) {
        guard let description = try? await self.peer.localDescription() else { return ("", []) }
        let reflexive = description.candidates.filter { $0.kind == .serverReflexive }
        guard self.usesSDP else { return (Invitation.line(for: description).uppercased(), reflexive) }
        guard let offer = try? await self.peer.makeOffer() else { return ("", reflexive) }
        return (JSONMessage.line(kind: .offer, sdp: offer.text), reflexive)
    }

    private func isStale(_ given: [Candidate]) async -> Bool {
        guard let description = try? await self.peer.localDescription() else { return false }
        return given.contains { candidate in !description.candidates.contains { $0.address == candidate.address } }
    }

    private var hint: String {
        self.usesSDP
            ? "Give this offer to the other side, and paste the answer here. A browser waits a minute at most."
            : "Send this line to the other side, paste theirs here and press Enter. There is half an hour for it."
    }
}

// MARK: - The other side's

extension ManualRendezvous {
    private func take(_ item: PastedInput.Item, isTerminal: Bool) async {
        do throws(ProgramFailure) {
            switch item {
            case .invitation(let description): try await self.take(description)
            case .sessionDescription(let kind, let text): try await self.take(kind, text)
            case .candidate(let candidate, _): await self.keep(candidate)
            case .endOfCandidates: await self.keep(nil)
            case .unrecognised: throw Self.notALine
            case .failure(let error): throw ProgramFailure(.usage, error.description)
            }
        } catch {
            self.complain(error, isTerminal: isTerminal)
        }
    }

    private static let notALine = ProgramFailure(
        .usage,
        "this is not an icetalk line: it begins with ICETALK1: and is printed by the other side's icetalk"
    )

    private func complain(_ failure: ProgramFailure, isTerminal: Bool) {
        guard self.meeting == nil else { return }
        // What follows a broken line on a pipe is often only the rest of it.
        if self.lastFailure == nil || failure != Self.notALine { self.lastFailure = failure }
        self.console.say(
            isTerminal ? "\(failure.message) – paste it again" : failure.message,
            isTerminal ? .error : .detail
        )
    }

    private func take(_ description: PeerDescription) async throws(ProgramFailure) {
        guard self.meeting == nil else { return self.takeLate(description) }
        guard !self.usesSDP else {
            throw ProgramFailure(
                .usage,
                "this is an icetalk line, and an SDP answer is awaited: run icetalk without --sdp to meet an icetalk"
            )
        }
        try await self.apply { peer in try await peer.setRemote(description) }
        self.taken = description
        for candidate in description.candidates { self.tell(candidate, of: "the other side's") }
        await self.met(.symmetric)
    }

    private func take(_ kind: DescriptionKind, _ text: String) async throws(ProgramFailure) {
        guard self.meeting == nil else { return }
        let description: SessionDescription
        do throws(SDPError) {
            description = try SessionDescription(parsing: text)
        } catch {
            throw ProgramFailure(.usage, error.description)
        }
        switch (kind, self.usesSDP) {
        case (.answer, true):
            try await self.apply { peer in try await peer.setRemoteAnswer(description) }
            await self.met(.sdp(isOfferer: true))
        case (.offer, false):
            try await self.answer(description)
        case (.answer, false):
            throw ProgramFailure(
                .usage,
                "this is an SDP answer where an offer is needed: make the offer with --sdp, and paste its answer there"
            )
        case (.offer, true):
            throw ProgramFailure(
                .usage,
                "this is an SDP offer, and this side made one itself: paste its answer, or run icetalk without --sdp"
            )
        }
    }

    private func answer(_ offer: SessionDescription) async throws(ProgramFailure) {
        await self.gather()
        let peer = self.peer
        let answer: SessionDescription
        do {
            answer = try await peer.setRemoteOffer(offer)
        } catch {
            throw Self.failure(for: error)
        }
        await self.met(.sdp(isOfferer: false))
        try await self.output.write(JSONMessage.line(kind: .answer, sdp: answer.text))
    }

    private func apply(_ body: (Peer) async throws -> Void) async throws(ProgramFailure) {
        do {
            try await body(self.peer)
        } catch {
            throw Self.failure(for: error)
        }
    }

    private static func failure(for error: any Error) -> ProgramFailure {
        guard let error = error as? PeeringError else { return ProgramFailure(.failed, "this side has ended") }
        if case .ownDescription = error {
            return ProgramFailure(.usage, "this is your own line: paste the one that the other side's icetalk printed")
        }
        return ProgramFailure(.usage, error.description)
    }

    private func met(_ meeting: Meeting) async {
        self.meeting = meeting
        self.console.say("looking for a path to the other side…")
        for candidate in self.earlyCandidates {
            try? await self.peer.addRemoteCandidate(candidate)
        }
        self.earlyCandidates = []
    }

    private func keep(_ candidate: CandidateAttribute?) async {
        if self.meeting != nil {
            try? await self.peer.addRemoteCandidate(candidate)
        } else if self.earlyCandidates.count < Self.maximumEarlyCandidates {
            self.earlyCandidates.append(candidate)
        }
    }

    private static func sentence(for pending: PastedInput.Pending) -> String {
        switch pending {
        case .invitation(let missing):
            "the line is not whole yet: at least \(missing) characters are missing; "
                + "paste the rest, or an empty line to begin anew"
        case .sessionDescription: "the description is not whole yet: paste the rest, or an empty line"
        case .json: "the JSON is not whole yet: paste the rest, or an empty line to begin anew"
        }
    }
}
