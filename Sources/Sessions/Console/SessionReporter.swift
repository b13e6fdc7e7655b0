// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import DTLS
import FileTransfer
import ICE
import Peering
import Wire

/// Tells people and scripts what happens in a session.
struct SessionReporter {
    private let console: Console
    /// Whether chat texts are what was asked for, so that they go to standard output.
    private let isChat: Bool
    private var path: PathDescription?
    private var isPathless = false
    /// Whether the path that was told last is lost.
    private var isLost = false
    /// What the other side calls itself; nil where it says nothing.
    private var speaker: SafeText?
    /// What to say of the other side once the path is told.
    private var greeting: String?

    /// Creates a reporter that has told nothing.
    init(console: Console, isChat: Bool) {
        self.console = console
        self.isChat = isChat
    }

    /// Tells one event.
    mutating func report(_ event: SessionEvent, at now: Instant) {
        switch event {
        case .path(let path): self.report(path)
        case .secured(let fingerprint):
            self.console.say("secured: the other side's certificate is \(fingerprint)", .detail)
            self.tell("secured", ["fingerprint": .text(fingerprint.description)])
        case .peer(let hello): self.report(hello)
        case .chat(let chat): self.report(chat)
        case .delivered(let id):
            self.console.say("delivered", .trace)
            self.tell("delivered", ["id": .number(id)])
        case .quiet, .pathLost, .pathless, .impostor, .relayFailed: self.reportTrouble(event)
        case .offered(let id, let offer): self.report(offer, id)
        case .declined(let id):
            self.console.say("the other side declined the file")
            self.tell("declined", ["transfer": .number(id.number)])
        case .progress(let id, let progress): self.report(progress, of: id, at: now)
        case .transferred(let id, let outcome):
            self.console.showProgress(nil, at: now)
            self.report(outcome, of: id)
        case .nameNotFound(let name): self.console.say("nobody on this network answers for \(name)", .detail)
        case .localCandidate, .gatheringComplete, .stale: break
        case .ended(let end): self.report(end, at: now)
        }
    }

    private func tell(_ name: String, _ fields: [String: ConsoleEvent.Value?]) {
        self.console.tell(ConsoleEvent(name, fields))
    }
}

extension Console {
    /// Tells that a TURN server gives no address, and why.
    func reportUselessRelay(_ server: String, _ reason: SafeText) {
        self.say("the TURN server \(server) is of no use: \(reason)")
        self.tell(ConsoleEvent("relay-failed", ["server": .text(server), "reason": .text(reason.string)]))
    }
}

// MARK: - The connection

extension SessionReporter {
    private mutating func report(_ path: PathDescription) {
        let isFirst = self.path == nil
        guard isFirst || self.isLost || self.path?.local != path.local || self.path?.remote != path.remote else {
            return
        }
        self.path = path
        self.console.say("\(isFirst ? "connected" : self.isLost ? "connected again" : "path"): \(path)")
        self.isLost = false
        if let greeting = self.greeting.take() { self.console.say(greeting) }
        self.tell(
            isFirst ? "connected" : "path",
            [
                "path": .text(path.description),
                "direct": .flag(path.isDirect),
                "local": Self.value(path.local),
                "remote": Self.value(path.remote),
                "rtt": path.roundTripTime.map { .fraction(Double($0.wholeNanoseconds) / 1e9) },
            ]
        )
    }

    private static func value(_ candidate: Candidate) -> ConsoleEvent.Value {
        .object([
            "address": .text(candidate.address.description), "kind": .text(candidate.kind.rawValue),
            "transport": .text(candidate.transport.name),
        ])
    }

    private mutating func report(_ hello: PeerHello?) {
        let greeting =
            hello.map { "talking with \($0.displayedName) (icetalk \($0.displayedVersion))" }
            ?? "the other side is no icetalk but a browser, perhaps: text alone"
        if self.path == nil { self.greeting = greeting } else { self.console.say(greeting) }
        self.speaker = hello?.displayedName
        guard let hello else { return self.tell("peer", ["plain": .flag(true)]) }
        self.tell("peer", ["plain": .flag(false), "name": .text(hello.name), "version": .text(hello.version)])
    }

    private mutating func reportTrouble(_ event: SessionEvent) {
        switch event {
        case .quiet(let isQuiet):
            self.console.say(isQuiet ? "the other side is not heard, waiting…" : "the other side is heard again")
            self.tell("quiet", ["quiet": .flag(isQuiet)])
        case .pathLost(let limit):
            self.isLost = true
            self.console.say(
                "the connection is lost: looking for the other side for \(limit.inWords) since it was last heard "
                    + "(Ctrl-C ends it)"
            )
            self.tell("lost", ["limit": .fraction(Double(limit.wholeNanoseconds) / 1e9)])
        case .pathless:
            guard !self.isPathless, self.path == nil else { return }
            self.isPathless = true
            self.console.say(
                "no path to the other side yet: still trying. Did it take this side's line? "
                    + "If it talks with another peer already, it cannot."
            )
            self.tell("pathless", [:])
        case .impostor(let address):
            self.console.say("somebody else at \(address) tried to take the other side's place, and was kept out")
            self.tell("impostor", ["address": .text(address.description)])
        case .relayFailed(let server, let reason):
            self.console.reportUselessRelay(server, reason)
        default: break
        }
    }

    private func report(_ end: SessionEnd, at now: Instant) {
        self.console.showProgress(nil, at: now)
        self.console.say(end.sentence, end == .finished ? .detail : end == .interrupted ? .notice : .error)
        self.tell("ended", ["reason": .text(end.sentence), "status": .number(UInt64(end.exitStatus))])
    }
}

// MARK: - Chat and files

extension SessionReporter {
    private func report(_ chat: ReceivedChat) {
        self.console.note("a message of \(chat.text.utf8.count) bytes came")
        self.tell(
            "chat",
            ["id": .number(chat.id), "time": chat.time == 0 ? nil : .number(chat.time), "text": .text(chat.text)]
        )
        if self.isChat {
            self.console.writePayload(chat.lines, from: self.speaker)
        } else {
            self.console.say("message: \(chat.text)", isLogged: false)
        }
    }

    private func report(_ offer: TransferOffer, _ id: TransferID) {
        self.console.say("the other side offers \(offer.summary)", .detail)
        self.tell(
            "offer",
            [
                "transfer": .number(id.number),
                "name": .text(String(decoding: offer.name, as: UTF8.self)),
                "size": offer.size.map { .number($0) },
            ]
        )
    }

    private func report(_ progress: TransferProgress, of id: TransferID, at now: Instant) {
        self.console.showProgress(progress.line, at: now)
        self.tell(
            "progress",
            [
                "transfer": .number(id.number),
                "bytes": .number(progress.bytes),
                "total": progress.total.map { .number($0) },
                "percent": progress.percent.map { .number(UInt64(max($0, 0))) },
                "rate": progress.rate.map { .number(UInt64($0)) },
                "left": progress.secondsLeft.map { .number($0) },
            ]
        )
    }

    private func report(_ outcome: TransferOutcome, of id: TransferID) {
        switch outcome {
        case .delivered(let size):
            self.console.say("delivered: \(ByteCount.text(size)), verified and in place on the other side")
            self.tell("sent", ["transfer": .number(id.number), "size": .number(size)])
        case .received(let file):
            self.console.say("received: \(file.displayedPath) (\(ByteCount.text(file.size)))")
            self.tell(
                "received",
                [
                    "transfer": .number(id.number),
                    "path": .text(String(decoding: file.path, as: UTF8.self)),
                    "size": .number(file.size),
                    "sha256": .text(file.digest.hexadecimal),
                ]
            )
        case .failed(let failure):
            self.console.say("icetalk: \(failure.description)", .error)
            self.tell(
                "failed",
                [
                    "transfer": .number(id.number),
                    "message": .text(failure.description),
                    "status": .number(UInt64(failure.exitStatus)),
                ]
            )
        }
    }
}

extension ReceivedChat {
    /// The text on lines of which each but the first begins with a tab, so that a script can tell where a text begins.
    var lines: String {
        let safe = self.displayed.string
        let first = safe.hasPrefix("\t") ? "\\t" + safe.dropFirst() : safe
        return first.replacing("\n", with: "\n\t")
    }
}

extension TransferOffer {
    /// `film.mkv (1.2 GiB)`.
    var summary: String {
        guard let size = self.size else { return "\(self.displayedName)" }
        return "\(self.displayedName) (\(ByteCount.text(size)))"
    }
}

extension Duration {
    /// `10 min`, `90 s`.
    fileprivate var inWords: String {
        let seconds = self.components.seconds
        return seconds >= 120 && seconds % 60 == 0 ? "\(seconds / 60) min" : "\(seconds) s"
    }
}

extension SessionEnd {
    /// What is told at the end.
    var sentence: String {
        self.exitStatus == 0 || self == .interrupted ? self.description : "icetalk: \(self.description)"
    }
}
