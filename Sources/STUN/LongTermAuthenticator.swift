// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Crypto
package import Wire

/// The server's half of long-term credentials (RFC 8489 §9.2.4); nonces need no memory.
package struct LongTermAuthenticator: Sendable {
    /// How a request names its user.
    package enum UserIdentity: Hashable, Sendable {
        /// USERNAME.
        case name(String)
        /// USERHASH; asked for only when usernames are to be hidden.
        case hash([UInt8])
    }

    /// A user who may come in.
    package struct Account: Hashable, Sendable {
        /// The name.
        package let username: String
        /// The password.
        package let password: String

        /// Creates an account.
        package init(username: String, password: String) {
            self.username = username
            self.password = password
        }
    }

    /// The realm that users belong to.
    package let realm: String

    private let features: SecurityFeatures
    private let nonceLifetime: Duration
    private let secret: [UInt8]

    /// What is offered to clients that can choose, the preferred one first.
    private static let offered: [PasswordAlgorithm] = [.sha256, .md5]

    /// Creates an authenticator.
    ///
    /// - Parameters:
    ///   - realm: the realm of the users.
    ///   - features: what clients are told that they may do; empty for the behaviour of RFC 5389.
    ///   - nonceLifetime: how long a nonce is good.
    ///   - random: makes the secret with which nonces are sealed.
    package init(
        realm: String,
        features: SecurityFeatures = .passwordAlgorithms,
        nonceLifetime: Duration = .seconds(600),
        random: inout RandomSource
    ) {
        self.realm = realm
        self.features = features
        self.nonceLifetime = nonceLifetime
        self.secret = random.bytes(32)
    }

    /// Checks a request or an indication, then what it demands (RFC 8489 §6.3.1).
    ///
    /// - Parameters:
    ///   - request: the message.
    ///   - bytes: what it was parsed from.
    ///   - client: where it came from, for which nonces are good.
    ///   - understood: the attributes that the receiver understands; others that have to be understood give an error 420.
    ///   - now: the time.
    ///   - account: the account of a user; nil when there is none.
    /// - Returns: what to do with the message.
    package func check(
        _ request: STUNMessage,
        of bytes: Span<UInt8>,
        from client: SocketAddress,
        understanding understood: Set<AttributeType>,
        at now: Instant,
        account: (UserIdentity) -> Account?
    ) -> RequestVerdict {
        guard request.messageClass == .request || request.messageClass == .indication else { return .discarded }
        guard !request.integrity.isEmpty else { return self.challenge(request, .unauthenticated, client, now) }
        guard let identity = request.identity, request.realm != nil, let nonce = request.nonce,
            let algorithm = self.algorithm(of: request)
        else { return request.refusal(.badRequest) }
        guard self.isFresh(nonce, for: client, at: now) else {
            return self.challenge(request, .staleNonce, client, now)
        }
        // A client that was offered algorithms protects its requests with SHA-256 alone (RFC 8489 §9.2.5).
        let accepted: IntegrityAlgorithms = request.passwordAlgorithm == nil ? .all : .sha256
        guard request.realm == self.realm, let account = account(identity),
            let key = IntegrityKey(
                username: account.username,
                realm: self.realm,
                password: account.password,
                algorithm: algorithm
            ),
            STUNMessage.verifyIntegrity(of: bytes, key: key, accepting: accepted)
        else { return self.challenge(request, .unauthenticated, client, now) }
        let used = request.integrity.intersection(accepted).strongest
        return request.verdict(understanding: understood, key: key, algorithm: used)
    }

    /// How the key of a request is made; nil when what it says contradicts what it was told.
    private func algorithm(of request: STUNMessage) -> PasswordAlgorithm? {
        guard self.features.contains(.passwordAlgorithms) else { return .md5 }
        switch (request.passwordAlgorithms, request.passwordAlgorithm) {
        case (nil, nil): return .md5
        case (Self.offered, let chosen?) where Self.offered.contains(chosen): return chosen
        default: return nil
        }
    }

    private func challenge(
        _ request: STUNMessage,
        _ error: ErrorCode,
        _ client: SocketAddress,
        _ now: Instant
    ) -> RequestVerdict {
        var attributes: [Attribute] = [.realm(self.realm), .nonce(self.nonce(for: client, at: now))]
        if self.features.contains(.passwordAlgorithms) {
            attributes.append(.passwordAlgorithms(Self.offered))
        }
        return request.refusal(error, attributes)
    }
}

// Nonces: the cookie, the time, and a seal over the time and the client's address.
extension LongTermAuthenticator {
    /// A nonce that is good for one client from now on.
    private func nonce(for client: SocketAddress, at now: Instant) -> [UInt8] {
        self.features.nonceCookie + Self.hexadecimal(now.nanoseconds) + self.seal(now.nanoseconds, client)
    }

    private func isFresh(_ nonce: [UInt8], for client: SocketAddress, at now: Instant) -> Bool {
        let cookie = self.features.nonceCookie
        guard nonce.starts(with: cookie), nonce.count >= cookie.count + 16 else { return false }
        let digits = String(decoding: nonce[cookie.count..<(cookie.count + 16)], as: UTF8.self)
        guard let issued = UInt64(digits, radix: 16) else { return false }
        let expected = cookie + Self.hexadecimal(issued) + self.seal(issued, client)
        guard constantTimeEqual(expected.span, nonce.span) else { return false }
        return now.nanoseconds >= issued && now.nanoseconds - issued <= self.nonceLifetime.wholeNanoseconds
    }

    private func seal(_ time: UInt64, _ client: SocketAddress) -> [UInt8] {
        let sealed = Self.hexadecimal(time) + Array(client.description.utf8)
        let code = Array(HMAC<SHA256>.authenticationCode(for: sealed, using: SymmetricKey(data: self.secret)))
        return code.prefix(16).flatMap { [Self.digits[Int($0 >> 4)], Self.digits[Int($0 & 15)]] }
    }

    /// 16 digits.
    private static func hexadecimal(_ value: UInt64) -> [UInt8] {
        (0..<16).map { self.digits[Int(value >> (60 - 4 * UInt64($0)) & 15)] }
    }

    private static let digits = Array("0123456789abcdef".utf8)
}

extension LongTermAuthenticator: CustomReflectable {
    /// No look at the secret.
    package var customMirror: Mirror { Mirror(self, children: ["realm": self.realm]) }
}

extension STUNMessage {
    /// Whom a request says to come from.
    fileprivate var identity: LongTermAuthenticator.UserIdentity? {
        if let name = self.username {
            return .name(name)
        }
        return self.userHash.map { .hash($0) }
    }
}
