// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// A TURN server that is reached over UDP, and who we are there.
package struct TURNServer: Hashable, Sendable {
    /// Where to look for it.
    package let address: ServerAddress
    /// The name of the user.
    package let username: String
    /// The user's password.
    package let password: String

    /// Creates a server.
    package init(address: ServerAddress, username: String, password: String) {
        self.address = address
        self.username = username
        self.password = password
    }

    /// Reads `turn:host[:port][?transport=udp]` (RFC 7065 §3.1); `turn:` may be left out.
    package static func address(parsing text: String) throws(Malformed) -> ServerAddress {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let host = parts.first, !host.lowercased().hasPrefix("turns:"),
            parts.count == 1 || parts[1].lowercased() == "transport=udp"
        else { throw .unsupportedTransport }
        do {
            return try ServerAddress(parsing: String(host.lowercased().hasPrefix("turn:") ? host.dropFirst(5) : host))
        } catch {
            throw .malformed(error)
        }
    }

    /// Why a text is no server that can be used.
    package enum Malformed: Error, Hashable, Sendable {
        /// It is not to be reached over UDP.
        case unsupportedTransport
        /// It is no address.
        case malformed(ServerAddress.Malformed)
    }
}

extension TURNServer: CustomStringConvertible, CustomReflectable {
    /// No word about the password.
    package var description: String { "\(self.username)@\(self.address)" }

    /// No look at the password.
    package var customMirror: Mirror { Mirror(self, children: ["address": self.address, "username": self.username]) }
}

extension TURNServer.Malformed: CustomStringConvertible {
    /// For a message to the user.
    package var description: String {
        switch self {
        case .unsupportedTransport: "TURN servers are reached over UDP only"
        case .malformed(let error): error.description
        }
    }
}
