// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import STUN

/// Which peers are reached without a relay, the most first.
///
/// It is enough that one side's first check gets in at the other, for the answers go back the same way. A check gets in where the
/// mapping is the one that a server saw, and the filter accepts it: one that asks for the port, only from a peer whose
/// mapping does not depend on the endpoint either (RFC 4787 §4.1, §5).
package enum DirectReach: String, Hashable, Sendable, CaseIterable, Comparable {
    /// Everybody whose UDP works.
    case all
    /// Everybody but those behind symmetric NATs.
    case most
    /// Those without a filter, or with one that does not ask for ports.
    case few
    /// There is a NAT, of unknown kind.
    case unknown
    /// Nobody.
    case none

    /// Whether `left` reaches less.
    package static func < (left: DirectReach, right: DirectReach) -> Bool {
        Self.allCases.firstIndex(of: left) ?? 0 > Self.allCases.firstIndex(of: right) ?? 0
    }

    /// The rest of a sentence that begins with a direct path.
    package var peers: String {
        switch self {
        case .all: "is possible with every peer whose UDP works"
        case .most: "is possible with every peer but those behind symmetric NATs"
        case .few: "is possible only with peers without NAT or firewall, or behind full-cone or address-restricted NATs"
        case .unknown: "is perhaps possible: one server alone cannot tell what kind of NAT this is"
        case .none: "is not possible"
        }
    }
}

extension BehaviorFindings {
    /// Which peers are reached by UDP from here.
    package var reach: DirectReach {
        guard self.mapped != nil else { return .none }
        if self.mapping.dependsOnEndpoint { return .few }
        if self.mapping == .unknown { return .unknown }
        switch self.filtering {
        case .endpointIndependent, .addressDependent: return .all
        // Most filters ask for the port.
        case .addressAndPortDependent, .unknown: return .most
        }
    }

    /// What stands between here and the Internet, in the words that people use.
    package var name: String {
        guard self.mapped != nil else {
            return self.responses.isEmpty ? "no server to ask" : "no server answers over UDP"
        }
        switch (self.mapping, self.filtering) {
        case (.untranslated, .endpointIndependent): return "no NAT, no firewall"
        case (.untranslated, .unknown): return "no NAT"
        case (.untranslated, _): return "no NAT, a firewall"
        case (.endpointIndependent, .endpointIndependent): return "full-cone NAT"
        case (.endpointIndependent, .addressDependent): return "address-restricted NAT"
        case (.endpointIndependent, .addressAndPortDependent): return "port-restricted NAT"
        case (.endpointIndependent, .unknown): return "NAT, port-restricted at worst"
        case (.unknown, _): return "NAT of unknown kind"
        case (.addressDependent, _), (.addressAndPortDependent, _), (.endpointDependent, _): return "symmetric NAT"
        }
    }
}

extension MappingBehavior: CustomStringConvertible {
    /// The words of RFC 4787 §4.1.
    package var description: String {
        switch self {
        case .untranslated: "none"
        case .endpointIndependent: "endpoint-independent"
        case .addressDependent: "address-dependent"
        case .addressAndPortDependent: "address and port-dependent"
        case .endpointDependent: "endpoint-dependent"
        case .unknown: "unknown"
        }
    }
}

extension FilteringBehavior: CustomStringConvertible {
    /// The words of RFC 4787 §5.
    package var description: String {
        switch self {
        case .endpointIndependent: "endpoint-independent"
        case .addressDependent: "address-dependent"
        case .addressAndPortDependent: "address and port-dependent"
        case .unknown: "unknown"
        }
    }
}
