// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// What the receiver of a request or an indication is to do with it.
package enum RequestVerdict: Equatable, Sendable {
    /// It is authentic; the response is to be protected with this key and algorithm.
    case authentic(IntegrityKey, IntegrityAlgorithms)
    /// It is refused; the encoded error response is to be sent.
    case refused(ErrorCode, answer: [UInt8])
    /// It is dropped without an answer.
    case discarded
}

extension STUNMessage {
    /// Checks a request or an indication with short-term credentials (RFC 8489 §9.1.3), then what it demands (§6.3.1).
    ///
    /// - Parameters:
    ///   - bytes: what this message was parsed from.
    ///   - understood: the attributes that the receiver understands; others that have to be understood give an error 420.
    ///   - accepted: the integrity attributes that count.
    ///   - key: the key that belongs to a user name; nil when the name is not valid here.
    /// - Returns: what to do with the message.
    package func checkShortTerm(
        of bytes: Span<UInt8>,
        understanding understood: Set<AttributeType>,
        accepting accepted: IntegrityAlgorithms = .all,
        key: (_ username: String) -> IntegrityKey?
    ) -> RequestVerdict {
        guard self.messageClass == .request || self.messageClass == .indication else { return .discarded }
        let present = self.integrity.intersection(accepted)
        guard let username = self.username, !present.isEmpty else { return self.refusal(.badRequest) }
        guard let key = key(username), Self.verifyIntegrity(of: bytes, key: key, accepting: present) else {
            return self.refusal(.unauthenticated)
        }
        return self.verdict(understanding: understood, key: key, algorithm: present.strongest)
    }

    /// The verdict on an authentic message: error 420 when it has attributes that the receiver must know but does not.
    func verdict(
        understanding understood: Set<AttributeType>,
        key: IntegrityKey,
        algorithm: IntegrityAlgorithms
    ) -> RequestVerdict {
        let unknown = self.unknownComprehensionRequired(understanding: understood)
        guard unknown.isEmpty else {
            return self.refusal(.unknownAttribute, [.unknownAttributes(unknown)], key: key, algorithm: algorithm)
        }
        return .authentic(key, algorithm)
    }

    /// An error response to a request, with a FINGERPRINT when the request had one; an indication is just dropped.
    func refusal(
        _ error: ErrorCode,
        _ attributes: [Attribute] = [],
        key: IntegrityKey? = nil,
        algorithm: IntegrityAlgorithms = .sha1
    ) -> RequestVerdict {
        guard self.messageClass == .request else { return .discarded }
        let answer = self.failure(error, attributes)
        return .refused(
            error,
            answer: answer.encoded(integrity: key, algorithms: algorithm, fingerprint: self.hasFingerprint)
        )
    }
}

extension IntegrityAlgorithms {
    /// The one that a receiver verifies when it may choose.
    var strongest: IntegrityAlgorithms { self.contains(.sha256) ? .sha256 : self }
}
