// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import DTLS
package import DataChannels
import DequeModule
package import ICE
import SCTP
package import Wire

/// A WebRTC peer without media, sans-IO: ICE, DTLS, SCTP and data channels as one core.
///
/// The two sides learn each other's description symmetrically (`setRemote(_:at:)`) or as offer and answer
/// (`makeOffer(at:)` and the rest, RFC 9429). After every mutation drain `pollTransmit` and `pollEvent`, then read `nextTimeout`.
package struct PeerConnection: ~Copyable {
    /// What a peer connection is made with.
    package struct Configuration: Sendable {
        /// This side's certificate; fresh for every process.
        package var certificate: DTLSCertificate
        /// The largest message taken from the other side, in bytes.
        package var maxMessageSize: UInt32 = 262_144
        /// Whether the other side may come late: failed pairs are tried again for half an hour.
        package var isPatient = true
        /// The largest UDP payload that is sent.
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

    let configuration: Configuration
    let credentials: ICECredentials
    var signaling = Signaling.fresh
    var agent: ICEAgent
    var early = EarlyHandshakes()
    var secure: SecureTransport?
    var association: Association
    var channels: DataChannelSet
    var localCandidates: [Candidate] = []
    var route = Route()
    var packet = ByteWriter(capacity: 2048)
    var holdsPacket = false
    var events: Deque<PeerEvent> = []
    var isClosed = false
    var random: RandomSource

    /// Creates a peer that does nothing until it gets addresses.
    package init(configuration: Configuration, random: RandomSource, at now: Instant) {
        var random = random
        self.configuration = configuration
        self.credentials = ICECredentials(random: &random)
        self.agent = ICEAgent(
            configuration: ICEAgent.Configuration(
                role: .controlling,
                localCredentials: self.credentials,
                isPatient: configuration.isPatient
            ),
            random: random.fork(),
            at: now
        )
        self.association = Association(configuration: Self.associationConfiguration(configuration), random: random.fork())
        self.channels = DataChannelSet(maxMessageSize: configuration.maxMessageSize)
        self.random = random
    }

    private static func associationConfiguration(_ configuration: Configuration) -> Association.Configuration {
        var association = Association.Configuration()
        association.packetSize = configuration.datagramSize - DTLSConnection.recordOverhead
        association.maxMessageSize = Int(configuration.maxMessageSize)
        return association
    }
}

extension PeerConnection {
    /// Adds an address of this host to send from; its candidate is reported as an event.
    package mutating func addLocalAddress(_ address: SocketAddress, localPreference: UInt16, at now: Instant) {
        self.agent.addLocalAddress(address, localPreference: localPreference, at: now)
        self.pump(at: now)
    }

    /// Adds a STUN server to ask for server-reflexive candidates.
    package mutating func addSTUNServer(_ address: SocketAddress, at now: Instant) {
        self.agent.addSTUNServer(address, at: now)
        self.pump(at: now)
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

    /// Closes politely: channels and association end, the other side is told, then `.closed(.local)` is reported.
    package mutating func close(at now: Instant) {
        guard !self.isClosed else { return }
        self.association.abort(reason: .userInitiated("closed"), at: now)
        self.flushLastPackets(at: now)
        self.secure?.close(at: now)
        self.end(.local)
    }
}
