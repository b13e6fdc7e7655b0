// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// A SOCKS5 proxy (RFC 1928), and who we are there.
package struct SOCKSProxy: Hashable, Sendable {
    /// Where it is.
    package let server: ServerAddress
    /// Who we are, where the proxy asks (RFC 1929).
    package let credentials: SOCKSCredentials?

    /// IANA: the port of SOCKS.
    package static let defaultPort: UInt16 = 1_080

    /// Creates a proxy.
    package init(_ server: ServerAddress, credentials: SOCKSCredentials? = nil) {
        self.server = server
        self.credentials = credentials
    }

    /// Reads `host[:port]`, with `user:password@` before it where the proxy asks for that.
    ///
    /// A scheme `socks5://` or `socks5h://` may stand at the beginning: names are always the proxy's to look up.
    package init(parsing text: String) throws(Malformed) {
        var rest = text[...]
        for scheme in ["socks5://", "socks5h://"] where text.lowercased().hasPrefix(scheme) {
            rest = text.dropFirst(scheme.count)
        }
        var credentials: SOCKSCredentials?
        if let at = rest.lastIndex(of: "@") {
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let read = SOCKSCredentials(username: String(parts[0]), password: String(parts[1]))
            else { throw .badCredentials }
            credentials = read
            rest = rest[rest.index(after: at)...]
        }
        do {
            self.init(try ServerAddress(parsing: String(rest)), credentials: credentials)
        } catch {
            throw .address(error)
        }
    }

    /// Why a text is no proxy.
    package enum Malformed: Error, Hashable, Sendable {
        /// Before the `@` stand a name and a password, each of 1 to 255 bytes.
        case badCredentials
        /// It is no address.
        case address(ServerAddress.Malformed)
    }
}

extension SOCKSProxy: CustomStringConvertible, CustomReflectable {
    /// No word about the password.
    package var description: String { self.server.description }

    /// No look at the password.
    package var customMirror: Mirror { Mirror(self, children: ["server": self.server]) }
}

extension SOCKSProxy.Malformed: CustomStringConvertible {
    /// For a message to the user.
    package var description: String {
        switch self {
        case .badCredentials: "before the @ stand a name and a password, as in user:password@host:port"
        case .address(let error): error.description
        }
    }
}

/// A user of a proxy (RFC 1929).
package struct SOCKSCredentials: Hashable, Sendable {
    let username: String
    let password: String

    /// Creates credentials; nil unless both have 1 to 255 bytes.
    package init?(username: String, password: String) {
        guard (1...255).contains(username.utf8.count), (1...255).contains(password.utf8.count) else { return nil }
        self.username = username
        self.password = password
    }
}

extension SOCKSCredentials: CustomStringConvertible, CustomReflectable {
    /// No word about the password.
    package var description: String { self.username }

    /// No look at the password.
    package var customMirror: Mirror { Mirror(self, children: ["username": self.username]) }
}
