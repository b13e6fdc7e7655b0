// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// One NAT box or firewall, with what is behind it and what it stands behind itself.
struct NATBox {
    private struct Mapping {
        let inner: SocketAddress
        let key: SocketAddress?
        let outer: SocketAddress
        var expires: Instant
        /// Whom it lets in, and until when.
        var permitted: [SocketAddress: Instant]
    }

    /// Its address outside; nil where it does not translate.
    let address: IPAddress?
    let behaviour: NATBehaviour
    /// The box in whose inner network it stands; nil for the Internet.
    let outside: Int?
    /// Whether hosts behind it cannot reach each other, as in many guest networks.
    var isolates = false
    private var mappings: [Mapping] = []
    private var nextPort: UInt16 = 40_000

    init(address: IPAddress?, behaviour: NATBehaviour, outside: Int?) {
        self.address = address
        self.behaviour = behaviour
        self.outside = outside
    }

    /// The part of a remote end on which something depends; nil for nothing.
    private static func key(_ remote: SocketAddress, _ dependence: NATBehaviour.Dependence) -> SocketAddress? {
        switch dependence {
        case .endpointIndependent: nil
        case .addressDependent: SocketAddress(remote.ip, port: 0)
        case .addressAndPortDependent: remote
        }
    }

    /// Whom a datagram to a remote end lets in.
    private func permission(_ remote: SocketAddress) -> SocketAddress {
        Self.key(remote, self.behaviour.filtering) ?? SocketAddress(.v4(0), port: 0)
    }

    /// Forgets every mapping.
    mutating func forget() {
        self.mappings = []
    }

    /// The external source of a datagram that goes out; opens a mapping and a permission.
    mutating func outgoing(
        from inner: SocketAddress,
        to remote: SocketAddress,
        random: inout RandomSource,
        at now: Instant
    ) -> SocketAddress {
        let expires = now + self.behaviour.lifetime
        let key = Self.key(remote, self.behaviour.mapping)
        let permission = self.permission(remote)
        if let found = self.mappings.firstIndex(where: { $0.inner == inner && $0.key == key && $0.expires > now }) {
            self.mappings[found].expires = expires
            self.mappings[found].permitted[permission] = expires
            return self.mappings[found].outer
        }
        self.mappings.removeAll { $0.expires <= now }
        let outer = self.address.map { SocketAddress($0, port: self.freshPort(for: inner, random: &random)) } ?? inner
        self.mappings.append(
            Mapping(inner: inner, key: key, outer: outer, expires: expires, permitted: [permission: expires])
        )
        return outer
    }

    /// The inner destination of a datagram that comes in; nil when it is filtered.
    mutating func incoming(to outer: SocketAddress, from remote: SocketAddress, at now: Instant) -> SocketAddress? {
        guard let found = self.mappings.firstIndex(where: { $0.outer == outer && $0.expires > now }) else { return nil }
        let permission = self.permission(remote)
        guard let until = self.mappings[found].permitted[permission], until > now else { return nil }
        if self.behaviour.isRefreshedFromOutside {
            self.mappings[found].expires = now + self.behaviour.lifetime
            self.mappings[found].permitted[permission] = now + self.behaviour.lifetime
        }
        return self.mappings[found].inner
    }

    private mutating func freshPort(for inner: SocketAddress, random: inout RandomSource) -> UInt16 {
        if self.behaviour.ports == .preserved, self.isFree(inner.port) { return inner.port }
        while true {
            let port: UInt16
            if self.behaviour.ports == .random {
                port = UInt16.random(in: 1_024...UInt16.max, using: &random)
            } else {
                port = self.nextPort
                self.nextPort = port == .max ? 40_000 : port + 1
            }
            if self.isFree(port) { return port }
        }
    }

    private func isFree(_ port: UInt16) -> Bool { !self.mappings.contains { $0.outer.port == port } }
}
