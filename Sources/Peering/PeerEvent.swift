// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import DTLS
package import DataChannels
package import ICE
package import Wire

/// Why a peer connection ended.
package enum CloseReason: Hashable, Sendable {
    /// This side closed it.
    case local
    /// The other side closed it.
    case remote
    /// Consent expired (RFC 7675): nothing was heard for 30 s.
    case lost
    /// The association broke down; the text says how.
    case failed(String)
}

/// What a peer connection tells its owner.
package enum PeerEvent: Sendable {
    /// A local candidate was found.
    case localCandidate(Candidate)
    /// A mapped address changed: descriptions that were given out before are stale.
    case localDescriptionStale
    /// Every STUN and TURN server has answered or failed.
    case gatheringComplete
    /// A TURN server gives no address; the text says why, and is still to be made safe to show.
    case relayFailed(SocketAddress, String)
    /// A TURN server, by the name under which it was looked up, has no address; the text says why.
    case relayUnresolved(String, String)
    /// Nobody on the networks of this host told the address behind a name of the other side.
    case nameNotFound(String)
    /// A first or another path is in use.
    case path(PathDescription)
    /// Nothing was heard for a while (true), or the other side is heard again (false).
    case quiet(Bool)
    /// Nothing may be sent any more to where the other side was; it is looked for, for so long since it was heard last.
    case pathLost(Duration)
    /// No path was found so far although all candidates were tried; with patience, checks go on.
    case pathless
    /// The other side is paired with somebody else: its description was used before.
    case refused
    /// Somebody at this address tried to be the peer with another certificate.
    case impostor(SocketAddress)
    /// The other side proved to hold the certificate of its description.
    case secured(Fingerprint)
    /// Data channels can be used.
    case established
    /// Something on a data channel.
    case channel(DataChannelEvent)
    /// The connection has ended; nothing follows.
    case closed(CloseReason)
}
