// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// How far the search for a path has come (RFC 8445 §6.1.3, and what people want to see).
package enum ICEState: String, Hashable, Sendable, CaseIterable {
    /// The other side is not known yet.
    case new
    /// Pairs are checked, or candidates awaited.
    case checking
    /// A pair is selected; others are still checked.
    case connected
    /// A pair is selected and nothing is left to check.
    case completed
    /// A pair is selected, but nothing has been heard for a while; it may come back by itself.
    case disconnected
    /// No pair works, or consent expired and no other pair was left.
    case failed
}

/// A datagram that is to be sent.
package struct ICETransmit: Hashable, Sendable {
    /// The base to send from.
    package var source: SocketAddress
    /// The remote address.
    package var destination: SocketAddress
    /// The payload.
    package var bytes: [UInt8]
}

/// The pair over which data goes.
package struct SelectedPair: Hashable, Sendable {
    /// The local candidate, as the other side sees it.
    package var local: Candidate
    /// The remote candidate.
    package var remote: Candidate
    /// The local address to send from.
    package var base: SocketAddress
    /// The address to send to.
    package var destination: SocketAddress
    /// The round-trip time of the last check; nil where none could be measured.
    package var roundTripTime: Duration?
}

/// A pair as diagnostics show it.
package struct PairReport: Hashable, Sendable {
    /// The kind of the local candidate.
    package var localKind: CandidateKind
    /// The kind of the remote candidate.
    package var remoteKind: CandidateKind
    /// The local base.
    package var base: SocketAddress
    /// The remote address.
    package var destination: SocketAddress
    /// Where its check stands.
    package var state: CandidatePairState
    /// Whether a check over it succeeded and it is still believed.
    package var isValid: Bool
    /// Whether it was nominated.
    package var isNominated: Bool
    /// Whether it is the selected one.
    package var isSelected: Bool
    /// Requests sent over it, retransmissions included.
    package var requestsSent: Int
    /// Authenticated requests received over it.
    package var requestsReceived: Int
    /// Valid responses received over it.
    package var responsesReceived: Int
    /// The round-trip time of the last check.
    package var roundTripTime: Duration?
}

extension ICEAgent {
    /// What an agent has to say.
    package enum Event: Hashable, Sendable {
        /// A local candidate, to be told to the other side.
        case localCandidate(Candidate)
        /// A local candidate told before is gone: its address was removed, or the NAT maps it elsewhere now.
        case localCandidateStale(Candidate)
        /// Each STUN server has answered or failed; may come again after new addresses or servers.
        case gatheringComplete
        /// A check over a pair succeeded for the first time: DTLS may begin on it, before any nomination.
        case valid(SelectedPair)
        /// The pair over which data goes from now on.
        case selected(SelectedPair)
        /// The search for a path has come further, or fallen back.
        case stateChanged(ICEState)
        /// The other side is paired with somebody else: its description was used before. Told once.
        case refused
        /// A restart has begun, by this side or the other (RFC 8445 §9); the next one can be prepared.
        case restarted(Int)
        /// The other side has not consented for 30 s (RFC 7675) and no other pair is left: no data is sent any more, until a pair
        /// is selected in a later generation.
        case consentExpired
    }
}

/// What can be wrong with a datagram that was handed to an agent; the datagram is the sender's fault.
package enum ICEError: Error, Equatable, Sendable {
    /// The bytes are not a STUN message that an agent understands, or lack a correct FINGERPRINT.
    case malformed
    /// A request lacks an attribute that a connectivity check must have.
    case missingAttribute
    /// A request holds attributes that must be understood and are not; it was answered with 420.
    case unknownAttributes
    /// MESSAGE-INTEGRITY is absent or wrong; a request was answered with 400 or 401.
    case unauthenticated
    /// USERNAME names somebody else.
    case wrongUsername
    /// A response belongs to no transaction of this agent.
    case unknownTransaction
    /// The datagram came to an address that is not, or no longer, one of this agent's.
    case unknownBase
    /// More sources, candidates or pairs than are remembered.
    case tooMany
    /// The owner excluded this source.
    case excluded
    /// Consent is gone: this agent has ended.
    case ended
}
