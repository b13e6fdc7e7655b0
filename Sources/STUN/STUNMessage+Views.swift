// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

// Views of attributes: the first of a type counts (RFC 8489 §14).
extension STUNMessage {
    /// What the first attribute for which `pick` yields something yields; typed views of other modules are made of it.
    package func first<Value>(_ pick: (Attribute) -> Value?) -> Value? {
        for attribute in self.attributes {
            if let value = pick(attribute) {
                return value
            }
        }
        return nil
    }

    /// The bytes of an attribute that has no case of its own.
    package func raw(_ type: AttributeType) -> [UInt8]? {
        self.first { if case .raw(type, let bytes) = $0 { bytes } else { nil } }
    }

    /// XOR-MAPPED-ADDRESS, or MAPPED-ADDRESS of servers that know no better (RFC 8489 §6.3.3).
    package var mappedAddress: SocketAddress? {
        self.first { if case .xorMappedAddress(let address) = $0 { address } else { nil } }
            ?? self.first { if case .mappedAddress(let address) = $0 { address } else { nil } }
    }

    /// USERNAME.
    package var username: String? {
        self.first { if case .username(let text) = $0 { text } else { nil } }
    }

    /// USERHASH.
    package var userHash: [UInt8]? {
        self.first { if case .userHash(let bytes) = $0 { bytes } else { nil } }
    }

    /// ERROR-CODE.
    package var errorCode: ErrorCode? {
        self.first { if case .errorCode(let error) = $0 { error } else { nil } }
    }

    /// REALM.
    package var realm: String? {
        self.first { if case .realm(let text) = $0 { text } else { nil } }
    }

    /// NONCE.
    package var nonce: [UInt8]? {
        self.first { if case .nonce(let bytes) = $0 { bytes } else { nil } }
    }

    /// UNKNOWN-ATTRIBUTES.
    package var unknownAttributes: [AttributeType]? {
        self.first { if case .unknownAttributes(let types) = $0 { types } else { nil } }
    }

    /// SOFTWARE.
    package var software: String? {
        self.first { if case .software(let text) = $0 { text } else { nil } }
    }

    /// ALTERNATE-SERVER.
    package var alternateServer: SocketAddress? {
        self.first { if case .alternateServer(let address) = $0 { address } else { nil } }
    }

    /// ALTERNATE-DOMAIN.
    package var alternateDomain: String? {
        self.first { if case .alternateDomain(let text) = $0 { text } else { nil } }
    }

    /// PASSWORD-ALGORITHM.
    package var passwordAlgorithm: PasswordAlgorithm? {
        self.first { if case .passwordAlgorithm(let algorithm) = $0 { algorithm } else { nil } }
    }

    /// PASSWORD-ALGORITHMS.
    package var passwordAlgorithms: [PasswordAlgorithm]? {
        self.first { if case .passwordAlgorithms(let algorithms) = $0 { algorithms } else { nil } }
    }

    /// PRIORITY.
    package var priority: UInt32? {
        self.first { if case .priority(let value) = $0 { value } else { nil } }
    }

    /// Whether USE-CANDIDATE is there.
    package var useCandidate: Bool { self.attributes.contains(.useCandidate) }

    /// The tie-breaker of ICE-CONTROLLED.
    package var iceControlled: UInt64? {
        self.first { if case .iceControlled(let value) = $0 { value } else { nil } }
    }

    /// The tie-breaker of ICE-CONTROLLING.
    package var iceControlling: UInt64? {
        self.first { if case .iceControlling(let value) = $0 { value } else { nil } }
    }

    /// CHANGE-REQUEST.
    package var changeRequest: ChangeRequest? {
        self.first { if case .changeRequest(let flags) = $0 { flags } else { nil } }
    }

    /// RESPONSE-ORIGIN.
    package var responseOrigin: SocketAddress? {
        self.first { if case .responseOrigin(let address) = $0 { address } else { nil } }
    }

    /// OTHER-ADDRESS.
    package var otherAddress: SocketAddress? {
        self.first { if case .otherAddress(let address) = $0 { address } else { nil } }
    }

    /// RESPONSE-PORT.
    package var responsePort: UInt16? {
        self.first { if case .responsePort(let port) = $0 { port } else { nil } }
    }
}
