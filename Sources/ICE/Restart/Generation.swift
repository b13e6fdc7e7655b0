// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN

/// What both sides use between two restarts (RFC 8445 §9).
struct Generation: Sendable {
    /// The other side's credentials and what they are used for.
    struct Remote: Sendable {
        let credentials: ICECredentials
        let isLite: Bool
        let supportsRenomination: Bool
        let key: IntegrityKey

        init(_ description: RemoteAgent) {
            self.credentials = description.credentials
            self.isLite = description.isLite
            self.supportsRenomination = description.supportsRenomination
            self.key = IntegrityKey(shortTerm: description.credentials.password)
        }
    }

    /// How many restarts there were before.
    let number: Int
    /// This side's credentials.
    let credentials: ICECredentials
    let key: IntegrityKey
    /// The other side, once it is known.
    var remote: Remote?
    /// Whether the other side has shown that it uses this generation, too.
    var isConfirmed = false

    init(number: Int, credentials: ICECredentials, remote: RemoteAgent? = nil) {
        self.number = number
        self.credentials = credentials
        self.key = IntegrityKey(shortTerm: credentials.password)
        self.remote = remote.map { Remote($0) }
    }

    /// The sender's fragment in a USERNAME of the form `ours:theirs`; nil when it is not meant for this generation.
    func senderFragment(in username: String) -> String? {
        let prefix = self.credentials.usernameFragment + ":"
        guard username.utf8.starts(with: prefix.utf8) else { return nil }
        let fragment = String(decoding: username.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
        return fragment.isEmpty ? nil : fragment
    }
}

/// What an agent must know of the other side.
package struct RemoteAgent: Hashable, Sendable {
    /// The user name fragment and password with which its checks are made and answered.
    package var credentials: ICECredentials
    /// Whether it only answers checks (RFC 8445 §2.5).
    package var isLite: Bool
    /// Whether it lets a nomination with a greater number replace another (draft-thatcher-ice-renomination).
    package var supportsRenomination: Bool

    /// Creates a description.
    package init(credentials: ICECredentials, isLite: Bool = false, supportsRenomination: Bool = false) {
        self.credentials = credentials
        self.isLite = isLite
        self.supportsRenomination = supportsRenomination
    }
}
