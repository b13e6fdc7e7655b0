// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer

/// Offers one file, and ends when the other side has it or does not want it.
actor SendRole: SessionRole {
    private let session: Session
    private let path: String
    private let console: Console
    private var outcome: ExitStatus?
    private var hasOffered = false

    init(_ session: Session, path: String, _ console: Console) {
        self.session = session
        self.path = path
        self.console = console
    }

    func follow(_ events: AsyncStream<SessionEvent>) async -> ExitStatus {
        var reporter = SessionReporter(console: self.console, isChat: false)
        for await event in events {
            reporter.report(event, at: monotonicNow())
            switch event {
            case .peer: await self.offer()
            case .offered(let id, _): await self.session.decline(id)
            case .declined: self.finish(.declined)
            case .transferred(_, let outcome): self.finish(ExitStatus(outcome.exitStatus))
            case .ended(let end): return self.status(after: end)
            default: break
            }
        }
        return .failed
    }

    private func offer() async {
        guard !self.hasOffered else { return }
        self.hasOffered = true
        do throws(SessionError) {
            let source: SourceFile
            do throws(FileFailure) {
                source = try SourceFile(path: self.path)
            } catch {
                throw SessionError.file(error)
            }
            let summary = source.offer.summary
            _ = try await self.session.offer(source)
            self.console.say("offered \(summary): waiting for the other side to take it…")
        } catch {
            self.console.fail(ProgramFailure(ExitStatus(error.exitStatus), error.description))
            self.finish(ExitStatus(error.exitStatus))
        }
    }

    /// Nothing more is to be done; events go on until the other side knows that.
    private func finish(_ status: ExitStatus) {
        self.outcome = status
        Task { await self.session.finish() }
    }

    /// A file that is delivered stays delivered, however the session ends.
    private func status(after end: SessionEnd) -> ExitStatus {
        if let outcome = self.outcome { return outcome }
        guard case .finished = end else { return ExitStatus(end.exitStatus) }
        self.console.fail(ProgramFailure(.failed, "the other side ended without taking the file"))
        return .failed
    }
}
