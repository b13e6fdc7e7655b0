// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// The candidates of the other side: those it told, and those it was heard from (RFC 8445 §7.3.1.3).
struct RemoteCandidates: Sendable {
    /// What became of a candidate that was told.
    enum Addition: Equatable, Sendable {
        /// It forms new pairs.
        case new
        /// It takes the place of a peer-reflexive one in the pairs that exist.
        case replacesReflexive
        /// It is known, cannot be used, or is one too many.
        case ignored
    }

    /// All of them, signalled and learned.
    private(set) var all: [Candidate] = []
    private var signalled = 0
    private var learned = 0
    /// How many were ever learned: their foundations must differ (RFC 8445 §7.3.1.3).
    private var learnedEver = 0

    /// The candidate with an address.
    func find(_ address: SocketAddress) -> Candidate? {
        let plain = address.withoutScope
        return self.all.first { $0.address == plain }
    }

    /// Adds a candidate that the other side told.
    mutating func add(_ candidate: Candidate) -> Addition {
        var candidate = candidate
        candidate.address = candidate.address.withoutScope
        let ip = candidate.address.ip
        guard candidate.address.port != 0, !ip.isUnspecified, !ip.isMulticast else { return .ignored }
        guard self.signalled < ICELimits.signalledCandidates else { return .ignored }
        if let index = self.all.firstIndex(where: { $0.address == candidate.address }) {
            guard self.all[index].kind == .peerReflexive else { return .ignored }
            self.all[index] = candidate
            self.signalled += 1
            self.learned -= 1
            return .replacesReflexive
        }
        self.all.append(candidate)
        self.signalled += 1
        return .new
    }

    /// Forgets a candidate, so that there is room for another.
    mutating func remove(_ address: SocketAddress) {
        let plain = address.withoutScope
        guard let index = self.all.firstIndex(where: { $0.address == plain }) else { return }
        if self.all[index].kind == .peerReflexive {
            self.learned -= 1
        } else {
            self.signalled -= 1
        }
        self.all.remove(at: index)
    }

    /// Learns a candidate from an authenticated check; nil when there are too many.
    mutating func learn(_ address: SocketAddress, priority: UInt32) -> Candidate? {
        guard self.learned < ICELimits.reflexiveCandidates else { return nil }
        self.learned += 1
        self.learnedEver += 1
        let candidate = Candidate(
            kind: .peerReflexive,
            address: address.withoutScope,
            foundation: "heard\(self.learnedEver)",
            priority: priority
        )
        self.all.append(candidate)
        return candidate
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
