// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Counts what waits somewhere, and holds up the one who adds to it while that is too much.
final class Gate: Sendable {
    private struct State {
        var weight = 0
        var isOpenForGood = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let limit: Int
    private let state = Mutex(State())

    /// Creates a gate that closes at a weight.
    init(limit: Int) {
        self.limit = limit
    }

    /// Whether less than the limit waits.
    var hasRoom: Bool { self.state.withLock { $0.weight < self.limit } }

    /// Something more waits.
    func add(_ weight: Int) {
        self.state.withLock { $0.weight += weight }
    }

    /// Something does not wait any more.
    func remove(_ weight: Int) {
        let waiter = self.state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.weight -= weight
            return state.weight < self.limit ? state.waiter.take() : nil
        }
        waiter?.resume()
    }

    /// Returns when there is room; only one may wait.
    func room() async {
        await withCheckedContinuation { continuation in
            let isOpen = self.state.withLock { state in
                let isOpen = state.isOpenForGood || state.weight < self.limit || state.waiter != nil
                if !isOpen { state.waiter = continuation }
                return isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    /// Nobody is held up from now on.
    func openForGood() {
        let waiter = self.state.withLock { state in
            state.isOpenForGood = true
            return state.waiter.take()
        }
        waiter?.resume()
    }
}
