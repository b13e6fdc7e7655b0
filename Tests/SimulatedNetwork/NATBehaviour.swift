// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// How a box between hosts and the rest of the Internet maps and filters: a NAT (RFC 4787), or a firewall that only
/// filters (RFC 6092).
package struct NATBehaviour: Hashable, Sendable {
    /// What a mapping or a filter depends on (RFC 4787 §4.1 and §5).
    package enum Dependence: Int, Hashable, Sendable, CaseIterable, Comparable {
        /// Nothing of the remote end.
        case endpointIndependent
        /// The remote address.
        case addressDependent
        /// The remote address and port.
        case addressAndPortDependent

        /// Whether `left` depends on less.
        package static func < (left: Dependence, right: Dependence) -> Bool { left.rawValue < right.rawValue }
    }

    /// Which external port a new mapping gets (RFC 4787 §4.2.1).
    package enum PortChoice: Hashable, Sendable, CaseIterable {
        /// The next one that is free.
        case inOrder
        /// That of the host, if it is free.
        case preserved
        /// Any that is free.
        case random
    }

    /// When the same external port is used again.
    package var mapping: Dependence
    /// Whose datagrams are let in.
    package var filtering: Dependence
    /// Whether two hosts behind the box reach each other by their external addresses (RFC 4787 §6).
    package var hairpinning: Bool
    /// How long a mapping, and what it lets in, lives without outgoing datagrams.
    package var lifetime: Duration
    /// Whether datagrams that come in make it live longer, too (RFC 4787 §4.3).
    package var isRefreshedFromOutside = false
    /// Which port a new mapping gets.
    package var ports = PortChoice.inOrder

    /// Creates a NAT's behaviour.
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

    /// Each mapping with each filtering.
    package static let kinds = Dependence.allCases.flatMap { mapping in
        Dependence.allCases.map { NATBehaviour(mapping: mapping, filtering: $0) }
    }

    /// A stateful firewall, as in front of most hosts with IPv6 (RFC 6092): it maps nothing elsewhere.
    package static func firewall(_ filtering: Dependence, lifetime: Duration = .seconds(120)) -> NATBehaviour {
        NATBehaviour(mapping: .endpointIndependent, filtering: filtering, lifetime: lifetime)
    }
}

extension NATBehaviour: CustomStringConvertible {
    /// `maps endpointIndependent, filters addressDependent`, and what is remarkable beside it.
    package var description: String {
        let what = "maps \(self.mapping), filters \(self.filtering)"
        let ports = self.ports == .inOrder ? "" : ", ports \(self.ports)"
        let life = self.isRefreshedFromOutside ? ", refreshed from both sides" : ""
        return what + (self.hairpinning ? ", hairpins" : "") + ports + ", \(self.lifetime)" + life
    }
}
