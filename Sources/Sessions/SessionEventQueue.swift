// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import Synchronization

/// Events on their way to whoever shows a session; when that takes long, the session takes less from the network.
final class SessionEventQueue: Sendable {
    private struct State {
        /// The newest last.
        var arrived: [SessionEvent] = []
        /// The oldest last.
        var leaving: [SessionEvent] = []
        var isFinished = false
        var reader: CheckedContinuation<SessionEvent?, Never>?

        mutating func next() -> SessionEvent? {
            if self.leaving.isEmpty {
                self.leaving = self.arrived.reversed()
                self.arrived = []
            }
            return self.leaving.popLast()
        }
    }

    private let state = Mutex(State())

    /// Holds up the session while much waits to be shown.
    let gate = Gate(limit: SessionLimits.waitingEvents)

    /// Adds an event; progress that nobody looks at is left out.
    func append(_ event: SessionEvent) {
        if case .progress = event, !self.gate.hasRoom { return }
        let reader = self.state.withLock { state -> CheckedContinuation<SessionEvent?, Never>? in
            guard !state.isFinished else { return nil }
            if let reader = state.reader.take() { return reader }
            state.arrived.append(event)
            self.gate.add(Self.weight(of: event))
            return nil
        }
        reader?.resume(returning: event)
    }

    /// The next event; nil after the last, or when another task waits already.
    func next() async -> SessionEvent? {
        await withCheckedContinuation { continuation in
            let event = self.state.withLock { state -> SessionEvent?? in
                if let event = state.next() { return .some(event) }
                if state.isFinished || state.reader != nil { return .some(nil) }
                state.reader = continuation
                return nil
            }
            guard let event else { return }
            if let event { self.gate.remove(Self.weight(of: event)) }
            continuation.resume(returning: event)
        }
    }

    /// There are no more events.
    func finish() {
        let reader = self.state.withLock { state in
            state.isFinished = true
            return state.reader.take()
        }
        reader?.resume(returning: nil)
        self.gate.openForGood()
    }

    private static func weight(of event: SessionEvent) -> Int {
        guard case .chat(let chat) = event else { return SessionLimits.eventWeight }
        return SessionLimits.eventWeight + chat.text.utf8.count
    }
}
