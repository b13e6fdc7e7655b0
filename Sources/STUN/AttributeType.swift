// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// The number of an attribute; other modules add theirs in extensions (RFC 8489 §14, §18.3).
package struct AttributeType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    /// The number.
    package let rawValue: UInt16

    /// Creates a type from its number.
    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// Whether a receiver that does not know the attribute must refuse the message (RFC 8489 §14).
    package var isComprehensionRequired: Bool { self.rawValue < 0x8000 }
}

extension AttributeType: CustomStringConvertible {
    /// The number in hexadecimal digits, as in the registry of IANA.
    package var description: String {
        let text = String(self.rawValue, radix: 16, uppercase: true)
        return "0x" + String(repeating: "0", count: 4 - text.count) + text
    }
}

extension AttributeType {
    /// MAPPED-ADDRESS.
    package static let mappedAddress = AttributeType(rawValue: 0x0001)
    /// CHANGE-REQUEST (RFC 5780 §7.2).
    package static let changeRequest = AttributeType(rawValue: 0x0003)
    /// USERNAME.
    package static let username = AttributeType(rawValue: 0x0006)
    /// MESSAGE-INTEGRITY.
    package static let messageIntegrity = AttributeType(rawValue: 0x0008)
    /// ERROR-CODE.
    package static let errorCode = AttributeType(rawValue: 0x0009)
    /// UNKNOWN-ATTRIBUTES.
    package static let unknownAttributes = AttributeType(rawValue: 0x000A)
    /// REALM.
    package static let realm = AttributeType(rawValue: 0x0014)
    /// NONCE.
    package static let nonce = AttributeType(rawValue: 0x0015)
    /// MESSAGE-INTEGRITY-SHA256.
    package static let messageIntegritySHA256 = AttributeType(rawValue: 0x001C)
    /// PASSWORD-ALGORITHM.
    package static let passwordAlgorithm = AttributeType(rawValue: 0x001D)
    /// USERHASH.
    package static let userHash = AttributeType(rawValue: 0x001E)
    /// XOR-MAPPED-ADDRESS.
    package static let xorMappedAddress = AttributeType(rawValue: 0x0020)
    /// PRIORITY (RFC 8445 §16.1).
    package static let priority = AttributeType(rawValue: 0x0024)
    /// USE-CANDIDATE (RFC 8445 §16.1).
    package static let useCandidate = AttributeType(rawValue: 0x0025)
    /// PADDING (RFC 5780 §7.6).
    package static let padding = AttributeType(rawValue: 0x0026)
    /// RESPONSE-PORT (RFC 5780 §7.5).
    package static let responsePort = AttributeType(rawValue: 0x0027)
    /// PASSWORD-ALGORITHMS.
    package static let passwordAlgorithms = AttributeType(rawValue: 0x8002)
    /// ALTERNATE-DOMAIN.
    package static let alternateDomain = AttributeType(rawValue: 0x8003)
    /// SOFTWARE.
    package static let software = AttributeType(rawValue: 0x8022)
    /// ALTERNATE-SERVER.
    package static let alternateServer = AttributeType(rawValue: 0x8023)
    /// FINGERPRINT.
    package static let fingerprint = AttributeType(rawValue: 0x8028)
    /// ICE-CONTROLLED (RFC 8445 §16.1).
    package static let iceControlled = AttributeType(rawValue: 0x8029)
    /// ICE-CONTROLLING (RFC 8445 §16.1).
    package static let iceControlling = AttributeType(rawValue: 0x802A)
    /// RESPONSE-ORIGIN (RFC 5780 §7.3).
    package static let responseOrigin = AttributeType(rawValue: 0x802B)
    /// OTHER-ADDRESS (RFC 5780 §7.4).
    package static let otherAddress = AttributeType(rawValue: 0x802C)
}

extension Set<AttributeType> {
    /// What every agent of RFC 8489 understands among the attributes that have to be understood.
    package static let basic: Set<AttributeType> = [
        .mappedAddress, .username, .messageIntegrity, .errorCode, .unknownAttributes, .realm, .nonce,
        .messageIntegritySHA256, .passwordAlgorithm, .userHash, .xorMappedAddress,
    ]

    /// What an ICE agent understands (RFC 8445 §16.1).
    package static let connectivityChecks: Set<AttributeType> = basic.union([.priority, .useCandidate])
}
