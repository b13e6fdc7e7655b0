// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// A STUN message (RFC 8489 §5).
package struct STUNMessage: Hashable, Sendable {
    /// What is asked for.
    package var method: Method
    /// Request, indication or response.
    package var messageClass: MessageClass
    /// Connects responses to requests.
    package var transactionID: TransactionID
    /// The attributes in the order of the wire, without those that protect the bytes.
    package var attributes: [Attribute]
    /// What protects the integrity of the bytes that this was parsed from: still to be verified; empty for a new message.
    package private(set) var integrity: IntegrityAlgorithms
    /// Whether the bytes that this was parsed from had a FINGERPRINT: still to be verified; false for a new message.
    package private(set) var hasFingerprint: Bool

    /// Creates a message to be sent.
    package init(
        _ method: Method,
        _ messageClass: MessageClass,
        _ transactionID: TransactionID,
        attributes: [Attribute] = []
    ) {
        self.method = method
        self.messageClass = messageClass
        self.transactionID = transactionID
        self.attributes = attributes
        self.integrity = []
        self.hasFingerprint = false
    }

    /// Reads one message, which must fill the bytes.
    ///
    /// What follows an integrity attribute is left out, as RFC 8489 §14.5 and §14.6 demand: nothing vouches for it.
    /// Neither integrity nor fingerprint is verified; `verifyIntegrity` and `verifyFingerprint` do that.
    package init(parsing bytes: Span<UInt8>) throws(STUNError) {
        let layout = try MessageLayout(scanning: bytes)
        self.init(layout.type.method, layout.type.messageClass, layout.transactionID)
        self.attributes.reserveCapacity(layout.content.count)
        for field in layout.content {
            let value = bytes.extracting(field.value)
            if let attribute = Attribute(field.type, value: value, in: self.transactionID) {
                self.attributes.append(attribute)
            } else if field.type.isComprehensionRequired {
                throw .malformedAttribute(field.type)
            } else {
                self.attributes.append(.raw(field.type, [UInt8](copying: value)))
            }
        }
        self.integrity = layout.integrity
        self.hasFingerprint = layout.fingerprint != nil
    }
}

extension STUNMessage {
    /// The 32 bits at offset 4 of every message (RFC 8489 §5).
    package static let magicCookie: UInt32 = 0x2112_A442

    /// The bytes before the first attribute.
    package static let headerSize = 20

    /// The most attributes that are read; no known use comes close.
    package static let maximumAttributes = 64

    /// Whether a datagram can only be STUN: the first byte is 0 to 3 (RFC 7983 §7), and the magic cookie is there.
    package static func looksLikeSTUN(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count >= Self.headerSize, bytes[0] < 4 else { return false }
        return bytes[4] == 0x21 && bytes[5] == 0x12 && bytes[6] == 0xA4 && bytes[7] == 0x42
    }

    /// A success response to this request.
    package func success(_ attributes: [Attribute] = []) -> STUNMessage {
        STUNMessage(self.method, .success, self.transactionID, attributes: attributes)
    }

    /// An error response to this request.
    package func failure(_ error: ErrorCode, _ attributes: [Attribute] = []) -> STUNMessage {
        STUNMessage(self.method, .failure, self.transactionID, attributes: [.errorCode(error)] + attributes)
    }

    /// The attributes that have to be understood and are not among `understood`: the reason for an error 420.
    package func unknownComprehensionRequired(understanding understood: Set<AttributeType>) -> [AttributeType] {
        var unknown: [AttributeType] = []
        for attribute in self.attributes {
            let type = attribute.type
            guard type.isComprehensionRequired, !understood.contains(type), !unknown.contains(type) else { continue }
            unknown.append(type)
        }
        return unknown
    }
}
