// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How the program ends: what is settled first counts.
final class Verdict: Sendable {
    private struct State {
        var status: ExitStatus?
        var waiter: CheckedContinuation<ExitStatus, Never>?
    }

    private let state = Mutex(State())

    /// Settles how the program ends, unless that was settled before.
    func settle(_ status: ExitStatus) {
        let waiter = self.state.withLock { state -> CheckedContinuation<ExitStatus, Never>? in
            guard state.status == nil else { return nil }
            state.status = status
            return state.waiter.take()
        }
        waiter?.resume(returning: status)
    }

    /// Waits until it is settled; one caller.
    func value() async -> ExitStatus {
        await withCheckedContinuation { continuation in
            let status = self.state.withLock { state in
                if state.status == nil { state.waiter = continuation }
                return state.status
            }
            if let status { continuation.resume(returning: status) }
        }
    }
}
