// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import DTLS
import DataChannels
import DequeModule
package import ICE
import SCTP
package import Wire

/// A WebRTC peer without media, sans-IO: ICE, DTLS, SCTP and data channels as one core.
///
/// The two sides learn each other's description symmetrically (`setRemote(_:at:)`) or as offer and answer
/// (`makeOffer(at:)` and the rest, RFC 9429). After every mutation drain `pollTransmit` and `pollEvent`, then read
/// `nextTimeout`.
package struct PeerConnection: ~Copyable {
    /// What a peer connection is made with.
    package struct Configuration: Sendable {
        /// This side's certificate; fresh for every process.
        package var certificate: DTLSCertificate
        /// The largest message taken from the other side, in bytes.
        package var maxMessageSize: UInt32 = 262_144
        /// The user name fragment and password of this side; nil for fresh ones.
        package var credentials: ICECredentials?
        /// Whether the other side may come late: failed pairs are tried again for half an hour.
        package var isPatient = true
        /// How long a lost path is looked for, counted from the last sign of life; at least consent must have expired, too.
        package var reconnectTime = Duration.zero
        /// Which paths may be used.
        package var policy = PathPolicy.all
        /// The largest UDP payload that is sent, without what a relay needs around it.
        package var datagramSize = 1200

        /// Creates a configuration.
        package init(certificate: DTLSCertificate) {
            self.certificate = certificate
        }
    }

    /// How far this side and the other have come to know each other.
    enum Signaling {
        /// Nothing was given out or taken.
        case fresh
        /// An offer was made.
        case offered
        /// The other side's description is applied.
        case paired(PeerDescription)
    }

    /// When a search without success is told: RFC 8863 §4 gives the other side as long.
    static let searchTime = Duration.milliseconds(39_500)
    /// How often a selected path is probed that does not prove to be the other side's.
    static let maximumProbes = 20
    /// The time between two such probes, in nanoseconds.
    static let probeInterval: UInt64 = 500_000_000

    let configuration: Configuration
    var credentials: ICECredentials
    var random: RandomSource
    var signaling = Signaling.fresh
    var agent: ICEAgent
    let streams = StreamTable()
    let relays: RelaySet
    let tcp: TCPPaths
    /// Whether every TURN server had answered or failed when that was last looked at.
    var relaysHadGathered = true
    var early = EarlyHandshakes()
    var secure: SecureTransport?
    var association: Association
    var channels: DataChannelSet
    var localCandidates: [Candidate] = []
    var named = NamedCandidates()
    var route = Route()
    /// One SCTP packet on its way into a record.
    var packet = ByteWriter(capacity: 2048)
    /// Whether `packet` did not fit the run of equal segments that was sent last.
    var holdsPacket = false
    /// What later credentials of ICE are derived from, once the session is secured; nil towards peers that do not do so.
    var restartCredentials: RestartCredentials?
    /// Whether it was told that the other side is who it should be.
    var hasToldSecured = false
    /// Whether the other side is known to have ended the handshake as well.
    var isSecuredThere = false
    /// Those of an offer for a restart that was not answered yet.
    var offeredCredentials: ICECredentials?
    /// When the search for a peer that was lost ends.
    var reconnectDeadline: Instant?
    /// Since when the other side is not heard, as far as that was told.
    var quietSince: Instant?
    /// What is sent once more on a path that is not proven yet.
    var pendingProbe: (transmit: Transmit, bytes: [UInt8])?
    /// A message that was taken out of the association before its turn.
    var message: ReceivedMessage?
    var events: Deque<PeerEvent> = []
    /// When it is told that no path was found so far.
    var pathlessDeadline: Instant?
    /// Whether that was told, and no path found since.
    var isPathless = false
    /// The path that was told last.
    var toldPath: PathDescription?
    /// When the selected path is probed again.
    var nextProbe: Instant?
    /// How often it still may be.
    var probesLeft = 0
    /// Why the connection ended, until that is told.
    var untoldEnd: CloseReason?

    /// Whether the connection has ended; what is left to say to the other side may still be sent.
    package internal(set) var isClosed = false
    /// Datagrams and packets that were dropped because they made no sense or came from nobody known.
    package internal(set) var rejectedDatagrams: UInt64 = 0

    /// Creates a peer that does nothing until it gets addresses.
    package init(configuration: Configuration, random: RandomSource, at now: Instant) {
        var random = random
        self.configuration = configuration
        self.credentials = configuration.credentials ?? ICECredentials(random: &random)
        self.agent = ICEAgent(
            configuration: ICEAgent.Configuration(
                role: .controlling,
                localCredentials: self.credentials,
                isPatient: configuration.isPatient,
                isDirectOnly: configuration.policy == .direct
            ),
            random: random.fork(),
            at: now
        )
        self.association = Association(
            configuration: Self.associationConfiguration(configuration),
            random: random.fork()
        )
        self.tcp = TCPPaths(streams: self.streams)
        self.relays = RelaySet(streams: self.streams, random: random.fork())
        self.random = random.fork()
        self.channels = DataChannelSet(maxMessageSize: configuration.maxMessageSize)
    }

    private static func associationConfiguration(_ configuration: Configuration) -> Association.Configuration {
        var association = Association.Configuration()
        association.mtu = configuration.datagramSize - DTLSConnection.recordOverhead
        association.maximumMessageSize = Int(configuration.maxMessageSize)
        return association
    }
}

extension PeerConnection {
    /// Adds an address of this host to send from; its candidate is reported as an event.
    ///
    /// The other side is told its name instead if there is one, behind which `MDNS` hides it. When only relays may be used,
    /// it serves to reach them alone.
    package mutating func addLocalAddress(
        _ address: SocketAddress,
        name: String? = nil,
        localPreference: UInt16,
        at now: Instant
    ) {
        if self.configuration.policy != .relay {
            self.agent.addLocalAddress(address, name: name, localPreference: localPreference, at: now)
        }
        self.relays.addBase(address, localPreference: localPreference)
        self.pump(at: now)
    }

    /// Removes an address that this host has no longer; what went over it is looked for elsewhere.
    package mutating func removeLocalAddress(_ address: SocketAddress, at now: Instant) {
        self.relays.removeBase(address)
        self.agent.removeLocalAddress(address, at: now)
        self.pump(at: now)
    }

    /// Adds an address of this host for ICE over TCP (RFC 6544), unless only relays may be used.
    ///
    /// Connections for `accept(from:on:at:)` come in there, and streams can be opened from its IP address. Its port is not one
    /// of UDP on that address.
    package mutating func addTCPAddress(
        _ address: SocketAddress,
        name: String? = nil,
        localPreference: UInt16,
        at now: Instant
    ) {
        guard self.configuration.policy != .relay else { return }
        self.tcp.addBase(address)
        self.agent.addTCPAddress(address, name: name, localPreference: localPreference, at: now)
        self.pump(at: now)
    }

    /// Removes an address that was added for TCP, with all its connections.
    package mutating func removeTCPAddress(_ address: SocketAddress, at now: Instant) {
        for base in self.tcp.removeBase(address) { self.agent.removeLocalAddress(base, at: now) }
        self.pump(at: now)
    }

    /// Adds a STUN server to ask for server-reflexive candidates.
    package mutating func addSTUNServer(_ address: SocketAddress, at now: Instant) {
        self.agent.addSTUNServer(address, at: now)
        self.pump(at: now)
    }

    /// Adds a TURN server to ask for relayed candidates, unless only direct paths may be used.
    package mutating func addTURNServer(_ login: RelayServerLogin, at now: Instant) {
        guard self.configuration.policy != .direct, !self.isClosed else { return }
        self.relays.addServer(login)
        self.pump(at: now)
    }

    /// Lets the owner bind another socket beside one of this host's addresses (port 0), where a TURN server gives addresses of one
    /// family alone and is to be asked for the other; false when none is wanted.
    package mutating func supplySocket(at now: Instant, bind: (SocketAddress) -> SocketAddress?) -> Bool {
        guard self.relays.supplySocket(at: now, bind: bind) else { return false }
        self.pump(at: now)
        return true
    }

    /// Takes note that a TURN server has no address, so that this is told as other failures are.
    package mutating func noteUnresolvedRelay(_ server: String, because reason: String) {
        guard self.configuration.policy != .direct, !self.isClosed else { return }
        self.events.append(.relayUnresolved(server, reason))
    }

    /// This side's description with the candidates found so far.
    package var localDescription: PeerDescription {
        PeerDescription(
            credentials: self.credentials,
            fingerprint: self.configuration.certificate.fingerprint,
            candidates: self.localCandidates,
            maxMessageSize: self.configuration.maxMessageSize
        )
    }

    /// Whether every STUN and TURN server that is known so far has answered or failed.
    package var hasGathered: Bool { self.agent.gatheringState != .gathering && self.relays.hasGathered }

    /// Whether a TURN server that is reached over TCP or TLS is awaited, which takes longer.
    package var awaitsStreams: Bool { self.relays.awaitsStreams }

    /// The pairs and how their checks stand, for diagnostics.
    package var pairReports: [PairReport] { self.agent.pairReports }

    /// Sources that are remembered although they have not proven to be the other side; however many there are, it is
    /// bounded.
    package var rememberedStrangers: Int { self.early.paths.count + (self.secure?.rememberedStrangers ?? 0) }

    /// Ends the connection and tells the other side, by ABORT and `close_notify` as browsers do; `.closed(.local)`
    /// follows.
    package mutating func close(at now: Instant) {
        guard !self.isClosed else { return }
        self.association.abort(reason: "closed")
        self.end(.local)
        self.pump(at: now)
    }
}
