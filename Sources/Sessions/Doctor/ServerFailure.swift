// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Reactor
package import STUN
package import TURN
package import Wire

/// Why a server was not reached.
package enum ServerFailure: Error, Hashable, Sendable {
    /// Its name could not be looked up.
    case unresolved(ResolutionFailure)
    /// Its name has no address of that family.
    case noAddress
    /// This host has no address of that family.
    case noLocalAddress
    /// It does not answer.
    case silent
    /// What was sent did not get there.
    case undeliverable(DatagramFailure.Reason)
    /// There is no connection to it.
    case disconnected(StreamFailure)
    /// What it sends is not STUN.
    case senseless
    /// It answered with an error.
    case refused(ErrorCode)
    /// It gives no address to relay from.
    case useless(AllocationFailure)
}

extension ServerFailure {
    /// The reason in one or two words, for a table and for scripts.
    package var word: String {
        switch self {
        case .unresolved(.notFound): "no such host"
        case .unresolved(.noAnswer), .unresolved(.timedOut): "name server silent"
        case .unresolved: "lookup failed"
        case .noAddress: "has no address"
        case .noLocalAddress: "none here"
        case .silent, .useless(.timedOut), .disconnected(.timedOut): "no answer"
        case .undeliverable(.refused), .disconnected(.refused): "refused"
        case .undeliverable(.prohibited), .disconnected(.prohibited): "forbidden"
        case .undeliverable, .disconnected(.unreachable), .disconnected(.badSource), .disconnected(.other):
            "unreachable"
        case .disconnected(.certificate): "bad certificate"
        case .disconnected(.insecure): "no TLS"
        case .disconnected(.ended), .disconnected(.reset): "hung up"
        case .senseless: "no STUN"
        case .refused(let error), .useless(.refused(let error)): "error \(error.number)"
        case .useless(.unauthenticated), .useless(.wrongCredentials): "wrong credentials"
        case .useless(.quotaReached): "quota reached"
        case .useless: "no relaying"
        }
    }

    /// Whether somebody made a mistake that can be mended: a name, a password.
    package var isWorthTelling: Bool {
        switch self {
        case .disconnected(.certificate): true
        case .noAddress, .noLocalAddress, .silent, .undeliverable, .disconnected, .senseless: false
        case .unresolved, .refused, .useless: true
        }
    }
}

extension ServerFailure: CustomStringConvertible {
    /// The rest of a sentence that begins with the server; what a server wrote in it is still to be made safe to show.
    package var description: String {
        switch self {
        case .unresolved(let failure): failure.description
        case .noAddress: "it has no address of this family"
        case .noLocalAddress: "this host has no address of this family"
        case .silent: "no answer: it is down, or a firewall drops this"
        case .undeliverable(let reason): reason.description
        case .disconnected(let failure): failure.description
        case .senseless: "what it sends makes no sense"
        case .refused(let error): "it refuses: \(error.number) \(error.reason)"
        case .useless(let failure): failure.description
        }
    }
}
