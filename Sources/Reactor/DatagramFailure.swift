// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Wire

/// Datagrams to one destination that did not, or will not, get there; the socket itself stays usable.
package struct DatagramFailure: Error, Hashable, Sendable {
    /// Why.
    package enum Reason: Hashable, Sendable {
        /// ICMP: nobody listens on that port.
        case refused
        /// No way to that host.
        case hostUnreachable
        /// No way to that network.
        case networkUnreachable
        /// A firewall, here or on the way, forbids it.
        case prohibited
        /// Longer than the path or the interface takes, and not to be fragmented.
        case tooLarge
        /// The kernel or the queue of the socket has no room: what a congested link does.
        case noRoom
        /// The local address is gone, or cannot reach such a destination.
        case badSource
        /// Any other `errno`.
        case other(Int32)
    }

    /// Where the datagrams were going.
    package var destination: SocketAddress
    /// Why they did not get there.
    package var reason: Reason

    /// Creates a failure.
    package init(to destination: SocketAddress, _ reason: Reason) {
        self.destination = destination
        self.reason = reason
    }
}

extension DatagramFailure.Reason {
    init(code: Int32) {
        switch code {
        case ECONNREFUSED: self = .refused
        case EHOSTUNREACH, EHOSTDOWN: self = .hostUnreachable
        case ENETUNREACH, ENETDOWN, ENONET: self = .networkUnreachable
        case EPERM, EACCES: self = .prohibited
        case EMSGSIZE: self = .tooLarge
        case ENOBUFS, ENOMEM, EAGAIN: self = .noRoom
        case EADDRNOTAVAIL, EAFNOSUPPORT, ENODEV, EINVAL: self = .badSource
        default: self = .other(code)
        }
    }
}

extension DatagramFailure: CustomStringConvertible {
    /// For example `192.0.2.1:5000: nobody listens there`.
    package var description: String { "\(self.destination): \(self.reason)" }
}

extension DatagramFailure.Reason: CustomStringConvertible {
    /// For people.
    package var description: String {
        switch self {
        case .refused: "nobody listens there"
        case .hostUnreachable: "no route to that host"
        case .networkUnreachable: "network unreachable"
        case .prohibited: "forbidden by a firewall"
        case .tooLarge: "too large for the path"
        case .noRoom: "the link is congested"
        case .badSource: "not reachable from the local address"
        case .other(let code): errorText(code)
        }
    }
}
