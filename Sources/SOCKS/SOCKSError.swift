// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// Why a SOCKS5 proxy does not connect us.
package enum SOCKSError: Error, Hashable, Sendable {
    /// What answers does not speak SOCKS5.
    case notSOCKS
    /// The proxy wants a way to authenticate for which we have nothing to say.
    case needsCredentials
    /// The proxy does not take the name and the password (RFC 1929 §2).
    case badCredentials
    /// The proxy cannot or will not connect (RFC 1928 §6).
    case refused(Refusal)

    /// What a proxy answers (RFC 1928 §6).
    package enum Refusal: Hashable, Sendable {
        /// A general failure.
        case generalFailure
        /// Its rules forbid this connection.
        case notAllowed
        /// No way to that network.
        case networkUnreachable
        /// No way to that host, or no such host.
        case hostUnreachable
        /// Nobody listens there.
        case connectionRefused
        /// No answer in time.
        case expired
        /// It makes no connections.
        case commandNotSupported
        /// It does not know such addresses.
        case addressTypeNotSupported
        /// A number that the RFC does not define.
        case other(UInt8)
    }
}

extension SOCKSError.Refusal {
    /// The meaning of a reply that is not 0.
    init(_ reply: UInt8) {
        switch reply {
        case 1: self = .generalFailure
        case 2: self = .notAllowed
        case 3: self = .networkUnreachable
        case 4: self = .hostUnreachable
        case 5: self = .connectionRefused
        case 6: self = .expired
        case 7: self = .commandNotSupported
        case 8: self = .addressTypeNotSupported
        default: self = .other(reply)
        }
    }
}

extension SOCKSError.Refusal: CustomStringConvertible {
    /// The rest of a sentence that begins with the proxy.
    package var description: String {
        switch self {
        case .generalFailure: "could not connect, and does not say why"
        case .notAllowed: "forbids this connection"
        case .networkUnreachable: "finds no way to the server's network"
        case .hostUnreachable: "finds no way to the server, or no such name"
        case .connectionRefused: "says that the server refuses connections"
        case .expired: "got no answer from the server"
        case .commandNotSupported: "makes no connections"
        case .addressTypeNotSupported: "does not know such addresses"
        case .other(let number): "refuses, for a reason number \(number)"
        }
    }
}

extension SOCKSError: CustomStringConvertible {
    /// The rest of a sentence that begins with the proxy.
    package var description: String {
        switch self {
        case .notSOCKS: "does not speak SOCKS5"
        case .needsCredentials: "wants a name and a password: give it as user:password@host:port"
        case .badCredentials: "does not take the name and the password"
        case .refused(let refusal): refusal.description
        }
    }
}
