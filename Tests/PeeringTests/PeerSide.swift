// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import DataChannels
import ICE
import Peering
import Wire

/// One peer on one host, and all that it told its owner.
final class PeerSide {
    /// What came on a data channel.
    struct Message: Equatable {
        var channel: DataChannelID
        var kind: DataChannelMessageKind
        var bytes: [UInt8]
    }

    /// Which datagrams leave the host.
    enum Voice {
        /// All of them.
        case full
        /// Connectivity checks alone: it passes for a peer and never says a word of DTLS.
        case checksOnly
        /// None.
        case mute
    }

    let name: String
    var addresses: [SocketAddress]
    /// Whether it asks STUN servers.
    let usesServers: Bool
    var connection: PeerConnection
    var voice = Voice.full
    /// An owner who does not take events lets messages wait in the association.
    var takesEvents = true

    private(set) var received: [Message] = []
    private(set) var opened: [DataChannelID] = []
    private(set) var closedChannels: [DataChannelID] = []
    private(set) var roomAgain: [DataChannelID] = []
    private(set) var paths: [PathDescription] = []
    private(set) var impostors: [SocketAddress] = []
    private(set) var secured: [Fingerprint] = []
    private(set) var quiet: [Bool] = []
    private(set) var candidates: [Candidate] = []
    private(set) var gatherings = 0
    private(set) var failedRelays: [SocketAddress] = []
    private(set) var lostNames: [String] = []
    /// Why, in the order in which it was told.
    private(set) var relayFailures: [String] = []
    private(set) var establishedAt: Instant?
    private(set) var closeReason: CloseReason?
    private(set) var lostPaths = 0
    private(set) var isPathless = false
    /// Whether the other side said that it is paired with somebody else.
    private(set) var isRefused = false
    private(set) var isStale = false
    /// What followed the end, where nothing may follow.
    private(set) var eventsAfterEnd = 0

    init(name: String, addresses: [SocketAddress], usesServers: Bool, connection: consuming PeerConnection) {
        self.name = name
        self.addresses = addresses
        self.usesServers = usesServers
        self.connection = connection
    }

    var isEstablished: Bool { self.establishedAt != nil }

    /// The path that was told last.
    var path: PathDescription? { self.paths.last }

    /// The bytes that came on a channel, in the order of their coming.
    func bytes(on channel: DataChannelID?) -> [[UInt8]] {
        self.received.filter { $0.channel == channel }.map(\.bytes)
    }

    /// The channel that was opened with a label, once it is open.
    func channel(labelled label: String) -> DataChannelID? {
        self.opened.first { self.connection.parameters(of: $0)?.label == label }
    }

    /// Takes note of an event at an instant.
    func take(_ event: PeerEvent, at now: Instant) {
        if self.closeReason != nil { self.eventsAfterEnd += 1 }
        switch event {
        case .localCandidate(let candidate): self.candidates.append(candidate)
        case .localDescriptionStale: self.isStale = true
        case .gatheringComplete: self.gatherings += 1
        case .relayFailed(let server, let reason):
            self.failedRelays.append(server)
            self.relayFailures.append(reason)
        case .relayUnresolved(_, let reason): self.relayFailures.append(reason)
        case .nameNotFound(let name): self.lostNames.append(name)
        case .path(let path): self.paths.append(path)
        case .quiet(let isQuiet): self.quiet.append(isQuiet)
        case .pathLost: self.lostPaths += 1
        case .pathless: self.isPathless = true
        case .refused: self.isRefused = true
        case .impostor(let address): self.impostors.append(address)
        case .secured(let fingerprint): self.secured.append(fingerprint)
        case .established: self.establishedAt = now
        case .channel(let event): self.take(event)
        case .closed(let reason): self.closeReason = reason
        }
    }

    private func take(_ event: DataChannelEvent) {
        switch event {
        case .opened(let channel, _): self.opened.append(channel)
        case .message(let channel, let kind, let bytes):
            self.received.append(Message(channel: channel, kind: kind, bytes: bytes))
        case .invalidText: break
        case .bufferedAmountLow(let channel): self.roomAgain.append(channel)
        case .closed(let channel, _): self.closedChannels.append(channel)
        }
    }
}
