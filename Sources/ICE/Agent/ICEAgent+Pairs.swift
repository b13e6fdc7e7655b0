// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

extension ICEAgent {
    /// Pairs a base with a remote candidate where they go together (RFC 8445 §6.1.2.2).
    @discardableResult
    mutating func formPair(_ base: LocalBase, _ remote: Candidate) -> PairID? {
        guard base.candidate.transport.pairs(with: remote.transport),
            let destination = remote.destination(from: base.address)
        else { return nil }
        return self.formPair(base, remote, destination: destination)
    }

    /// Pairs a base with a remote candidate that is reached at `destination`.
    mutating func formPair(_ base: LocalBase, _ remote: Candidate, destination: SocketAddress) -> PairID? {
        self.checkList.form(
            local: base.candidate,
            localPreference: base.localPreference,
            remote: remote,
            destination: destination,
            role: self.role
        )
    }

    /// A candidate that was learned from a check has now been told: its pairs keep all that is known of them.
    mutating func replaceReflexive(with candidate: Candidate) {
        var candidate = candidate
        candidate.address = candidate.address.withoutScope
        for pair in self.checkList.pairs
        where pair.remote.address == candidate.address && pair.remote.transport.isTCP == candidate.transport.isTCP {
            self.checkList.update(pair.id) { $0.remote = candidate }
            if pair.id == self.nomination.selected, let selected = self.selectedPair {
                self.events.append(.selected(selected))
            }
        }
        for base in self.locals.bases {
            self.formPair(base, candidate)
        }
    }

    /// What servers see of a base has perhaps changed: tells the new candidates, and those that are no longer right.
    mutating func refreshMappings(of base: SocketAddress) {
        let (new, gone) = self.locals.setMappings(self.gatherer.mappings(of: base), on: base)
        for candidate in gone {
            self.events.append(.localCandidateStale(candidate))
        }
        for candidate in new {
            self.events.append(.localCandidate(candidate))
            self.rename(candidate, on: base)
        }
    }

    /// A check told of a mapping before the server did: the valid pair has the candidate that the other side is told.
    private mutating func rename(_ candidate: Candidate, on base: SocketAddress) {
        for pair in self.checkList.pairs
        where pair.base == base && pair.validLocal?.kind == .peerReflexive
            && pair.validLocal?.address == candidate.address
        {
            self.checkList.update(pair.id) { $0.validLocal = candidate }
        }
    }
}
