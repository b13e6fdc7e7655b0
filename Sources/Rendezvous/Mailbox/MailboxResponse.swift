// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// What a mailbox server sends to its clients.
package enum MailboxResponse: Equatable, Sendable {
    /// Greets a client: the first message of a connection.
    case welcome(MailboxWelcome)
    /// The nameplates that are in use.
    case nameplates([String])
    /// A nameplate that was free, and is this client's now.
    case allocated(nameplate: String)
    /// The nameplate is claimed; this is its mailbox.
    case claimed(mailbox: String)
    /// The nameplate is released.
    case released
    /// The mailbox is closed.
    case closed
    /// A message in the open mailbox: the other side's, or an echo of this one's.
    case message(MailboxMessage)
    /// A request has arrived, by its id if it had one.
    case ack(id: JSONText?)
    /// The answer to a ping.
    case pong(JSONText)
    /// A request was refused, with a reason for people, and the request.
    case error(String, orig: JSONText?)
    /// ICE servers with credentials, good for so many seconds (clients of `icetalk/v1` only).
    case iceServers([MailboxICEServer], expires: Int)
    /// A type that is not known, to be ignored.
    case unknown
}

/// What a server tells a client first.
package struct MailboxWelcome: Equatable, Sendable {
    /// The message of the day, for people.
    package var motd: String?
    /// Why the server will not serve; the client tells it and leaves.
    package var error: String?
    /// The newest version of magic-wormhole's client.
    package var currentVersion: String?
    /// What a client may show to be let in; empty if nothing is asked for.
    package var permissions: [MailboxPermission]
    /// The ICE servers that may be used without credentials.
    package var iceServers: [MailboxICEServer]

    /// Creates a welcome.
    package init(
        motd: String? = nil,
        error: String? = nil,
        currentVersion: String? = nil,
        permissions: [MailboxPermission] = [],
        iceServers: [MailboxICEServer] = []
    ) {
        self.motd = motd
        self.error = error
        self.currentVersion = currentVersion
        self.permissions = permissions
        self.iceServers = iceServers
    }
}

/// A way to be let in by a server that asks for something.
package enum MailboxPermission: Equatable, Sendable {
    /// Nothing has to be shown.
    case none
    /// A hashcash stamp for a resource, of so many bits.
    case hashcash(bits: Int, resource: String)
    /// A way that is not known.
    case other(String)
}

/// A message in a mailbox.
package struct MailboxMessage: Equatable, Sendable {
    /// The side that added it.
    package var side: String
    /// Which message of that side it is.
    package var phase: String
    /// What it says; the server does not look into it.
    package var body: [UInt8]
    /// The id of the request that added it.
    package var id: JSONText?
    /// When it arrived at the server, in seconds since 1970-01-01 00:00 UTC.
    package var received: Double?

    /// Creates a message.
    package init(side: String, phase: String, body: [UInt8], id: JSONText? = nil, received: Double? = nil) {
        self.side = side
        self.phase = phase
        self.body = body
        self.id = id
        self.received = received
    }
}

/// A STUN or TURN server that a mailbox server recommends, in the form of WebRTC's `RTCIceServer`.
package struct MailboxICEServer: Equatable, Sendable {
    /// Its addresses: `stun:…`, `turn:…`, `turns:…` (RFC 7064, RFC 7065).
    package var urls: [String]
    /// The user name for it.
    package var username: String?
    /// The password for it.
    package var credential: String?

    /// Creates a server.
    package init(urls: [String], username: String? = nil, credential: String? = nil) {
        self.urls = urls
        self.username = username
        self.credential = credential
    }
}

extension MailboxICEServer: CustomStringConvertible, CustomReflectable {
    /// Its addresses, and nothing of the password.
    package var description: String { "MailboxICEServer(\(self.urls))" }

    /// Its addresses, and nothing of the password.
    package var customMirror: Mirror { Mirror(self, children: ["urls": self.urls]) }
}
