// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// A user name and password at one server, and what that server said about how to use them (RFC 8489 §9.2).
///
/// The first request goes out bare; the server challenges it, and all that follow answer the newest challenge. Many
/// requests may be on their way at once: each has an `Attempt`, with which its response is judged.
package struct LongTermCredentials: Sendable {
    /// The name.
    package let username: String
    private let password: String
    private var challenge: Challenge?

    /// The most attempts for one request, whatever a server says: where much is lost and nonces are short-lived, a request
    /// may come too late several times on end.
    package static let maximumAttempts = 10

    /// Creates credentials for a server that was not heard yet.
    package init(username: String, password: String) {
        self.username = username
        self.password = password
    }

    /// The realm of the newest challenge; nil before the first.
    package var realm: String? { self.challenge?.realm }

    /// Encodes a request with what the newest challenge demands.
    ///
    /// After `ResponseVerdict.retry` the request needs a new transaction, and `previous` is the attempt that failed.
    package func encode(
        _ request: STUNMessage,
        after previous: Attempt? = nil,
        fingerprint: Bool = false
    ) -> (bytes: [UInt8], attempt: Attempt) {
        let attempt = Attempt(number: (previous?.number ?? 0) + 1, challenge: self.challenge)
        guard let challenge = self.challenge else {
            return (request.encoded(fingerprint: fingerprint), attempt)
        }
        var request = request
        request.attributes += challenge.answer(as: self.username)
        let bytes = request.encoded(
            integrity: challenge.key,
            algorithms: challenge.integrity,
            fingerprint: fingerprint
        )
        return (bytes, attempt)
    }

    /// Judges a response, and learns from challenges (RFC 8489 §9.2.5).
    ///
    /// - Parameters:
    ///   - response: a response whose transaction is that of the attempt's request.
    ///   - bytes: what it was parsed from.
    ///   - attempt: what `encode` returned with the request.
    /// - Returns: what to do with the response.
    package mutating func judge(
        _ response: STUNMessage,
        of bytes: Span<UInt8>,
        to attempt: Attempt
    ) -> ResponseVerdict {
        let error = response.messageClass == .failure ? response.errorCode?.number : nil
        if error == ErrorCode.unauthenticated.number || error == ErrorCode.staleNonce.number {
            return self.learn(from: response, isStale: error == ErrorCode.staleNonce.number, to: attempt)
        }
        // "For all other responses, if the NONCE attribute starts with the nonce cookie with the STUN Security Feature
        // Password algorithms bit set but PASSWORD-ALGORITHMS is not present, the response MUST be ignored."
        guard !response.isBidDown else { return .discarded }
        guard let challenge = attempt.challenge else { return .accepted }
        let isAuthentic = STUNMessage.verifyIntegrity(
            of: bytes,
            key: challenge.key,
            accepting: challenge.integrity
        )
        return isAuthentic ? .accepted : .discarded
    }

    private mutating func learn(from response: STUNMessage, isStale: Bool, to attempt: Attempt) -> ResponseVerdict {
        guard !response.isBidDown else { return .refused(.bidDown) }
        guard let realm = response.realm ?? (isStale ? attempt.challenge?.realm : nil), let nonce = response.nonce
        else { return .refused(.incompleteChallenge) }
        guard
            let challenge = Challenge(
                realm: realm,
                nonce: nonce,
                offered: response.passwordAlgorithms,
                username: self.username,
                password: self.password
            )
        else { return .refused(.unsupportedAlgorithms) }
        // "The client MUST NOT perform this retry if it is not changing the USERNAME, USERHASH, REALM, or its
        // associated password from the previous attempt."
        guard isStale || attempt.challenge?.key != challenge.key else { return .refused(.wrongCredentials) }
        guard attempt.number < Self.maximumAttempts else { return .refused(.tooManyChallenges) }
        self.challenge = challenge
        return .retry
    }
}

extension LongTermCredentials: CustomStringConvertible, CustomReflectable {
    /// The user name alone: a password does not belong in a log.
    package var description: String { "LongTermCredentials(\(self.username))" }

    /// No look at the password.
    package var customMirror: Mirror { Mirror(self, children: ["username": self.username]) }
}

/// How a request was sent: what its response is judged by.
package struct Attempt: Sendable {
    /// Counts from 1 over all transactions for one request.
    package let number: Int
    fileprivate let challenge: Challenge?

    /// Whether the request carried credentials.
    package var isAuthorized: Bool { self.challenge != nil }
}

/// What the sender of a request is to do with a response.
package enum ResponseVerdict: Hashable, Sendable {
    /// It counts: it is authentic, or the request went out without credentials.
    case accepted
    /// The server posed a new challenge: encode the request anew, in a new transaction.
    case retry
    /// It is to be treated as if it had never come; over a reliable transport the transaction ends (RFC 8489 §9.2.5).
    case discarded
    /// The server and these credentials will not come together.
    case refused(Refusal)

    /// Why credentials are of no use.
    package enum Refusal: Error, Hashable, Sendable {
        /// The user name or the password is wrong.
        case wrongCredentials
        /// The server challenges time and again.
        case tooManyChallenges
        /// No algorithm that the server offers is known here.
        case unsupportedAlgorithms
        /// Somebody on the way removed the algorithms from a challenge.
        case bidDown
        /// A challenge has no realm or no nonce.
        case incompleteChallenge
    }
}

/// A challenge, and the key with which it is answered.
private struct Challenge: Sendable {
    let realm: String
    let nonce: [UInt8]
    /// PASSWORD-ALGORITHMS, to be sent back as they came.
    let offered: [PasswordAlgorithm]?
    let algorithm: PasswordAlgorithm
    let key: IntegrityKey

    init?(realm: String, nonce: [UInt8], offered: [PasswordAlgorithm]?, username: String, password: String) {
        let choices = offered ?? [.md5]
        guard let algorithm = [PasswordAlgorithm.sha256, .md5].first(where: choices.contains),
            let key = IntegrityKey(username: username, realm: realm, password: password, algorithm: algorithm)
        else { return nil }
        self.realm = realm
        self.nonce = nonce
        self.offered = offered
        self.algorithm = algorithm
        self.key = key
    }

    /// "If the response contains a PASSWORD-ALGORITHMS attribute, all the subsequent requests MUST be authenticated using
    /// MESSAGE-INTEGRITY-SHA256 only" (RFC 8489 §9.2.5); older servers know MESSAGE-INTEGRITY alone.
    var integrity: IntegrityAlgorithms { self.offered == nil ? .sha1 : .sha256 }

    /// What a request carries to answer this challenge.
    func answer(as username: String) -> [Attribute] {
        var attributes: [Attribute] = []
        if SecurityFeatures(nonce: self.nonce)?.contains(.usernameAnonymity) == true {
            attributes.append(.userHash(IntegrityKey.userHash(username: username, realm: self.realm)))
        } else {
            attributes.append(.username(username))
        }
        attributes += [.realm(self.realm), .nonce(self.nonce)]
        if let offered = self.offered {
            attributes += [.passwordAlgorithms(offered), .passwordAlgorithm(self.algorithm)]
        }
        return attributes
    }
}

extension STUNMessage {
    /// Whether the nonce promises PASSWORD-ALGORITHMS that are not there.
    fileprivate var isBidDown: Bool {
        guard let nonce = self.nonce, self.passwordAlgorithms == nil else { return false }
        return SecurityFeatures(nonce: nonce)?.contains(.passwordAlgorithms) == true
    }
}
