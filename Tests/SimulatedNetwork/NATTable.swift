// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// How good a path is, the worst first: the classes of ICE's priorities that a NAT table can tell apart.
package enum PathRank: Int, Hashable, Sendable, CaseIterable, Comparable {
    /// Through a relay.
    case relayed
    /// Direct, by an address that a NAT gave to one side or both.
    case reflexive
    /// Direct, between the hosts' own addresses.
    case host

    /// Whether `left` is the worse one.
    package static func < (left: PathRank, right: PathRank) -> Bool { left.rawValue < right.rawValue }
}

/// What stands between two hosts of one family, and what theory says of the path between them.
///
/// Both have asked a STUN server in the Internet, both keep trying, and neither guesses ports.
package struct NATTable: Hashable, Sendable {
    /// What is before the left host alone, from the inside out.
    package var left: [NATBehaviour]
    /// What is before the right host alone, from the inside out.
    package var right: [NATBehaviour]
    /// What is before both of them, from the inside out.
    package var shared: [NATBehaviour]
    /// Whether hosts of one network behind a box are kept from each other.
    package var isIsolated: Bool
    /// Whether the boxes change addresses; firewalls do not.
    package var translates: Bool

    /// Creates a table.
    package init(
        left: [NATBehaviour] = [],
        right: [NATBehaviour] = [],
        shared: [NATBehaviour] = [],
        isIsolated: Bool = false,
        translates: Bool = true
    ) {
        self.left = left
        self.right = right
        self.shared = shared
        self.isIsolated = isIsolated
        self.translates = translates
    }

    /// The best direct path; nil where there is none.
    package var direct: PathRank? {
        if self.left.isEmpty, self.right.isEmpty, !self.isIsolated { return .host }
        // A host in the network that both share is reached at its own address. Whoever is behind further boxes speaks
        // first, and is answered: no filter refuses that.
        if self.left.isEmpty != self.right.isEmpty { return self.translates ? .reflexive : .host }
        // What the STUN servers saw lies in the Internet, so that the outermost shared box has to turn datagrams round.
        if let outermost = self.shared.last, !outermost.hairpinning { return nil }
        guard Self.meet(self.left + self.shared, self.right + self.shared) else { return nil }
        return self.translates ? .reflexive : .host
    }

    /// Whether two hosts, each behind boxes of its own, find a path (RFC 4787 §4.1 and §5).
    ///
    /// With endpoint-independent mapping the STUN server saw the port that the other side must use, and a check from there
    /// opens the filter: two such NATs always meet. Where one side maps anew for the other, its port is learned from
    /// its check, and that has to get in without having been sent to.
    package static func meet(_ left: [NATBehaviour], _ right: [NATBehaviour]) -> Bool {
        switch (self.mapping(left) == .endpointIndependent, self.mapping(right) == .endpointIndependent) {
        case (true, true): true
        case (true, false): self.admitsNewPorts(left)
        case (false, true): self.admitsNewPorts(right)
        case (false, false): self.isLearnt(left, right) || self.isLearnt(right, left)
        }
    }

    /// Boxes in a row map like the one that depends on most: an inner one that maps anew shows the outer ones a new host.
    private static func mapping(_ boxes: [NATBehaviour]) -> NATBehaviour.Dependence {
        boxes.map(\.mapping).max() ?? .endpointIndependent
    }

    /// Whether what comes to the port that the STUN server saw gets in from any port of an address that was sent to.
    ///
    /// A box that looks at addresses remembers them for each of its mappings: as long as there is one for all, or in all
    /// boxes further inside and in itself, that is the one which the STUN server saw.
    private static func admitsNewPorts(_ boxes: [NATBehaviour]) -> Bool {
        var mapping = NATBehaviour.Dependence.endpointIndependent
        return boxes.allSatisfy { box in
            mapping = max(mapping, box.mapping)
            return switch box.filtering {
            case .endpointIndependent: true
            case .addressDependent: mapping == .endpointIndependent
            case .addressAndPortDependent: false
            }
        }
    }

    /// Whether `open` is reached on the port that its STUN server saw, `other` then lets in what `open` sends from a new port,
    /// and one of the two keeps its port while they find out.
    private static func isLearnt(_ open: [NATBehaviour], _ other: [NATBehaviour]) -> Bool {
        self.admitsNewPorts(open) && other.allSatisfy { $0.filtering != .addressAndPortDependent }
            && min(self.mapping(open), self.mapping(other)) == .addressDependent
    }
}
