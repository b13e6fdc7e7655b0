// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// What a NAT makes of one local port towards different servers (RFC 4787 §4.1).
package enum MappingBehavior: Hashable, Sendable, CaseIterable {
    /// Nothing: there is no NAT.
    case untranslated
    /// One mapping for all.
    case endpointIndependent
    /// A mapping for each remote address.
    case addressDependent
    /// A mapping for each remote address and port.
    case addressAndPortDependent
    /// Different mappings; whether ports matter is not known.
    case endpointDependent
    /// Too few servers have answered.
    case unknown

    /// Whether a peer sees this host at another address than a server does.
    package var dependsOnEndpoint: Bool {
        switch self {
        case .addressDependent, .addressAndPortDependent, .endpointDependent: true
        case .untranslated, .endpointIndependent, .unknown: false
        }
    }
}

/// Who is let in through a mapping, or through a firewall (RFC 4787 §5).
package enum FilteringBehavior: Hashable, Sendable, CaseIterable {
    /// Everybody, once it is open.
    case endpointIndependent
    /// Those at an address that was sent to.
    case addressDependent
    /// Those at an address and a port that were sent to.
    case addressAndPortDependent
    /// No server could be asked to answer from elsewhere.
    case unknown
}

/// Where a server saw a local port.
struct MappingObservation: Hashable {
    /// The server.
    let server: SocketAddress
    /// What it saw.
    let mapped: SocketAddress
}

extension MappingBehavior {
    /// What all observations of one local port mean together.
    ///
    /// The tests of RFC 5780 §4.3 make three of them: a server, its other address, and there its other port. Two servers
    /// that know nothing of each other make two, which tell less.
    init(of local: SocketAddress, from observations: [MappingObservation]) {
        let mapped = Set(observations.map(\.mapped))
        let addresses = Dictionary(grouping: observations, by: \.server.ip)
        let perAddress = addresses.values.map { Set($0.map(\.mapped)) }
        let seesPorts = addresses.values.contains { Set($0.map(\.server.port)).count > 1 }
        if mapped == [local] {
            self = .untranslated
        } else if perAddress.contains(where: { $0.count > 1 }) {
            self = .addressAndPortDependent
        } else if mapped.count > 1 {
            self = seesPorts ? .addressDependent : .endpointDependent
        } else {
            self = addresses.count > 1 ? .endpointIndependent : .unknown
        }
    }
}
