// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

extension ICEAgent {
    /// Forgets everything about a remote address that turned out to be somebody else's; another pair is selected if it was in use.
    ///
    /// The owner keeps further datagrams of that address away.
    package mutating func exclude(_ remote: SocketAddress, at now: Instant) {
        self.remotes.remove(remote)
        self.checkList.remove { $0.destination.withoutScope == remote.withoutScope }
        self.settle(at: now)
    }

    /// The pairs that work, the best first.
    package var validPairs: [SelectedPair] {
        self.checkList.pairs.filter(\.isValid)
            .sorted { $0.validPriority(self.role) > $1.validPriority(self.role) }
            .map { $0.selected() }
    }
}
