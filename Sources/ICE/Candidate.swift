// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

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

    /// The type preference that RFC 8445 §5.1.2.2 recommends.
    package var preference: UInt32 {
        switch self {
        case .host: 126
        case .peerReflexive: 110
        case .serverReflexive: 100
        case .relayed: 0
        }
    }
}

/// A transport address at which an agent may be reached (RFC 8445 §5.1).
package struct Candidate: Hashable, Sendable {
    /// How it came to be known.
    package var kind: CandidateKind
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
        address: SocketAddress,
        name: String? = nil,
        foundation: String,
        priority: UInt32,
        relatedAddress: SocketAddress? = nil
    ) {
        self.kind = kind
        self.address = address
        self.name = name
        self.foundation = foundation
        self.priority = priority
        self.relatedAddress = relatedAddress
    }

    /// RFC 8445 §5.1.2.1 for component 1.
    package static func priority(kind: CandidateKind, localPreference: UInt16) -> UInt32 {
        kind.preference << 24 | UInt32(localPreference) << 8 | 255
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
