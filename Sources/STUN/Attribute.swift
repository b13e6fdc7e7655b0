// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// An attribute of a message (RFC 8489 §14, RFC 8445 §16.1, RFC 5780 §7).
///
/// MESSAGE-INTEGRITY, MESSAGE-INTEGRITY-SHA256 and FINGERPRINT have no case: they are no content but protect the bytes of
/// a message. Encoding makes them, and parsing notes them in `STUNMessage.integrity` and `hasFingerprint`.
package enum Attribute: Hashable, Sendable {
    /// MAPPED-ADDRESS.
    case mappedAddress(SocketAddress)
    /// XOR-MAPPED-ADDRESS.
    case xorMappedAddress(SocketAddress)
    /// USERNAME.
    case username(String)
    /// USERHASH: 32 bytes.
    case userHash([UInt8])
    /// ERROR-CODE.
    case errorCode(ErrorCode)
    /// REALM.
    case realm(String)
    /// NONCE: bytes that are sent back as they are.
    case nonce([UInt8])
    /// UNKNOWN-ATTRIBUTES.
    case unknownAttributes([AttributeType])
    /// SOFTWARE.
    case software(String)
    /// ALTERNATE-SERVER.
    case alternateServer(SocketAddress)
    /// ALTERNATE-DOMAIN.
    case alternateDomain(String)
    /// PASSWORD-ALGORITHM.
    case passwordAlgorithm(PasswordAlgorithm)
    /// PASSWORD-ALGORITHMS.
    case passwordAlgorithms([PasswordAlgorithm])
    /// PRIORITY.
    case priority(UInt32)
    /// USE-CANDIDATE.
    case useCandidate
    /// ICE-CONTROLLED with a tie-breaker.
    case iceControlled(UInt64)
    /// ICE-CONTROLLING with a tie-breaker.
    case iceControlling(UInt64)
    /// CHANGE-REQUEST.
    case changeRequest(ChangeRequest)
    /// RESPONSE-ORIGIN.
    case responseOrigin(SocketAddress)
    /// OTHER-ADDRESS.
    case otherAddress(SocketAddress)
    /// PADDING: so many zeros.
    case padding(Int)
    /// RESPONSE-PORT.
    case responsePort(UInt16)
    /// Any other attribute as it came: unknown, known to another module (which adds typed views in an extension), or
    /// optional to understand and malformed.
    case raw(AttributeType, [UInt8])

    /// The number under which it travels.
    package var type: AttributeType {
        switch self {
        case .mappedAddress: .mappedAddress
        case .xorMappedAddress: .xorMappedAddress
        case .username: .username
        case .userHash: .userHash
        case .errorCode: .errorCode
        case .realm: .realm
        case .nonce: .nonce
        case .unknownAttributes: .unknownAttributes
        case .software: .software
        case .alternateServer: .alternateServer
        case .alternateDomain: .alternateDomain
        case .passwordAlgorithm: .passwordAlgorithm
        case .passwordAlgorithms: .passwordAlgorithms
        case .priority: .priority
        case .useCandidate: .useCandidate
        case .iceControlled: .iceControlled
        case .iceControlling: .iceControlling
        case .changeRequest: .changeRequest
        case .responseOrigin: .responseOrigin
        case .otherAddress: .otherAddress
        case .padding: .padding
        case .responsePort: .responsePort
        case .raw(let type, _): type
        }
    }
}
