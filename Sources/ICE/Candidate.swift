// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import SDP
package import Wire

/// How a candidate came to be known (RFC 8445 §5.1.1).
package enum CandidateKind: String, Hashable, Sendable, CaseIterable {
    /// An address of an interface of this host.
    case host
    /// The address that a STUN server saw.
    case serverReflexive = "srflx"
    /// The address that the peer saw, or from which the peer was heard.
    case peerReflexive = "prflx"
    /// An address on a TURN server.
    case relayed = "relay"

    /// The type preference that RFC 8445 §5.1.2.2 recommends; over TCP what Chromium has, below all UDP without a relay.
    func preference(over transport: CandidateTransport) -> UInt32 {
        switch (self, transport) {
        case (.host, .udp): 126
        case (.peerReflexive, .udp): 110
        case (.serverReflexive, .udp): 100
        case (.host, .tcp): 90
        case (.peerReflexive, .tcp): 80
        case (.serverReflexive, .tcp): 70
        case (.relayed, _): 0
        }
    }
}

/// The protocol between two candidates.
package enum CandidateTransport: Hashable, Sendable {
    /// Datagrams.
    case udp
    /// A stream (RFC 6544), and who begins it.
    case tcp(CandidateAttribute.TCPType)

    /// RFC 6544 §4.5: the port that stands for "any" in an active candidate.
    package static let activePort: UInt16 = 9

    /// The word for people, and in SDP.
    package var name: String { self.isTCP ? "tcp" : "udp" }

    /// Whether it is a stream.
    package var isTCP: Bool { self != .udp }

    /// Whether a local candidate of this transport forms pairs with a remote one (RFC 6544 §6.2): datagrams with datagrams,
    /// and who connects with who listens; who listens waits to be connected to.
    func pairs(with remote: CandidateTransport) -> Bool {
        switch (self, remote) {
        case (.udp, .udp), (.tcp(.active), .tcp(.passive)): true
        case (.udp, .tcp), (.tcp, _): false
        }
    }

    /// That of the other end of a connection.
    var opposite: CandidateTransport {
        switch self {
        case .udp: .udp
        case .tcp(.active): .tcp(.passive)
        case .tcp(.passive): .tcp(.active)
        case .tcp(.simultaneousOpen): .tcp(.simultaneousOpen)
        }
    }
}

/// A transport address at which an agent may be reached (RFC 8445 §5.1).
package struct Candidate: Hashable, Sendable {
    /// How it came to be known.
    package var kind: CandidateKind
    /// The protocol.
    package var transport = CandidateTransport.udp
    /// Where to send; of a remote candidate whose name is still to be resolved, the unspecified address and the port.
    package var address: SocketAddress
    /// The name under `.local` that is told instead of the address (draft-ietf-mmusic-mdns-ice-candidates); nil where the
    /// address is told.
    package var name: String?
    /// Equal for candidates of one kind, base address, server and transport (RFC 8445 §5.1.1.3); 1 to 32 ice-chars.
    package var foundation: String
    /// RFC 8445 §5.1.2.
    package var priority: UInt32
    /// The base that a reflexive or relayed candidate was learned from, as told to the peer (`raddr`); nil where hidden.
    package var relatedAddress: SocketAddress?

    /// Creates a candidate.
    package init(
        kind: CandidateKind,
        transport: CandidateTransport = .udp,
        address: SocketAddress,
        name: String? = nil,
        foundation: String,
        priority: UInt32,
        relatedAddress: SocketAddress? = nil
    ) {
        self.kind = kind
        self.transport = transport
        self.address = address
        self.name = name
        self.foundation = foundation
        self.priority = priority
        self.relatedAddress = relatedAddress
    }

    /// RFC 8445 §5.1.2.1 for component 1.
    package static func priority(
        kind: CandidateKind,
        over transport: CandidateTransport = .udp,
        localPreference: UInt16
    ) -> UInt32 {
        kind.preference(over: transport) << 24 | UInt32(localPreference) << 8 | 255
    }

    /// RFC 6544 §4.2: the local preference of a TCP candidate begins with three bits for its direction.
    static func localPreference(_ rank: UInt16, of kind: CandidateKind, over transport: CandidateTransport) -> UInt16 {
        guard case .tcp(let type) = transport else { return rank }
        let isReflexive = kind == .serverReflexive || kind == .peerReflexive
        let direction: UInt16 =
            switch type {
            case .active: isReflexive ? 4 : 6
            case .passive: isReflexive ? 2 : 4
            case .simultaneousOpen: isReflexive ? 6 : 2
            }
        return direction << 13 | rank & 0x1FFF
    }
}

/// The user name fragment and password of one side for one generation of ICE (RFC 8839 §5.4).
package struct ICECredentials: Hashable, Sendable {
    /// 4 to 256 ice-chars.
    package var usernameFragment: String
    /// 22 to 256 ice-chars; never logged.
    package var password: String

    /// Creates credentials from what the other side sent, or from a stored pair.
    package init(usernameFragment: String, password: String) {
        self.usernameFragment = usernameFragment
        self.password = password
    }

    /// Draws fresh credentials: 48 bits of user name fragment, 144 bits of password.
    package init(random: inout RandomSource) {
        self.init(derivedFrom: random.bytes(Self.derivationBytes))
    }

    /// Bytes that credentials are derived from.
    package static let derivationBytes = 8 + 24

    /// Derives credentials from as many secret bytes as `derivationBytes` says.
    package init(derivedFrom bytes: [UInt8]) {
        self.usernameFragment = Self.iceCharacters(bytes.prefix(8))
        self.password = Self.iceCharacters(bytes.dropFirst(8).prefix(24))
    }

    private static func iceCharacters(_ bytes: some Sequence<UInt8>) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        return String(bytes.map { alphabet[Int($0 & 63)] })
    }
}

extension ICECredentials: CustomStringConvertible {
    /// The user name fragment alone: a password does not belong in a log.
    package var description: String { "ICECredentials(\(self.usernameFragment))" }
}
