// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer

/// Takes what is offered, after asking, until the other side has nothing more.
actor ReceiveRole: SessionRole {
    private let session: Session
    private let desk: Desk
    private let takesEverything: Bool
    private let console: Console
    private var received = 0
    private var underWay = 0
    private var failure: ExitStatus?

    init(_ session: Session, _ desk: Desk, takesEverything: Bool, _ console: Console) {
        self.session = session
        self.desk = desk
        self.takesEverything = takesEverything
        self.console = console
    }

    func follow(_ events: AsyncStream<SessionEvent>) async -> ExitStatus {
        var reporter = SessionReporter(console: self.console, isChat: false)
        for await event in events {
            reporter.report(event, at: monotonicNow())
            switch event {
            case .offered(let id, let offer): self.consider(id, offer)
            case .transferred(_, let outcome): self.note(outcome)
            case .ended(let end): return self.status(after: end)
            default: break
            }
        }
        return .failed
    }

    /// Answers an offer; a question must not hold up what else happens.
    private func consider(_ id: TransferID, _ offer: TransferOffer) {
        self.underWay += 1
        guard !self.takesEverything else {
            Task { await self.accept(id) }
            return
        }
        Task {
            if await self.desk.ask("Take \(offer.summary)?") == true {
                await self.accept(id)
            } else {
                self.underWay -= 1
                self.failure = self.failure ?? .declined
                await self.session.decline(id)
            }
        }
    }

    private func accept(_ id: TransferID) async {
        do throws(SessionError) {
            try await self.session.accept(id, into: self.desk.target)
        } catch {
            self.underWay -= 1
            guard error != .noSuchOffer else { return }
            self.failure = self.failure ?? ExitStatus(error.exitStatus)
            self.console.fail(ProgramFailure(ExitStatus(error.exitStatus), error.description))
        }
    }

    private func note(_ outcome: TransferOutcome) {
        self.underWay -= 1
        if case .received = outcome {
            self.received += 1
        } else {
            self.failure = self.failure ?? ExitStatus(outcome.exitStatus)
        }
    }

    /// What was received stays received, however the session ends.
    private func status(after end: SessionEnd) -> ExitStatus {
        if let failure = self.failure { return failure }
        guard self.received == 0 || self.underWay > 0 else { return .done }
        guard case .finished = end else { return ExitStatus(end.exitStatus) }
        self.console.fail(ProgramFailure(.failed, "the other side ended without offering a file"))
        return .failed
    }
}
