// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

extension Association {
    /// The congestion controls that can be chosen.
    package enum CongestionControlAlgorithm: Hashable, Sendable {
        /// RFC 9260 §7.
        case reno
    }

    /// What an association is created with.
    package struct Configuration: Hashable, Sendable {
        /// The port of this side; 5000 by convention.
        package var localPort: UInt16 = 5000
        /// The port of the peer.
        package var remotePort: UInt16 = 5000
        /// Bytes of the largest SCTP packet; 1,191 is what browsers send.
        package var mtu = 1191
        /// Bytes of received data that may wait for the user at first: a_rwnd.
        package var receiveWindow = 2 << 20
        /// To how many bytes the receive window may grow.
        package var maximumReceiveWindow = 16 << 20
        /// On how many streams this side wants to send.
        package var outboundStreams: UInt16 = .max
        /// On how many streams the peer may send.
        package var inboundStreams: UInt16 = .max
        /// The largest message that is accepted from the peer, in bytes.
        package var maximumMessageSize = 262_144
        /// The congestion control.
        package var congestionControl = CongestionControlAlgorithm.reno
        /// RTO before any measurement (RFC 9260 §16: RTO.Initial).
        package var initialTimeout: Duration = .seconds(1)
        /// RTO.Min; above 200 ms, the time that a peer may delay a SACK, plus some travel.
        package var minimumTimeout: Duration = .milliseconds(400)
        /// RTO.Min toward another icetalk, which does not delay a SACK by more than 20 ms.
        package var minimumIcetalkTimeout: Duration = .milliseconds(200)
        /// RTO.Max.
        package var maximumTimeout: Duration = .seconds(60)
        /// Where the doubling of RTO ends, as browsers have it.
        package var maximumBackoff: Duration = .seconds(3)
        /// After how many unanswered INITs or COOKIE ECHOs the association fails.
        package var maximumHandshakeAttempts = 60
        /// After how many expirations of T3-rtx in a row the association fails; nil leaves that to consent (RFC 7675).
        package var maximumRetransmissions: Int?
        /// How long the path is idle until a HEARTBEAT is sent (HB.interval).
        package var heartbeatInterval: Duration = .seconds(30)
        /// How long a state cookie is good (Valid.Cookie.Life).
        package var cookieLifetime: Duration = .seconds(60)
        /// Whether RFC 9653 is declared, and used toward a peer that declared it.
        package var usesZeroChecksum = false
        /// Whether RE-CONFIG is announced.
        package var supportsReconfig = true
        /// Whether FORWARD-TSN is announced.
        package var supportsForwardTSN = true
        /// Whether the peer is told that one SACK for many packets suffices.
        package var coalescesSACKs = true

        /// Creates the default configuration.
        package init() {}

        /// The extensions to announce.
        var extensions: SupportedExtensions {
            var extensions: SupportedExtensions = []
            if self.supportsReconfig { extensions.insert(.reconfig) }
            if self.supportsForwardTSN { extensions.insert(.forwardTSN) }
            return extensions
        }

        /// The smallest packet that the association can work with.
        static let minimumMTU = 512
    }
}
