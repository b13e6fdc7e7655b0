// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
package import Wire

/// Restarts (RFC 8445 §9): all pairs are checked again, with fresh credentials, while data goes on where it went before.
///
/// The credentials of the next generation are laid ready by the owner. Where both sides have the same ones ready, because they
/// derived them from a secret that they share, each restarts alone: the first authentic check of the next generation tells
/// the other. Neither goes further before the other has followed, so that they are never more than one generation apart.
extension ICEAgent {
    /// Lays the next generation ready; before the other side's credentials are known, its early checks are answered.
    ///
    /// - Parameters:
    ///   - credentials: this side's.
    ///   - remote: the other side; nil while it is not known.
    package mutating func prepareRestart(credentials: ICECredentials, remote: RemoteAgent?) {
        self.successor = Generation(number: self.generation.number + 1, credentials: credentials, remote: remote)
        self.startsAlone = false
    }

    /// Lays the next generation ready for both sides: a lost path begins it, or the other side's first check.
    package mutating func prepareOwnRestart(credentials: ICECredentials, remote: RemoteAgent) {
        self.prepareRestart(credentials: credentials, remote: remote)
        self.startsAlone = true
    }

    /// Begins the generation that was laid ready.
    ///
    /// - Returns: false, and nothing happens, when the other side of it is not known, or the present generation is not
    ///   confirmed by the other side.
    @discardableResult
    package mutating func restart(at now: Instant) -> Bool {
        guard let successor = self.successor, successor.remote != nil,
            self.generation.isConfirmed || !self.startsAlone
        else { return false }
        self.begin(successor, at: now)
        self.settle(at: now)
        return true
    }

    /// How many restarts there were.
    package var generationNumber: Int { self.generation.number }

    /// Whether a lost path is sought again without anybody's help.
    var isSelfReliant: Bool { self.startsAlone && self.successor?.remote != nil }

    mutating func begin(_ next: Generation, at now: Instant) {
        self.predecessor = self.generation
        self.generation = next
        self.successor = nil
        self.remoteKnownAt = now
        self.hasAllRemoteCandidates = false
        self.hasLostConsent = false
        self.hasEnded = false
        self.wasRefused = false
        let before = self.trusted
        self.nomination.select(nil, at: now)
        self.proven = nil
        self.followTrust(from: before, at: now)
        self.orphan?.noteRestart(at: now)
        self.checkList.restart(role: self.role)
        for base in self.locals.bases {
            for remote in self.remotes.all {
                self.formPair(base, remote)
            }
        }
        self.events.append(.restarted(next.number))
        guard let remote = next.remote else { return }
        for check in self.early.takeAll(of: remote.credentials.usernameFragment) {
            self.adoptEarly(check, at: now)
        }
    }

    /// The other side uses the present generation: nobody needs the one before any more.
    mutating func confirmGeneration() {
        guard !self.generation.isConfirmed else { return }
        self.generation.isConfirmed = true
        self.predecessor = nil
    }

    /// A path that was lost is sought anew when nothing else brings it back.
    mutating func judgeRestart(at now: Instant) {
        guard let due = self.restartDeadline, due <= now, let successor = self.successor else { return }
        self.begin(successor, at: now)
    }

    /// When that is; nil: not for what is known now.
    var restartDeadline: Instant? {
        guard self.isSelfReliant, self.generation.isConfirmed else { return nil }
        let timing = self.configuration.timing
        if let suspectedSince = self.consent?.suspectedSince { return suspectedSince + timing.restartAfter }
        guard let orphan = self.orphan else { return nil }
        // Where the other side has followed, the checks of all pairs have their time before everything begins anew.
        return orphan.since + (orphan.isSought ? timing.restartInterval : timing.restartAfter)
    }
}
