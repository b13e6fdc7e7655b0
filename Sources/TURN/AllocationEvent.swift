// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import STUN
package import Wire

/// What a server has allocated.
package struct AllocationGrant: Hashable, Sendable {
    /// The addresses on the server: one, or one of each family.
    package var relayed: [SocketAddress]
    /// The address from which the server sees this client; nil when it does not say.
    package var mapped: SocketAddress?
    /// The seconds for which it was granted; it is refreshed in time.
    package var lifetime: UInt32
    /// Why there is no address of the second family, where it was asked for and refused.
    package var refusedFamily: ErrorCode?

    /// The address through which a peer is reached; nil when there is none of its family.
    package func relayed(towards peer: IPAddress) -> SocketAddress? {
        self.relayed.first { $0.ip.isIPv4 == peer.isIPv4 }
    }
}

/// What an allocation tells its owner.
package enum AllocationEvent: Hashable, Sendable {
    /// There are relayed addresses to be reached at; after a loss they are others than before.
    case allocated(AllocationGrant)
    /// The server does not relay to a peer.
    case refusedPeer(IPAddress, ErrorCode)
    /// What was allocated is gone; another allocation is asked for until there is one, or `failed` follows.
    case lost(AllocationLoss)
    /// The server wants another one to be used: make an allocation of `Configuration.redirected(to:)`; this one has ended.
    case redirected(to: SocketAddress, domain: String?)
    /// There will be no allocation; this one has ended.
    case failed(AllocationFailure)
    /// What `close` began is done.
    case closed
}

/// How an allocation was lost.
package enum AllocationLoss: Hashable, Sendable {
    /// The server does not know it, for instance because it was restarted (437).
    case mismatch
    /// It could not be refreshed in time.
    case expired
    /// The connection to the server has ended.
    case disconnected
}

/// Why there is no allocation.
package enum AllocationFailure: Error, Hashable, Sendable {
    /// The server does not answer.
    case timedOut
    /// The credentials and the server do not come together.
    case unauthenticated(ResponseVerdict.Refusal)
    /// 403.
    case forbidden
    /// 437, again after what an earlier client left behind was released: another local port may do.
    case addressInUse
    /// 440.
    case addressFamilyNotSupported
    /// 441.
    case wrongCredentials
    /// 442.
    case unsupportedTransport
    /// 443.
    case peerAddressFamilyMismatch
    /// 486.
    case quotaReached
    /// 508.
    case insufficientCapacity
    /// The server sends us on in circles, too often, or nowhere.
    case uselessRedirection
    /// Any other error.
    case refused(ErrorCode)
    /// The server's response lacks what it must have.
    case malformedResponse
    /// The stream cannot be followed any further.
    case brokenStream(StreamFault)
    /// There is no connection to the server, or it has ended.
    case unreachable(StreamFailure)

    /// The failure that an error response means.
    init(_ error: ErrorCode) {
        self =
            switch error {
            case .forbidden: .forbidden
            case .allocationMismatch: .addressInUse
            case .addressFamilyNotSupported: .addressFamilyNotSupported
            case .wrongCredentials: .wrongCredentials
            case .unsupportedTransport: .unsupportedTransport
            case .peerAddressFamilyMismatch: .peerAddressFamilyMismatch
            case .allocationQuotaReached: .quotaReached
            case .insufficientCapacity: .insufficientCapacity
            default: .refused(error)
            }
    }

    /// Whether the same request may succeed a little later.
    var isTransient: Bool {
        switch self {
        case .timedOut, .addressInUse, .quotaReached, .insufficientCapacity, .unreachable: true
        case .refused(let error): error.number >= 500
        default: false
        }
    }
}

extension AllocationFailure: CustomStringConvertible {
    /// For people; what a server wrote in it is still to be made safe to show.
    package var description: String {
        switch self {
        case .timedOut: "it does not answer"
        case .unauthenticated(.wrongCredentials): "the user name or the password is wrong"
        case .unauthenticated(.tooManyChallenges): "it challenges time and again"
        case .unauthenticated(.unsupportedAlgorithms): "it demands an unknown algorithm"
        case .unauthenticated(.bidDown): "somebody tampers with its challenges"
        case .unauthenticated(.incompleteChallenge): "it asks for a password without saying for what"
        case .forbidden: "it forbids it"
        case .addressInUse: "it takes this port for somebody else's"
        case .addressFamilyNotSupported: "it has no addresses of this family"
        case .wrongCredentials: "the relayed address belongs to another user"
        case .unsupportedTransport: "it does not relay UDP"
        case .peerAddressFamilyMismatch: "it does not relay to this family of addresses"
        case .quotaReached: "this user has too many relayed addresses there"
        case .insufficientCapacity: "it is full"
        case .uselessRedirection: "it sends us to another server that is no use"
        case .refused(let error): "it refuses: \(error.number) \(error.reason)"
        case .malformedResponse: "its answer makes no sense"
        case .brokenStream: "what it sends makes no sense"
        case .unreachable(let failure): failure.description
        }
    }
}
