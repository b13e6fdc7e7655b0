// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DataChannels
import Peering
import Reactor
import SDP

/// A peer that does what it is told and sends each message back on the channel on which it came.
actor EchoPeer {
    /// Why a command cannot be carried out.
    enum Refusal: Error {
        /// A field that the command needs is missing.
        case missing(String)
        /// The field is there but means nothing.
        case malformed(String)
    }

    private let peer: Peer
    private var labels: [DataChannelID: String] = [:]
    /// Channels on which something came.
    private var heard: Set<DataChannelID> = []

    init(_ peer: Peer) {
        self.peer = peer
    }

    /// Binds sockets; candidates are known from then on.
    func start() async throws {
        try await self.peer.start()
    }

    /// Reports what happens and echoes messages, until the connection has ended.
    func run() async {
        while let batch = await self.peer.nextEvents() {
            for event in batch {
                await self.take(event)
            }
        }
        await self.peer.shutDown()
    }

    /// Does what the harness asks for.
    func carryOut(_ command: Command) async throws {
        switch command.verb {
        case .offer:
            try await self.tell("offer", self.peer.makeOffer(), trickles: command.trickle ?? false)
        case .answer:
            let offer = try SessionDescription(parsing: self.need(command.sdp, "sdp"))
            try await self.tell("answer", self.peer.setRemoteOffer(offer), trickles: command.trickle ?? false)
        case .accept:
            try await self.peer.setRemoteAnswer(SessionDescription(parsing: self.need(command.sdp, "sdp")))
        case .candidate:
            guard let candidate = CandidateAttribute(try self.need(command.candidate, "candidate")) else {
                throw Refusal.malformed("candidate")
            }
            try await self.peer.addRemoteCandidate(candidate)
        case .endOfCandidates:
            try await self.peer.addRemoteCandidate(nil)
        case .candidates:
            Report.candidates(try await self.peer.localDescription().candidates.map(\.attribute)).write()
        case .open:
            try await self.open(command.parameters, saying: command.text)
        case .close:
            await self.peer.closeChannel(DataChannelID(rawValue: try self.need(command.channel, "channel")))
        case .end:
            await self.end()
        }
    }

    /// Ends the connection, of which `run()` reports the end.
    func end() async {
        await self.peer.close()
    }

    private func need<Value>(_ value: Value?, _ name: String) throws(Refusal) -> Value {
        guard let value else { throw .missing(name) }
        return value
    }

    private func tell(_ kind: String, _ description: SessionDescription, trickles: Bool) {
        var description = description
        description.dataChannel.endOfCandidates = !trickles
        if trickles {
            description.dataChannel.candidates = []
        }
        Report.description(kind, description).write()
    }

    private func open(_ parameters: DataChannelParameters, saying text: String?) async throws {
        let channel = try await self.peer.openChannel(parameters)
        self.labels[channel] = parameters.label
        if let text {
            try await self.peer.send(Array(text.utf8), as: .text, on: channel)
        }
    }

    private func take(_ event: PeerEvent) async {
        switch event {
        case .established:
            Report.established.write()
        case .path(let path):
            Report.path(path).write()
        case .closed(let reason):
            Report.ended("\(reason)").write()
        case .channel(.opened(let channel, _)):
            guard let parameters = await self.peer.parameters(of: channel) else { return }
            self.labels[channel] = parameters.label
            await Report.open(channel, stream: self.peer.stream(of: channel), parameters).write()
        case .channel(.message(let channel, let kind, let bytes)):
            if self.heard.insert(channel).inserted { Report.heard(channel).write() }
            // A channel that is being closed takes no answer any more.
            try? await self.peer.send(bytes, as: kind, on: channel)
        case .channel(.closed(let channel, let reason)):
            Report.closed(channel, label: self.labels.removeValue(forKey: channel), reason: "\(reason)").write()
        default:
            Report.note("\(event)").write()
        }
    }
}
