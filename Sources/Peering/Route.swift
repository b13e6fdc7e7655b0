// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Where records go: the path that ICE selected, once the other side has proven itself there.
///
/// Whoever knows both descriptions can pass checks and have a path of his own nominated; he cannot make an authentic
/// record. So records stay on the path on which one came, and a newly selected path is only probed until one comes from
/// there too. Where ICE has selected somebody else's path, silence on the proven one lets it follow the
/// records.
struct Route {
    /// The least time between two probes of a path that is not proven yet.
    static let probeInterval: UInt64 = 100_000_000
    /// Silence on the proven path after which records of any other are followed.
    static let silence: UInt64 = 2_000_000_000

    /// The path that ICE selected.
    private(set) var selected: Path?
    /// The path on which the other side has proven itself.
    private(set) var proven: Path?
    private var provenAt = Instant.zero
    private var lastProbe: Instant?

    /// Where records are sent; nil while there is no path.
    var current: Path? { self.proven ?? self.selected }

    /// ICE selected a path.
    mutating func select(_ path: Path) {
        self.selected = path
        self.lastProbe = nil
    }

    /// Whether the selected path waits to be proven while another one is in use.
    var isUndecided: Bool { self.proven != nil && self.selected != nil && self.proven != self.selected }

    /// An authentic record came on a path; whether it is in use from now on and was not before.
    mutating func prove(_ path: Path, at now: Instant) -> Bool {
        guard path != self.proven else {
            self.provenAt = now
            return false
        }
        let isSilent = now.nanoseconds(since: self.provenAt) >= Self.silence
        guard self.proven == nil || path == self.selected || isSilent else { return false }
        self.proven = path
        self.provenAt = now
        return true
    }

    /// The path on which what is sent now should go out as well; nil when there is none, or it is too early.
    func probe(at now: Instant) -> Path? {
        guard let selected = self.selected, let proven = self.proven, selected != proven else { return nil }
        if let lastProbe = self.lastProbe, now.nanoseconds(since: lastProbe) < Self.probeInterval { return nil }
        return selected
    }

    /// Something went out there.
    mutating func noteProbe(at now: Instant) {
        self.lastProbe = now
    }
}
