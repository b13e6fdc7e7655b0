// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

extension Allocation {
    /// How the server is reached.
    package enum Transport: Hashable, Sendable {
        /// Each message is a datagram.
        case datagram
        /// Messages follow one another in a stream: TCP, or TLS.
        case stream
    }

    /// What is asked of a server.
    package enum Relay: Hashable, Sendable {
        /// One relayed address of a family.
        case only(AddressFamily)
        /// One of IPv4 and, where the server can, one of IPv6.
        case both
    }

    /// What an allocation is made with.
    package struct Configuration: Sendable {
        /// The server.
        package let server: SocketAddress
        /// How it is reached.
        package let transport: Transport
        /// The name of the user; time-limited names of REST services are names like others.
        package let username: String
        let password: String
        /// What is asked for.
        package var relay: Relay = .both
        /// For how many seconds the allocation is asked; the server decides.
        ///
        /// RFC 8656 §3.2: 600 is the default.
        package var lifetime: UInt32 = 600
        /// Whether peers are to be sent datagrams with DF; given up where the server does not know how.
        package var wantsDontFragment = false
        /// The servers that sent us on, the first one first.
        package private(set) var visited: [SocketAddress] = []

        /// The server that was asked first.
        package var origin: SocketAddress { self.visited.first ?? self.server }

        /// The most servers that may send us on to another.
        package static let maximumRedirections = 3

        /// Creates a configuration.
        package init(server: SocketAddress, transport: Transport = .datagram, username: String, password: String) {
            self.server = server
            self.transport = transport
            self.username = username
            self.password = password
        }

        /// The same at another server, to which this one sends us; nil when that leads nowhere.
        ///
        /// RFC 8489 §10: a server that was asked before is not asked again, and "the IP address family MUST be
        /// identical" (§14.15).
        package func redirected(to other: SocketAddress) -> Configuration? {
            let visited = self.visited + [self.server]
            guard visited.count <= Self.maximumRedirections, !visited.contains(other), other.port != 0,
                other.ip.isIPv4 == self.server.ip.isIPv4, !other.ip.isUnspecified, !other.ip.isMulticast
            else { return nil }
            var next = Configuration(
                server: other,
                transport: self.transport,
                username: self.username,
                password: self.password
            )
            next.relay = self.relay
            next.lifetime = self.lifetime
            next.wantsDontFragment = self.wantsDontFragment
            next.visited = visited
            return next
        }
    }
}

extension Allocation.Configuration: CustomStringConvertible, CustomReflectable {
    /// No word about the password.
    package var description: String { "\(self.username)@\(self.server)" }

    /// No look at the password.
    package var customMirror: Mirror { Mirror(self, children: ["server": self.server, "username": self.username]) }
}

/// Bounds on what servers, peers and owners can make an allocation remember.
package enum AllocationLimits {
    /// Peer addresses with a permission.
    package static let permissions = 128
    /// Channels; further peers are reached by indications.
    package static let channels = 64
    /// Bytes that wait for permissions, of all peers together.
    package static let waitingBytes = 128 << 10
    /// Bytes that wait for `pollTransmit`; what is sent beyond is dropped.
    package static let queuedBytes = 512 << 10
    /// Bytes that wait for `pollTransmit` above which a well-behaved owner sends nothing more.
    package static let congestionMark = 32 << 10
    /// The largest datagram: with its header it still fits a datagram over IPv4.
    package static let payload = 65_507 - 64
}
