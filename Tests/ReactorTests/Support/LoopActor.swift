// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Reactor

/// An actor on an event loop of its own, in which a test runs what belongs to the thread of a loop.
actor LoopActor {
    nonisolated let loop: EventLoop

    nonisolated var unownedExecutor: UnownedSerialExecutor { self.loop.asUnownedSerialExecutor() }

    init() throws(SystemError) {
        self.loop = try EventLoop()
    }

    /// Runs `body` on the thread of the loop.
    func run<Result: Sendable>(
        _ body: @Sendable (isolated LoopActor) async throws -> Result
    ) async rethrows -> Result {
        try await body(self)
    }

    /// Waits until `descriptor` is ready.
    func untilReady(_ descriptor: Int32, for interest: Readiness) async throws -> Readiness {
        let readiness = try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Readiness, any Error>) in
            do {
                try self.loop.watch(descriptor, for: interest) { readiness in
                    self.loop.unwatch(descriptor)
                    continuation.resume(returning: readiness)
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
        return readiness
    }

    /// Ends the loop.
    func stop() {
        self.loop.stop()
    }
}

/// Runs `body` on the thread of a loop of its own.
func onLoop<Result: Sendable>(
    _ body: @Sendable (isolated LoopActor) async throws -> Result
) async throws -> Result {
    let actor = try LoopActor()
    defer { actor.loop.stop() }
    return try await actor.run(body)
}
