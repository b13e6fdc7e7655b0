// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// Which side of the exchange one is: the two must be told apart, and both sides must agree.
package enum SPAKE2Role: Hashable, Sendable {
    /// Blinds its share with M.
    case a
    /// Blinds its share with N.
    case b

    /// The role of the other side.
    package var other: SPAKE2Role { self == .a ? .b : .a }
}

/// One side of SPAKE2 (RFC 9382) with P-256, SHA-256, HKDF and HMAC.
///
/// The share goes to the peer, the peer's share makes a `SPAKE2Secret`, and that one gives no key before the
/// peer's confirmation has proven that it knows the password.
package struct SPAKE2Exchange: Sendable {
    /// How many bytes a share has.
    package static let shareCount = Point.count

    /// What is sent to the peer.
    package let share: [UInt8]

    private let role: SPAKE2Role
    private let password: PasswordScalar
    private let secret: [UInt8]

    /// Begins an exchange.
    package init(role: SPAKE2Role, password: PasswordScalar, random: inout RandomSource) throws(SPAKE2Error) {
        // 16 bytes more than the order has: the reduction is not biased.
        try self.init(role: role, password: password, secret: random.bytes(Scalar.count + 16))
    }

    /// Begins an exchange with a given secret, as the RFC's vectors have it.
    init(role: SPAKE2Role, password: PasswordScalar, secret: [UInt8]) throws(SPAKE2Error) {
        let group = try P256()
        let scalar = try Scalar(reducing: secret, in: group)
        let factor = try Scalar(reducing: password.bytes, in: group)
        let point = try group.sum(generator: scalar, group.blind(of: role), times: factor)
        self.share = try group.encode(point)
        self.secret = try scalar.bytes()
        self.role = role
        self.password = password
    }

    /// Takes the peer's share, and makes what both sides have in common if they know the same password.
    ///
    /// The names of the two sides and the additional data (AAD of RFC 9382 §4) are what both must agree on besides.
    package func receive(
        _ peerShare: [UInt8],
        identities: SPAKE2Identities,
        additionalData: [UInt8]
    ) throws(SPAKE2Error) -> SPAKE2Secret {
        let group = try P256()
        let point = try group.share(peerShare)
        guard peerShare != self.share else { throw .reflected }
        let unblinding = try Scalar(reducing: self.password.bytes, in: group).negated(in: group)
        let blind = try group.sum(generator: nil, group.blind(of: self.role.other), times: unblinding)
        let bare = try group.sum(point, blind)
        guard !group.isIdentity(bare) else { throw .identity }
        let shared = try group.sum(generator: nil, bare, times: Scalar(reducing: self.secret, in: group))
        let isA = self.role == .a
        let transcript = SPAKE2Transcript(
            identities: identities,
            shareA: isA ? self.share : peerShare,
            shareB: isA ? peerShare : self.share,
            shared: try group.encode(shared),
            password: self.password.bytes
        )
        return SPAKE2Secret(KeySchedule(transcript, additionalData: additionalData), role: self.role)
    }
}

/// The names of the two sides, which both sides must agree on; either may be empty.
package struct SPAKE2Identities: Hashable, Sendable {
    /// The name of A.
    package var a: [UInt8]
    /// The name of B.
    package var b: [UInt8]

    /// Names the two sides.
    package init(a: [UInt8], b: [UInt8]) {
        self.a = a
        self.b = b
    }
}
