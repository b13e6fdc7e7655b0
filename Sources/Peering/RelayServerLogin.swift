// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// A TURN server, reached over UDP, and who we are there.
package struct RelayServerLogin: Hashable, Sendable {
    /// Where it is.
    package let address: SocketAddress
    /// The name of the user.
    package let username: String
    let password: String

    /// Creates a login.
    package init(address: SocketAddress, username: String, password: String) {
        self.address = address
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
