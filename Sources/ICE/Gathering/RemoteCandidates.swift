// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// The candidates of the other side: those it told, and those it was heard from (RFC 8445 §7.3.1.3).
struct RemoteCandidates: Sendable {
    /// What tells candidates apart: a port of TCP has nothing to do with the same one of UDP.
    private struct Place: Hashable {
        let address: SocketAddress
        let isTCP: Bool
    }

    /// What became of a candidate that was told.
    enum Addition: Equatable, Sendable {
        /// It forms new pairs.
        case new
        /// It takes the place of a peer-reflexive one in the pairs that exist.
        case replacesReflexive
        /// It is known, cannot be used, or is one too many.
        case ignored
    }

    /// All of them, signalled and learned, oldest first.
    private(set) var all: [Candidate] = []
    /// Where those are that were learned and not signalled.
    private var learned: Set<Place> = []
    /// Addresses that turned out to be somebody else's.
    private var excluded: [SocketAddress] = []
    /// How many were ever learned: their foundations must differ (RFC 8445 §7.3.1.3).
    private var learnedEver = 0

    /// Whether no other candidate can be learned.
    var isFullOfLearned: Bool { self.learned.count >= ICELimits.reflexiveCandidates }

    /// The candidate with an address, over UDP or TCP.
    func find(_ address: SocketAddress, isTCP: Bool) -> Candidate? {
        let place = Place(address: address.withoutScope, isTCP: isTCP)
        return self.all.first { Self.place($0) == place }
    }

    private static func place(_ candidate: Candidate) -> Place {
        Place(address: candidate.address, isTCP: candidate.transport.isTCP)
    }

    /// Adds a candidate that the other side told.
    mutating func add(_ candidate: Candidate) -> Addition {
        var candidate = candidate
        candidate.address = candidate.address.withoutScope
        let ip = candidate.address.ip
        guard candidate.address.port != 0, !ip.isUnspecified, !ip.isMulticast, !self.isExcluded(candidate.address)
        else { return .ignored }
        guard self.all.count - self.learned.count < ICELimits.signalledCandidates else { return .ignored }
        let place = Self.place(candidate)
        // Active candidates of one address are all the same: their port says nothing.
        guard let index = self.all.firstIndex(where: { Self.place($0) == place }) else {
            self.all.append(candidate)
            return .new
        }
        guard self.learned.remove(place) != nil else { return .ignored }
        self.all[index] = candidate
        return .replacesReflexive
    }

    /// Forgets an address and takes no candidate with it any more; the oldest of too many excluded ones is forgiven.
    mutating func exclude(_ address: SocketAddress) {
        let plain = address.withoutScope
        self.all.removeAll { $0.address == plain }
        self.learned = self.learned.filter { $0.address != plain }
        guard !self.excluded.contains(plain) else { return }
        if self.excluded.count >= ICELimits.excludedAddresses {
            self.excluded.removeFirst()
        }
        self.excluded.append(plain)
    }

    /// Whether an address was excluded.
    func isExcluded(_ address: SocketAddress) -> Bool { self.excluded.contains(address.withoutScope) }

    /// Learns a candidate from an authenticated check; nil when there are too many.
    mutating func learn(
        _ address: SocketAddress,
        over transport: CandidateTransport = .udp,
        priority: UInt32
    ) -> Candidate? {
        guard !self.isFullOfLearned else { return nil }
        self.learnedEver += 1
        let candidate = Candidate(
            kind: .peerReflexive,
            transport: transport,
            address: address.withoutScope,
            foundation: "heard\(self.learnedEver)",
            priority: priority
        )
        self.all.append(candidate)
        self.learned.insert(Self.place(candidate))
        return candidate
    }

    /// Whether the other side has told a candidate with an address.
    func isSignalled(_ address: SocketAddress) -> Bool {
        let plain = address.withoutScope
        return self.all.contains { $0.address == plain && !self.learned.contains(Self.place($0)) }
    }

    /// Forgets the oldest learned candidate that `isUseless` admits.
    mutating func forgetLearned(where isUseless: (Candidate) -> Bool) -> Candidate? {
        guard let index = self.all.firstIndex(where: { self.learned.contains(Self.place($0)) && isUseless($0) }) else {
            return nil
        }
        self.learned.remove(Self.place(self.all[index]))
        return self.all.remove(at: index)
    }
}

extension Candidate {
    /// Where to send to reach this remote candidate from a base; nil where the two do not go together (RFC 8445 §6.1.2.2).
    ///
    /// Families must agree; link-local addresses go with link-local ones only, loopback with loopback.
    func destination(from base: SocketAddress) -> SocketAddress? {
        let remote = self.address.ip
        guard remote.isIPv4 == base.ip.isIPv4, remote.isLinkLocal == base.ip.isLinkLocal,
            remote.isLoopback == base.ip.isLoopback
        else { return nil }
        return self.address.scoped(like: base)
    }
}
