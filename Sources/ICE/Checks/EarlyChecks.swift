// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// What a check said, once it was found authentic.
struct ReceivedCheck: Hashable, Sendable {
    /// Where it arrived.
    var base: SocketAddress
    /// Where it came from, with the scope of the base.
    var source: SocketAddress
    /// The user name fragment that the sender calls its own.
    var remoteFragment: String
    /// The priority of a candidate that is learned from it.
    var priority: UInt32
    /// Whether the sender nominates the pair.
    var isNominating: Bool
    /// The number of the nomination, from a sender that can nominate another pair later.
    var nomination: UInt32?
    /// The role that the sender claims, and its tie-breaker.
    var claim: RoleClaim?
}

/// Sources of checks that came before the other side's description: it may have ours long before we have its.
///
/// They were answered, and become triggered checks as soon as the description is there.
struct EarlyChecks: Sendable {
    /// What was heard from each source last, oldest source first.
    private(set) var checks: [ReceivedCheck] = []

    /// Remembers a check.
    ///
    /// - Returns: false when it came from one source too many.
    mutating func note(_ check: ReceivedCheck) -> Bool {
        if let index = self.find(check.source, on: check.base) {
            let wasNominating =
                self.checks[index].isNominating
                && self.checks[index].remoteFragment == check.remoteFragment
            let nomination = self.checks[index].nomination
            self.checks[index] = check
            self.checks[index].isNominating = check.isNominating || wasNominating
            self.checks[index].nomination = check.nomination ?? (wasNominating ? nomination : nil)
            return true
        }
        guard self.checks.count < ICELimits.earlySources else { return false }
        self.checks.append(check)
        return true
    }

    /// Whether a check came from an address.
    func contains(_ source: SocketAddress, on base: SocketAddress) -> Bool {
        self.find(source, on: base) != nil
    }

    /// Forgets what came to a base.
    mutating func remove(base: SocketAddress) {
        self.checks.removeAll { $0.base == base }
    }

    /// Hands over the checks of one sender and forgets all.
    mutating func takeAll(of remoteFragment: String) -> [ReceivedCheck] {
        let taken = self.checks.filter { $0.remoteFragment == remoteFragment }
        self.checks.removeAll()
        return taken
    }

    private func find(_ source: SocketAddress, on base: SocketAddress) -> Int? {
        self.checks.firstIndex { $0.source == source && $0.base == base }
    }
}
