// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// Answers Binding requests without credentials: a server that tells clients their addresses (RFC 8489 §2, §6.3.1).
package struct BindingServer: Sendable {
    private let software: String?

    /// Creates a server that names itself in its responses, or does not.
    package init(software: String? = nil) {
        self.software = software
    }

    /// The response to a datagram, or nil when it deserves none: no message, an indication, another method.
    package func answer(_ datagram: Span<UInt8>, from source: SocketAddress) -> [UInt8]? {
        guard let request = try? STUNMessage(parsing: datagram), request.method == .binding,
            request.messageClass == .request
        else { return nil }
        guard !request.hasFingerprint || STUNMessage.verifyFingerprint(of: datagram) else { return nil }
        var response = self.response(to: request, from: source)
        if let software = self.software {
            response.attributes.append(.software(software))
        }
        return response.encoded(fingerprint: request.hasFingerprint)
    }

    private func response(to request: STUNMessage, from source: SocketAddress) -> STUNMessage {
        let unknown = request.unknownComprehensionRequired(understanding: .basic)
        guard unknown.isEmpty else { return request.failure(.unknownAttribute, [.unknownAttributes(unknown)]) }
        // A socket for both families sees IPv4 clients under mapped addresses, which mean nothing to them.
        let address = SocketAddress(source.ip.withoutIPv4Mapping, port: source.port)
        return request.success([.xorMappedAddress(address)])
    }
}
