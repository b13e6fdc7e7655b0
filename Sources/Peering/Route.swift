// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Where records go: the path that ICE selected, once the other side has proven itself there.
///
/// Whoever knows both descriptions can pass checks and have a path of his own nominated; he cannot make an authentic record.
/// So records stay on the path on which one came last, and a newly selected path is only probed with copies until one comes
/// from there too.
struct Route {
    /// The least time between two copies on a path that is not proven yet.
    static let probeInterval: UInt64 = 100_000_000

    /// The path that ICE selected.
    private(set) var selected: Path?
    private var proven: Path?
    private var lastProbe: Instant?

    /// Where records are sent; nil while there is no path.
    var current: Path? { self.proven ?? self.selected }

    /// ICE selected a path.
    mutating func select(_ path: Path) {
        self.selected = path
        self.lastProbe = nil
    }

    /// An authentic record came on a path.
    mutating func prove(_ path: Path) {
        if self.proven == nil || path == self.selected {
            self.proven = path
        }
    }

    /// ICE has no path any more.
    mutating func lose() {
        self.selected = nil
        self.proven = nil
    }

    /// The path that should get a copy of what is sent now; nil when there is none, or it is too early.
    mutating func probe(at now: Instant) -> Path? {
        guard let selected = self.selected, let proven = self.proven, selected != proven else { return nil }
        if let lastProbe = self.lastProbe, now.nanoseconds(since: lastProbe) < Self.probeInterval { return nil }
        self.lastProbe = now
        return selected
    }
}
