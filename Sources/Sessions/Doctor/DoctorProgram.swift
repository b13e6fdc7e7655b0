// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Reactor
import STUN
import Wire

/// One run of the program that examines this network and tells what it is.
package struct DoctorProgram: Sendable {
    private let settings: DoctorSettings
    private let console: Console
    private let showsAll: Bool
    private let interrupts: AsyncStream<Void>

    /// Creates a run; `interrupts` has an element when a person wants it to end.
    package init(
        _ settings: DoctorSettings,
        console: Console,
        showsAll: Bool,
        interrupts: AsyncStream<Void>
    ) {
        self.settings = settings
        self.console = console
        self.showsAll = showsAll
        self.interrupts = interrupts
    }

    /// Examines and tells; an interrupt ends a measurement with what is known, and anything else at once.
    ///
    /// - Throws: `ProgramFailure` when this host does not let itself be examined.
    package func run() async throws(ProgramFailure) -> ExitStatus {
        let loop: EventLoop
        do {
            loop = try EventLoop()
        } catch {
            throw ProgramFailure(.failed, "cannot begin: \(error)")
        }
        defer { loop.stop() }
        let doctor = Doctor(self.settings, on: loop)
        let verdict = Verdict()
        let work = Task {
            do throws(ProgramFailure) {
                verdict.settle(try await self.examine(with: doctor, on: loop))
            } catch {
                self.console.fail(error)
                verdict.settle(error.status)
            }
        }
        let interruption = Task { [interrupts = self.interrupts] in
            for await _ in interrupts {
                if await !doctor.stopMeasuring() { verdict.settle(.interrupted) }
                return
            }
        }
        let status = await verdict.value()
        work.cancel()
        interruption.cancel()
        self.console.showProgress(nil, at: loop.now())
        return status
    }

    private func examine(with doctor: Doctor, on loop: EventLoop) async throws(ProgramFailure) -> ExitStatus {
        let count = self.settings.stunServers.count + self.settings.turnServers.count
        let servers = count == 1 ? "1 server" : "\(count) servers"
        let findings: DoctorFindings
        do {
            findings = try await self.showingTime("asking \(servers), 12 s at most", on: loop) {
                () async throws(SystemError) in try await doctor.examine()
            }
        } catch {
            throw ProgramFailure(.failed, "cannot examine this host: \(error)")
        }
        let verdict = DoctorVerdict(findings)
        for event in findings.events + verdict.events { self.console.tell(event) }
        for line in DoctorReport(findings, verdict, showsAll: self.showsAll).lines {
            self.console.writePayload(line)
            self.console.note(line)
        }
        if self.settings.measuresLifetime { await self.measureLifetime(findings, with: doctor, on: loop) }
        return verdict.status
    }

    private func measureLifetime(_ findings: DoctorFindings, with doctor: Doctor, on loop: EventLoop) async {
        guard let path = findings.paths.first(where: { $0.behavior.mapped != nil }) else { return }
        let limit = LifetimeDiscovery.limit.components.seconds
        self.console.say(
            "measuring how long an unused mapping of \(path.address.ip) is kept, \(limit) s at most; Ctrl-C ends it"
        )
        let measured = await self.showingTime("at most \(limit) s", on: loop) {
            await doctor.measureLifetime(of: path)
        }
        guard let measured else { return }
        self.console.tell(measured.event(of: path))
        self.console.writePayload(measured.sentence)
        self.console.note(measured.sentence)
    }

    /// Does something while the seconds are shown.
    private func showingTime<Result: Sendable, Failure: Error>(
        _ text: String,
        on loop: EventLoop,
        _ body: () async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        let start = loop.now()
        let ticking = Task {
            while !Task.isCancelled {
                let now = loop.now()
                self.console.showProgress("\(text): \((now - start).components.seconds) s", at: now)
                try? await Task.sleep(for: .seconds(1))
            }
        }
        defer {
            ticking.cancel()
            self.console.showProgress(nil, at: loop.now())
        }
        return try await body()
    }
}
