// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ICE
import Wire

/// Candidates of the other side of which only names are known (draft-ietf-mmusic-mdns-ice-candidates §3.2).
struct NamedCandidates: Sendable {
    /// Candidates that are kept; the ICE agent does not take more either.
    private static let maximumCandidates = 64

    private var all: [Candidate] = []
    private var untold: [String] = []

    /// Keeps a candidate until its name is resolved; again, or one too many, does nothing.
    mutating func add(_ candidate: Candidate) {
        guard let name = candidate.name, self.all.count < Self.maximumCandidates,
            !self.all.contains(where: {
                $0.name == name && $0.address == candidate.address && $0.transport == candidate.transport
            })
        else { return }
        // A name that was asked for before is asked for again: there is another port at its address.
        if !self.untold.contains(name) { self.untold.append(name) }
        self.all.append(candidate)
    }

    /// The names that came since this was asked last.
    mutating func takeNames() -> [String] {
        defer { self.untold = [] }
        return self.untold
    }

    /// Forgets a name, which is asked for anew when it is told again.
    mutating func forget(_ name: String) {
        self.all.removeAll { $0.name == name }
    }

    /// The candidates of a name at an address that it was found to have.
    func candidates(of name: String, at ip: IPAddress) -> [Candidate] {
        self.all.filter { $0.name == name }.map { candidate in
            var candidate = candidate
            candidate.address.ip = ip
            return candidate
        }
    }
}
