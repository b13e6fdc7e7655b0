// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// How a TURN server is reached.
package enum RelayTransport: Hashable, Sendable {
    /// Datagrams.
    case udp
    /// A stream.
    case tcp
    /// A stream with TLS; the certificate must be for this server.
    case tls(ServerName)

    /// The word for people.
    package var name: String {
        switch self {
        case .udp: "UDP"
        case .tcp: "TCP"
        case .tls: "TLS"
        }
    }

    /// Whether the server is reached over a stream.
    package var isStream: Bool { self != .udp }
}

/// A TURN server, and who we are there.
package struct RelayServerLogin: Hashable, Sendable {
    /// Where it is.
    package let address: SocketAddress
    /// How it is reached.
    package let transport: RelayTransport
    /// The name of the user.
    package let username: String
    let password: String

    /// Creates a login.
    package init(address: SocketAddress, transport: RelayTransport = .udp, username: String, password: String) {
        self.address = address
        self.transport = transport
        self.username = username
        self.password = password
    }
}

extension RelayServerLogin: CustomStringConvertible, CustomReflectable {
    /// No word about the password.
    package var description: String { "\(self.username)@\(self.address)" }

    /// No look at the password.
    package var customMirror: Mirror { Mirror(self, children: ["address": self.address, "username": self.username]) }
}

/// Which paths may be used.
package enum PathPolicy: String, Hashable, Sendable, CaseIterable {
    /// Whatever works, the most direct first.
    case all
    /// No path with a relay of ours or the other side's.
    case direct
    /// Only paths through our relays: nobody but they learns of our addresses.
    case relay
}
