// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Wire

/// The STUN messages of an agent (RFC 8445 §7.1).
enum BindingMessages {
    /// Attributes of a check that must be understood, and are.
    static let understood: Set<AttributeType> = [
        .username, .priority, .useCandidate, .errorCode, .unknownAttributes, .realm, .nonce, .mappedAddress,
        .xorMappedAddress,
    ]

    /// A request to a STUN server, which knows no credentials.
    static func serverRequest(_ transaction: TransactionID) -> [UInt8] {
        STUNMessage(.binding, .request, transaction).encoded(fingerprint: true)
    }

    /// A connectivity check.
    static func check(
        _ transaction: TransactionID,
        username: String,
        key: IntegrityKey,
        claim: RoleClaim,
        priority: UInt32,
        isNominating: Bool,
        nomination: UInt32?
    ) -> [UInt8] {
        var attributes: [Attribute] = [.username(username), .priority(priority)]
        switch claim.role {
        case .controlling: attributes.append(.iceControlling(claim.tieBreaker))
        case .controlled: attributes.append(.iceControlled(claim.tieBreaker))
        }
        if isNominating {
            attributes.append(.useCandidate)
        }
        if let nomination {
            attributes.append(.nomination(nomination))
        }
        return STUNMessage(.binding, .request, transaction, attributes: attributes)
            .encoded(integrity: key, fingerprint: true)
    }

    /// The answer to an authentic check.
    static func success(to request: STUNMessage, mapped: SocketAddress, key: IntegrityKey) -> [UInt8] {
        request.success([.xorMappedAddress(mapped)]).encoded(integrity: key, fingerprint: true)
    }

    /// The answer to a check that was refused; without a key where the sender is not known to share one.
    static func failure(
        to request: STUNMessage,
        _ error: ErrorCode,
        _ attributes: [Attribute] = [],
        key: IntegrityKey?
    ) -> [UInt8] {
        request.failure(error, attributes).encoded(integrity: key, fingerprint: true)
    }

    /// The role that a request claims; nil where it says none.
    static func claim(of request: STUNMessage) -> RoleClaim? {
        if let tieBreaker = request.iceControlling {
            return RoleClaim(role: .controlling, tieBreaker: tieBreaker)
        }
        return request.iceControlled.map { RoleClaim(role: .controlled, tieBreaker: $0) }
    }
}
