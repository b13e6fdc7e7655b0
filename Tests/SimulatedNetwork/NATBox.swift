// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// How a NAT maps and filters (RFC 4787 §4 and §5).
package struct NATBehaviour: Hashable, Sendable {
    /// What a mapping or a filter depends on.
    package enum Dependence: Hashable, Sendable, CaseIterable {
        /// Nothing of the remote end.
        case endpointIndependent
        /// The remote address.
        case addressDependent
        /// The remote address and port.
        case addressAndPortDependent
    }

    /// When the same external port is used again.
    package var mapping: Dependence
    /// Whose datagrams are let in.
    package var filtering: Dependence
    /// Whether two hosts behind the box reach each other by their external addresses.
    package var hairpinning: Bool
    /// How long a mapping lives without outgoing datagrams.
    package var lifetime: Duration

    /// Creates a behaviour.
    package init(
        mapping: Dependence,
        filtering: Dependence,
        hairpinning: Bool = false,
        lifetime: Duration = .seconds(120)
    ) {
        self.mapping = mapping
        self.filtering = filtering
        self.hairpinning = hairpinning
        self.lifetime = lifetime
    }

    /// The common home router.
    package static let portRestricted = NATBehaviour(
        mapping: .endpointIndependent,
        filtering: .addressAndPortDependent
    )
    /// A new port for every remote end.
    package static let symmetric = NATBehaviour(
        mapping: .addressAndPortDependent,
        filtering: .addressAndPortDependent
    )
    /// Once open, open to all.
    package static let fullCone = NATBehaviour(mapping: .endpointIndependent, filtering: .endpointIndependent)
}

/// One NAT box: a public address in front of private ones.
struct NATBox {
    private struct Mapping {
        let inner: SocketAddress
        let key: SocketAddress?
        let port: UInt16
        var expires: Instant
        var permitted: Set<SocketAddress>
    }

    let address: IPAddress
    let behaviour: NATBehaviour
    private var mappings: [Mapping] = []
    private var nextPort: UInt16 = 40_000

    init(address: IPAddress, behaviour: NATBehaviour) {
        self.address = address
        self.behaviour = behaviour
    }

    /// The part of a remote end on which something depends; nil for nothing.
    private static func key(_ remote: SocketAddress, _ dependence: NATBehaviour.Dependence) -> SocketAddress? {
        switch dependence {
        case .endpointIndependent: nil
        case .addressDependent: SocketAddress(remote.ip, port: 0)
        case .addressAndPortDependent: remote
        }
    }

    /// Forgets every mapping.
    mutating func forget() {
        self.mappings = []
    }

    /// The external source of a datagram that goes out; opens a mapping and a permission.
    mutating func outgoing(from inner: SocketAddress, to remote: SocketAddress, at now: Instant) -> SocketAddress {
        let key = Self.key(remote, self.behaviour.mapping)
        let permission = Self.key(remote, self.behaviour.filtering) ?? remote
        let found = self.mappings.firstIndex { $0.inner == inner && $0.key == key && $0.expires > now }
        if let found {
            self.mappings[found].expires = now + self.behaviour.lifetime
            self.mappings[found].permitted.insert(permission)
            return SocketAddress(self.address, port: self.mappings[found].port)
        }
        let mapping = Mapping(
            inner: inner,
            key: key,
            port: self.nextPort,
            expires: now + self.behaviour.lifetime,
            permitted: [permission]
        )
        self.nextPort = self.nextPort == .max ? 40_000 : self.nextPort + 1
        self.mappings.removeAll { $0.expires <= now }
        self.mappings.append(mapping)
        return SocketAddress(self.address, port: mapping.port)
    }

    /// The inner destination of a datagram that comes in; nil when it is filtered.
    func incoming(to port: UInt16, from remote: SocketAddress, at now: Instant) -> SocketAddress? {
        guard let mapping = self.mappings.first(where: { $0.port == port && $0.expires > now }) else { return nil }
        switch self.behaviour.filtering {
        case .endpointIndependent:
            return mapping.inner
        case .addressDependent, .addressAndPortDependent:
            guard let permission = Self.key(remote, self.behaviour.filtering), mapping.permitted.contains(permission)
            else { return nil }
            return mapping.inner
        }
    }
}
