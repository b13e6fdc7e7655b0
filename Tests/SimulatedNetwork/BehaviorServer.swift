// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import STUN
package import Wire

/// A server of RFC 5780: two addresses with two ports each, from any of which it answers.
package struct BehaviorServer: Sendable {
    /// Where clients come first.
    package let primary: SocketAddress
    /// Its other address and port.
    package let alternate: SocketAddress
    /// What it understands beyond RFC 8489: without CHANGE-REQUEST it has no OTHER-ADDRESS to tell of either.
    package var understood: Set<AttributeType> = [.changeRequest, .responsePort]
    /// Whether it answers from where it was asked, whatever CHANGE-REQUEST says.
    package var ignoresChange = false
    /// What it says its other address is, where that is a lie.
    package var told: SocketAddress?
    /// Where it says that its answers come from, where that is a lie.
    package var origin: SocketAddress?

    /// Creates a server.
    package init(primary: SocketAddress, alternate: SocketAddress) {
        self.primary = primary
        self.alternate = alternate
    }

    /// Whether an address is one of its four.
    package func listens(at address: SocketAddress) -> Bool {
        [self.primary.ip, self.alternate.ip].contains(address.ip)
            && [self.primary.port, self.alternate.port].contains(address.port)
    }

    /// Takes what a client sent to one of its addresses, and gives the answer (RFC 5780 §6).
    package func take(
        _ bytes: [UInt8],
        from client: SocketAddress,
        to asked: SocketAddress
    ) -> RelayServer.Outgoing? {
        guard let request = try? STUNMessage(parsing: bytes.span), request.method == .binding,
            request.messageClass == .request
        else { return nil }
        let unknown = request.unknownComprehensionRequired(understanding: .basic.union(self.understood))
        guard unknown.isEmpty else {
            let refusal = request.failure(.unknownAttribute, [.unknownAttributes(unknown)])
            return RelayServer.Outgoing(source: asked, destination: client, bytes: refusal.encoded())
        }
        var source = asked
        if !self.ignoresChange, let change = request.changeRequest {
            if change.contains(.address) { source.ip = self.other(asked).ip }
            if change.contains(.port) { source.port = self.other(asked).port }
        }
        var attributes: [Attribute] = [.xorMappedAddress(client), .responseOrigin(self.origin ?? source)]
        if self.understood.contains(.changeRequest) {
            attributes.append(.otherAddress(self.told ?? self.other(asked)))
        }
        let destination = SocketAddress(client.ip, port: request.responsePort ?? client.port)
        let bytes = request.success(attributes).encoded()
        return RelayServer.Outgoing(source: source, destination: destination, bytes: bytes)
    }

    private func other(_ asked: SocketAddress) -> SocketAddress {
        SocketAddress(
            asked.ip == self.primary.ip ? self.alternate.ip : self.primary.ip,
            port: asked.port == self.primary.port ? self.alternate.port : self.primary.port
        )
    }
}
