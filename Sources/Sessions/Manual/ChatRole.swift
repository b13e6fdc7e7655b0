// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import FileTransfer
import Wire

/// Chat by lines: what is read is said, what is heard is written.
struct ChatRole: SessionRole {
    private let session: Session
    private let desk: Desk
    private let rendezvous: ManualRendezvous
    private let takesFiles: Bool
    private let console: Console

    init(_ session: Session, _ desk: Desk, _ rendezvous: ManualRendezvous, takesFiles: Bool, _ console: Console) {
        self.session = session
        self.desk = desk
        self.rendezvous = rendezvous
        self.takesFiles = takesFiles
        self.console = console
    }

    func follow(_ events: AsyncStream<SessionEvent>) async -> ExitStatus {
        var reporter = SessionReporter(console: self.console, isChat: true)
        let speaking = Task { await self.speak() }
        defer { speaking.cancel() }
        for await event in events {
            reporter.report(event, at: monotonicNow())
            switch event {
            case .offered(let id, let offer): await self.answer(id, offer)
            case .pathLost: await self.rendezvous.offerRestart()
            case .ended(let end): return ExitStatus(end.exitStatus)
            default: break
            }
            guard self.console.isOutputOpen else {
                Task { await self.session.interrupt() }
                self.console.fail(ProgramFailure(.failed, "standard output was closed"))
                return .failed
            }
        }
        return .failed
    }

    /// Says every line of the input, then finishes.
    private func speak() async {
        let reader = self.desk.input()
        while true {
            switch await reader.next() {
            case .line(let line):
                guard let text = await self.rendezvous.take(late: line) else { continue }
                do throws(SessionError) {
                    try await self.session.say(text)
                } catch .textTooLong {
                    self.complainOfLength()
                } catch {
                    return
                }
            case .tooLong: self.complainOfLength()
            case .silence: break
            case .end: return await self.session.finish()
            }
        }
    }

    private func complainOfLength() {
        self.console.say("icetalk: a line longer than \(ConversationLimits.textCount) bytes was not sent", .error)
    }

    private func answer(_ id: TransferID, _ offer: TransferOffer) async {
        guard self.takesFiles else {
            await self.session.decline(id)
            return self.console.say(
                "the other side offered \(offer.summary), which a chat takes with --yes alone: declined"
            )
        }
        do throws(SessionError) {
            try await self.session.accept(id, into: self.desk.target)
        } catch {
            self.console.say("icetalk: \(error.description)", .error)
        }
    }
}
