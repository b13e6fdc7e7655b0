// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer
import Glibc
import Reactor

/// One run of the program that meets its peer by pasted lines: chat, a file to send, or files to receive.
package struct ManualProgram: Sendable {
    /// What the run is for.
    package enum Purpose: Equatable, Sendable {
        /// Lines of input are messages.
        case chat
        /// A file is offered.
        case send(path: String)
        /// What is offered is taken, into a directory or under a name.
        case receive(out: String)
    }

    private let settings: ManualSettings
    private let console: Console
    private let interrupts: AsyncStream<Void>

    /// How long an interrupted session may take to tell the other side.
    private static let farewellLimit = Duration.seconds(3)

    /// Creates a run; `interrupts` has an element when a person wants it to end.
    package init(_ settings: ManualSettings, console: Console, interrupts: AsyncStream<Void>) {
        self.settings = settings
        self.console = console
        self.interrupts = interrupts
    }

    /// Runs to the end and tells how it ended; the reason for anything but `done` was told to people by then.
    package func run(_ purpose: Purpose) async -> ExitStatus {
        let verdict = Verdict()
        let runner = ManualRunner(self.settings, purpose, console: self.console, verdict: verdict)
        let console = self.console
        let work = Task {
            do throws(ProgramFailure) {
                try await runner.run()
            } catch {
                console.fail(error)
                verdict.settle(error.status)
            }
        }
        let interruption = Task { [interrupts = self.interrupts] in
            for await _ in interrupts {
                Task {
                    try? await Task.sleep(for: Self.farewellLimit)
                    verdict.settle(.interrupted)
                }
                if await !runner.interrupt() { verdict.settle(.interrupted) }
                return
            }
        }
        let status = await verdict.value()
        work.cancel()
        interruption.cancel()
        return status
    }
}

/// The parts of a run, put together: peer, rendezvous, session, and what the run is for.
actor ManualRunner {
    private let settings: ManualSettings
    private let purpose: ManualProgram.Purpose
    private let console: Console
    private let verdict: Verdict
    private var session: Session?
    private var wasInterrupted = false

    init(_ settings: ManualSettings, _ purpose: ManualProgram.Purpose, console: Console, verdict: Verdict) {
        self.settings = settings
        self.purpose = purpose
        self.console = console
        self.verdict = verdict
    }

    /// Does everything, and settles the verdict when the session has ended.
    func run() async throws(ProgramFailure) {
        let desk = try Desk(self.settings, self.purpose, console: self.console)
        let loop = try self.makeLoop()
        let peer = try await self.startPeer(on: loop)
        let rendezvous = ManualRendezvous(
            peer: peer,
            usesSDP: self.settings.usesSDP,
            output: PasteOutput(path: self.settings.pasteOut, console: self.console),
            console: self.console
        )
        let showing = Task { [verdict = self.verdict, console = self.console] in
            do throws(ProgramFailure) {
                try await rendezvous.show()
            } catch {
                console.fail(error)
                verdict.settle(error.status)
            }
        }
        let reader = try await self.lines(of: desk)
        var source = PasteSource(reader)
        let meeting = try await rendezvous.take(from: &source)
        if !desk.reads(reader) {
            Task { await rendezvous.follow(PasteSource(reader)) }
        }
        let session = Session(peer: peer, configuration: self.configuration(for: meeting))
        self.session = session
        if self.wasInterrupted { await session.interrupt() }
        let running = Task { await session.run() }
        let role = self.role(for: session, desk, rendezvous)
        let status = await role.follow(session.events)
        await running.value
        showing.cancel()
        loop.stop()
        // At the end of the process OpenSSL cleans up, and nobody must be using it.
        await loop.stopped()
        self.verdict.settle(self.wasInterrupted ? .interrupted : status)
    }

    /// A person wants it to end; whether the other side is being told.
    func interrupt() async -> Bool {
        self.wasInterrupted = true
        guard let session = self.session else { return false }
        self.console.say("interrupted: telling the other side…")
        await session.interrupt()
        return true
    }

    private func makeLoop() throws(ProgramFailure) -> EventLoop {
        do {
            return try EventLoop()
        } catch {
            throw ProgramFailure(.failed, "cannot begin: \(error)")
        }
    }

    private func startPeer(on loop: EventLoop) async throws(ProgramFailure) -> Peer {
        var configuration = Peer.Configuration()
        configuration.stunServers = self.settings.stunServers
        configuration.turnServers = self.settings.turnServers
        configuration.verifiesServers = self.settings.verifiesTURNServers
        configuration.policy = self.settings.policy
        configuration.selection = self.settings.selection
        configuration.hidesAddresses = self.settings.hidesAddresses
        configuration.reconnectTime = self.settings.reconnectTime
        do {
            let peer = try Peer(configuration, on: loop)
            try await peer.start()
            for server in self.settings.stunServers { self.console.say("asking the STUN server \(server)", .detail) }
            for server in self.settings.turnServers {
                self.console.say("asking the TURN server \(server.address)", .detail)
            }
            return peer
        } catch PeerError.noAddress {
            throw ProgramFailure(.noPath, self.noAddressSentence)
        } catch PeerError.noMulticastDNS {
            throw ProgramFailure(.noPath, "--mdns: port 5353 cannot be used for multicast DNS; go on without --mdns")
        } catch {
            throw ProgramFailure(.failed, "cannot begin: \(error)")
        }
    }

    private var noAddressSentence: String {
        let selection = self.settings.selection
        let family = selection.usesIPv4 ? (selection.usesIPv6 ? "" : " of IPv4") : " of IPv6"
        guard let interface = selection.interface else {
            return "this host has no address\(family) to be reached by"
        }
        return "the interface \(interface) does not exist or has no address\(family)"
    }

    /// Where the other side's line is read.
    private func lines(of desk: Desk) async throws(ProgramFailure) -> LineReader {
        guard let path = self.settings.pasteIn, path != "-" else { return desk.input() }
        return try await PasteSource.open(path, console: self.console)
    }

    private func configuration(for meeting: ManualRendezvous.Meeting) -> Session.Configuration {
        let signaling: Session.Signaling =
            switch meeting {
            case .symmetric: .symmetric
            case .sdp(let isOfferer): .sdp(isOfferer: isOfferer)
            }
        return Session.Configuration(
            name: self.settings.name,
            version: self.settings.version,
            signaling: signaling
        )
    }

    private func role(for session: Session, _ desk: Desk, _ rendezvous: ManualRendezvous) -> any SessionRole {
        switch self.purpose {
        case .chat: ChatRole(session, desk, rendezvous, takesFiles: self.settings.takesEverything, self.console)
        case .send(let path): SendRole(session, path: path, self.console)
        case .receive: ReceiveRole(session, desk, takesEverything: self.settings.takesEverything, self.console)
        }
    }
}
