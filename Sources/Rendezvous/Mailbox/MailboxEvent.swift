// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// What a mailbox client has to tell.
package enum MailboxEvent: Equatable, Sendable {
    /// The server greeted.
    case welcome(MailboxWelcome)
    /// ICE servers with credentials that are good for so many seconds.
    case iceServers([MailboxICEServer], expires: Int)
    /// The server chose this nameplate.
    case allocated(nameplate: String)
    /// Everything that was in the mailbox has been told.
    case opened
    /// Another side's message; a mailbox may repeat and reorder messages.
    case message(MailboxMessage)
    /// The connection is gone; it will be tried again.
    case disconnected
    /// The server refused something, and says why.
    case error(SafeText)
    /// The server does not let the meeting come about.
    case failed(MeetingFailure)
    /// The mailbox is left; nothing follows.
    case closed
}

/// What a mailbox client begins with.
package enum MailboxAim: Equatable, Sendable {
    /// A nameplate that the server chooses.
    case allocate
    /// The mailbox of a nameplate.
    case claim(nameplate: String)
    /// A mailbox that is known.
    case open(mailbox: String)
}

/// How a side fared, which it tells the server when it closes the mailbox.
package enum MailboxMood: String, Sendable {
    /// The two sides met.
    case happy
    /// Nobody else came.
    case lonely
    /// The other side did not know the words.
    case scary
    /// Something else went wrong.
    case errory
}
