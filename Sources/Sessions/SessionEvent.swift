// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Conversation
package import DTLS
package import FileTransfer
package import Peering
package import Wire

/// What a session tells whoever shows it.
package enum SessionEvent: Sendable {
    /// A first or another path is in use.
    case path(PathDescription)
    /// The other side proved to hold the certificate with this fingerprint.
    case secured(Fingerprint)
    /// Who the other side says it is; nil: it does not speak `icetalk.v1`, as a browser, and this is a plain chat.
    case peer(PeerHello?)
    /// A chat text arrived.
    case chat(ReceivedChat)
    /// A chat text of this side arrived at the other.
    case delivered(ChatID)
    /// Nothing was heard for a while (true), or the other side is heard again (false).
    case quiet(Bool)
    /// The connection is lost, and the other side is looked for, for so long since it was heard last.
    case pathLost(Duration)
    /// No path was found so far although all candidates were tried; with patience, checks go on.
    case pathless
    /// Somebody at this address tried to be the peer with another certificate.
    case impostor(SocketAddress)
    /// The description that was given out is stale: give out a fresh one.
    case stale
    /// The other side offers a file: `accept`, `decline` or let it wait.
    case offered(TransferID, TransferOffer)
    /// The other side declined an offer of this one.
    case declined(TransferID)
    /// How far a transfer is; at most five times a second, and once more when all of it has arrived.
    case progress(TransferID, TransferProgress)
    /// A transfer has come to its end, or an offer was withdrawn.
    case transferred(TransferID, TransferOutcome)
    /// A local candidate was found.
    case localCandidate
    /// Every STUN and TURN server has answered or failed.
    case gatheringComplete
    /// A TURN server gives no address to be relayed from, and why.
    case relayFailed(String, SafeText)
    /// Nobody on the networks of this host told the address behind a name of the other side.
    case nameNotFound(String)
    /// The session is over, and all that it held is freed; nothing follows.
    case ended(SessionEnd)
}

/// How a transfer ended.
package enum TransferOutcome: Equatable, Sendable {
    /// The other side has verified, synced and renamed the file of this size.
    case delivered(size: UInt64)
    /// The file is verified, synced and in place on this side.
    case received(ReceivedFile)
    /// The transfer failed; nothing of it is left.
    case failed(TransferFailure)

    /// The exit status of a program that did nothing but this transfer.
    package var exitStatus: Int32 {
        switch self {
        case .delivered, .received: 0
        case .failed(let failure): failure.exitStatus
        }
    }
}

/// A file that was received.
package struct ReceivedFile: Equatable, Sendable {
    /// The directory that it is in, as the user wrote it.
    package var directory: String
    /// The name that it got.
    package var name: FileName
    /// Its size in bytes.
    package var size: UInt64
    /// Its SHA-256.
    package var digest: Digest256

    /// The path as bytes.
    package var path: [UInt8] {
        var path = Array(self.directory.utf8)
        if path.last != UInt8(ascii: "/") { path.append(UInt8(ascii: "/")) }
        return path + self.name.bytes
    }

    /// The path as it can be shown.
    package var displayedPath: SafeText { SafeText(self.path) }
}
