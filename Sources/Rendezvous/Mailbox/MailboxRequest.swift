// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// What a client of a mailbox server sends: magic-wormhole's protocol, version 1.
///
/// A message is a JSON object in a text message of the WebSocket, with a `type`. Members that are not known are ignored.
package enum MailboxRequest: Equatable, Sendable {
    /// Names the application and this side of the meeting; the first request of a connection.
    case bind(appID: String, side: String, version: MailboxClientVersion?)
    /// Asks which nameplates are in use.
    case list
    /// Asks for a nameplate that nobody uses.
    case allocate
    /// Takes a nameplate, and asks for its mailbox.
    case claim(nameplate: String)
    /// Needs the nameplate no more; without a name the one claimed.
    case release(nameplate: String?)
    /// Opens a mailbox: everything in it is sent, and what is added from now on.
    case open(mailbox: String)
    /// Adds a message to the open mailbox.
    case add(phase: String, body: [UInt8])
    /// Needs the mailbox no more; without a name the open one.
    case close(mailbox: String?, mood: String?)
    /// Asks for a `pong` with the same value.
    case ping(JSONText)
    /// Shows a proof of work.
    case submitPermissions(method: String, stamp: String)
}

/// What program a client is.
package struct MailboxClientVersion: Equatable, Sendable {
    /// The name of the program.
    package var implementation: String
    /// Its version.
    package var version: String

    /// Creates a version.
    package init(implementation: String, version: String) {
        self.implementation = implementation
        self.version = version
    }
}

/// A request as it arrives at a server: what is to be acknowledged, and what is to be done.
package struct ReceivedMailboxRequest: Sendable {
    /// The value that the acknowledgement repeats.
    package let id: JSONText?
    /// The request, or what is wrong with it.
    package let request: Result<MailboxRequest, MailboxMessageError>
}
