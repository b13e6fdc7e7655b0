// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

extension ICEAgent {
    /// Has nothing to do any more with a remote address that turned out to be somebody else's.
    ///
    /// Whoever saw the descriptions can pass checks. Its checks are refused from now on; if its pair was selected,
    /// another one takes over.
    package mutating func exclude(_ remote: SocketAddress, at now: Instant) {
        self.remotes.exclude(remote)
        self.checkList.remove { $0.destination.withoutScope == remote.withoutScope }
        self.reconcileSelection(at: now)
        self.settle(at: now)
    }

    /// Whether the other side has told of a remote address, rather than somebody being heard from there.
    package func isSignalled(_ remote: SocketAddress) -> Bool { self.remotes.isSignalled(remote) }

    /// The pairs that work, the best first.
    package var validPairs: [SelectedPair] {
        self.checkList.pairs.filter(\.isValid)
            .sorted { $0.validPriority(self.role) > $1.validPriority(self.role) }
            .map { $0.selected() }
    }
}
