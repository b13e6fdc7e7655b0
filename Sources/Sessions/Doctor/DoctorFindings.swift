// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Reactor
package import STUN
package import TURN
package import Wire

/// What an examination found out about this network.
package struct DoctorFindings: Sendable {
    /// An address of this host.
    package struct Address: Hashable, Sendable {
        /// The address and its interface.
        package var address: InterfaceAddress
        /// Its place among the host candidates, from 1; nil when it is not used.
        package var rank: Int?
    }

    /// What UDP does between an address of this host and the Internet.
    package struct UDPPath: Hashable, Sendable {
        /// The address and its interface.
        package var address: InterfaceAddress
        /// What was discovered from there.
        package var behavior: BehaviorFindings
    }

    /// The addresses of this host: those that are used, by rank, and then the others.
    package var addresses: [Address] = []
    /// The servers, in the order in which they were named.
    package var servers: [ServerFinding] = []
    /// UDP from each address from which servers were asked.
    package var paths: [UDPPath] = []

    /// Creates findings of nothing.
    package init() {}

    /// Whether any server was reached.
    package var reachesOutside: Bool { self.servers.contains(where: \.isReached) }
}

/// How a server is reached.
package enum ServerTransport: String, Hashable, Sendable, CaseIterable {
    /// Datagrams.
    case udp = "UDP"
    /// A stream.
    case tcp = "TCP"
    /// A stream with TLS.
    case tls = "TLS"
}

/// What became of the attempts to reach one server.
package struct ServerFinding: Hashable, Sendable {
    /// What the server is for.
    package enum Kind: String, Hashable, Sendable {
        /// It tells addresses.
        case stun
        /// It relays.
        case turn
    }

    /// One way to reach it.
    package struct Attempt: Hashable, Sendable {
        /// How.
        package var transport: ServerTransport
        /// Over which family of addresses.
        package var family: AddressFamily
        /// What became of it.
        package var outcome: Result<Reached, ServerFailure>
        /// How the server is to be named for this way, where that is not how it was named.
        package var uri: String?
    }

    /// What a server that was reached gave.
    package struct Reached: Hashable, Sendable {
        /// How long it took, looking its name up not included.
        package var time: Duration
        /// Where the server sees this host.
        package var mapped: SocketAddress?
        /// The addresses from which a TURN server would relay.
        package var relayed: [SocketAddress] = []
    }

    /// What it is for.
    package var kind: Kind
    /// As it was named.
    package var name: String
    /// The ways that were tried.
    package var attempts: [Attempt] = []

    /// Whether it was reached in any way.
    package var isReached: Bool { self.attempts.contains { (try? $0.outcome.get()) != nil } }

    /// The ways that were tried over a transport.
    package func attempts(over transport: ServerTransport) -> [Attempt] {
        self.attempts.filter { $0.transport == transport }
    }
}
