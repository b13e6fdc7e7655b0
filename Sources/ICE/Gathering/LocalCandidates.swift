// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// A local address with the candidates that were learned on it.
struct LocalBase: Sendable {
    /// The host or relayed candidate, whose address is the base.
    let candidate: Candidate
    /// RFC 8445 §5.1.2.1.
    let localPreference: UInt16
    /// What STUN servers saw of it, without repetition.
    var reflexive: [Candidate] = []

    /// The address.
    var address: SocketAddress { self.candidate.address }

    /// Whether it is told as a name that other networks do not know, although they can reach it: then what a server sees
    /// is told even if it is the address itself.
    var isPublicBehindName: Bool {
        let ip = self.address.ip
        return self.candidate.name != nil && !ip.isPrivate && !ip.isLinkLocal && !ip.isLoopback
    }
}

/// The candidates of this side (RFC 8445 §5.1).
struct LocalCandidates: Sendable {
    /// What candidates of one foundation have in common (RFC 8445 §5.1.1.3).
    private struct Origin: Hashable, Sendable {
        let transport: CandidateTransport
        let kind: CandidateKind
        let base: IPAddress
        let server: IPAddress?
    }

    /// The local addresses in the order in which they were added.
    private(set) var bases: [LocalBase] = []
    private var foundations: [Origin: Int] = [:]

    /// The base with an address.
    func base(_ address: SocketAddress) -> LocalBase? {
        self.bases.first { $0.address == address }
    }

    /// The candidate that a pair on `base` gets when the other side saw `mapped`, if it is known.
    func candidate(seenAs mapped: SocketAddress, on base: SocketAddress) -> Candidate? {
        guard let base = self.base(base) else { return nil }
        if mapped.withoutScope == base.address.withoutScope {
            return base.candidate
        }
        if base.candidate.transport.isTCP {
            // A connection has a port of its own (RFC 6544 §4.5); where nothing translates it, that is no other candidate.
            guard mapped.ip == base.address.ip.withoutScope else { return nil }
            var candidate = base.candidate
            candidate.address = mapped
            return candidate
        }
        return base.reflexive.first { $0.address == mapped }
            ?? self.bases.lazy.flatMap { [$0.candidate] + $0.reflexive }.first { $0.address.withoutScope == mapped }
    }

    /// Adds a local address, that the other side knows by a name if there is one; nil when it is there already or there
    /// are too many.
    mutating func add(
        _ address: SocketAddress,
        over transport: CandidateTransport = .udp,
        name: String?,
        localPreference: UInt16
    ) -> LocalBase? {
        self.add(
            .host,
            address,
            over: transport,
            name: name,
            foundation: self.foundation(.host, over: transport, base: address.ip, server: nil),
            localPreference: localPreference
        )
    }

    /// Adds an address on a TURN server; nil when it is there already or there are too many.
    ///
    /// A relayed candidate is its own base (RFC 8445 §5.1.1.2).
    mutating func add(
        relayed address: SocketAddress,
        by server: IPAddress,
        relatedAddress: SocketAddress?,
        localPreference: UInt16
    ) -> LocalBase? {
        let foundation = self.foundation(.relayed, base: address.ip, server: server)
        return self.add(
            .relayed,
            address,
            foundation: foundation,
            relatedAddress: relatedAddress,
            localPreference: localPreference
        )
    }

    private mutating func add(
        _ kind: CandidateKind,
        _ address: SocketAddress,
        over transport: CandidateTransport = .udp,
        name: String? = nil,
        foundation: String,
        relatedAddress: SocketAddress? = nil,
        localPreference: UInt16
    ) -> LocalBase? {
        guard self.base(address) == nil, self.bases.count < ICELimits.bases else { return nil }
        let candidate = Candidate(
            kind: kind,
            transport: transport,
            address: address,
            name: name,
            foundation: foundation,
            priority: Candidate.priority(
                kind: kind,
                over: transport,
                localPreference: Candidate.localPreference(localPreference, of: kind, over: transport)
            ),
            relatedAddress: relatedAddress
        )
        let base = LocalBase(candidate: candidate, localPreference: localPreference)
        self.bases.append(base)
        return base
    }

    /// Removes a local address and returns what was known of it.
    mutating func remove(_ address: SocketAddress) -> LocalBase? {
        guard let index = self.bases.firstIndex(where: { $0.address == address }) else { return nil }
        return self.bases.remove(at: index)
    }

    /// Makes the reflexive candidates of a base those that servers see now; returns which are new and which are gone.
    mutating func setMappings(
        _ mappings: [ServerMapping],
        on address: SocketAddress
    ) -> (new: [Candidate], gone: [Candidate]) {
        guard let index = self.bases.firstIndex(where: { $0.address == address }) else { return ([], []) }
        let old = self.bases[index].reflexive
        let tellsItself = self.bases[index].isPublicBehindName
        var present: [Candidate] = []
        for mapping in mappings where tellsItself || mapping.mapped != address.withoutScope {
            guard !present.contains(where: { $0.address == mapping.mapped }) else { continue }
            let known = old.first { $0.address == mapping.mapped }
            present.append(known ?? self.reflexive(mapping, on: self.bases[index]))
        }
        self.bases[index].reflexive = present
        return (present.filter { !old.contains($0) }, old.filter { !present.contains($0) })
    }

    /// A peer-reflexive candidate learned from a response (RFC 8445 §7.2.5.3.1).
    mutating func peerReflexive(_ mapped: SocketAddress, on base: SocketAddress, priority: UInt32) -> Candidate {
        let transport = self.base(base)?.candidate.transport ?? .udp
        return Candidate(
            kind: .peerReflexive,
            transport: transport,
            address: mapped,
            foundation: self.foundation(.peerReflexive, over: transport, base: base.ip, server: nil),
            priority: priority,
            relatedAddress: base
        )
    }

    private mutating func reflexive(_ mapping: ServerMapping, on base: LocalBase) -> Candidate {
        Candidate(
            kind: .serverReflexive,
            address: mapping.mapped,
            foundation: self.foundation(.serverReflexive, base: base.address.ip, server: mapping.server.ip),
            priority: Candidate.priority(kind: .serverReflexive, localPreference: base.localPreference),
            relatedAddress: base.candidate.name == nil ? base.address : nil
        )
    }

    private mutating func foundation(
        _ kind: CandidateKind,
        over transport: CandidateTransport = .udp,
        base: IPAddress,
        server: IPAddress?
    ) -> String {
        let origin = Origin(transport: transport, kind: kind, base: base, server: server)
        let number = self.foundations[origin] ?? self.foundations.count + 1
        self.foundations[origin] = number
        return String(number)
    }
}

extension SocketAddress {
    /// The address as another host sees it.
    var withoutScope: SocketAddress { SocketAddress(self.ip.withoutScope, port: self.port) }

    /// The address as it is reached from a base: an IPv6 link-local address has the scope of the base, others have none.
    package func scoped(like base: SocketAddress) -> SocketAddress {
        let plain = SocketAddress(self.ip.withoutIPv4Mapping.withoutScope, port: self.port)
        guard case .v6(let high, let low, _) = plain.ip, plain.ip.isLinkLocal, case .v6(_, _, let scope) = base.ip
        else {
            return plain
        }
        return SocketAddress(.v6(high: high, low: low, scope: scope), port: self.port)
    }
}
