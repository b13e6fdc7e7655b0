// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// A TURN server and how it is reached, as people write it (RFC 7065 §3.1): `turn:host[:port][?transport=udp|tcp]`, or
/// `turns:host[:port][?transport=tcp]`.
package struct TURNAddress: Hashable, Sendable {
    /// How it is reached.
    package enum Transport: Hashable, Sendable {
        /// Datagrams.
        case udp
        /// A stream.
        case tcp
        /// A stream with TLS.
        case tls
    }

    /// Where to look for it.
    package let server: ServerAddress
    /// How it is reached.
    package let transport: Transport

    /// RFC 8656 §3.1, and RFC 7065 §3.1: the port where none was said.
    package var defaultPort: UInt16 { self.transport == .tls ? 5349 : 3478 }

    /// Reads a URI; `turn:` may be left out.
    package init(parsing text: String) throws(Malformed) {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let (isSecure, host) = Self.withoutScheme(parts[0])
        switch (isSecure, parts.count == 1 ? nil : parts[1].lowercased()) {
        case (false, nil), (false, "transport=udp"): self.transport = .udp
        case (false, "transport=tcp"): self.transport = .tcp
        case (true, nil), (true, "transport=tcp"): self.transport = .tls
        case (true, "transport=udp"): throw .unsupportedTransport
        default: throw .unknownQuery
        }
        do {
            self.server = try ServerAddress(parsing: String(host))
        } catch {
            throw .malformed(error)
        }
    }

    private static func withoutScheme(_ text: Substring) -> (isSecure: Bool, host: Substring) {
        let lowercased = text.lowercased()
        if lowercased.hasPrefix("turns:") { return (true, text.dropFirst(6)) }
        return (false, lowercased.hasPrefix("turn:") ? text.dropFirst(5) : text)
    }

    /// Why a text is no server that can be used.
    package enum Malformed: Error, Hashable, Sendable {
        /// DTLS to the server.
        case unsupportedTransport
        /// Something other than a transport after the question mark.
        case unknownQuery
        /// It is no address.
        case malformed(ServerAddress.Malformed)
    }
}

extension TURNAddress: CustomStringConvertible {
    /// As it is written, in its shortest form.
    package var description: String {
        switch self.transport {
        case .udp: "turn:\(self.server.inURI)"
        case .tcp: "turn:\(self.server.inURI)?transport=tcp"
        case .tls: "turns:\(self.server.inURI)"
        }
    }
}

extension TURNAddress.Malformed: CustomStringConvertible {
    /// For a message to the user.
    package var description: String {
        switch self {
        case .unsupportedTransport: "turns: servers are reached over TCP only"
        case .unknownQuery: "after the question mark comes transport=udp or transport=tcp"
        case .malformed(let error): error.description
        }
    }
}

/// A TURN server, and who we are there.
package struct TURNServer: Hashable, Sendable {
    /// Where to look for it, and how it is reached.
    package let address: TURNAddress
    /// The name of the user.
    package let username: String
    /// The user's password.
    package let password: String

    /// Creates a server.
    package init(address: TURNAddress, username: String, password: String) {
        self.address = address
        self.username = username
        self.password = password
    }
}

extension TURNServer: CustomStringConvertible, CustomReflectable {
    /// No word about the password.
    package var description: String { "\(self.username)@\(self.address)" }

    /// No look at the password.
    package var customMirror: Mirror { Mirror(self, children: ["address": self.address, "username": self.username]) }
}
