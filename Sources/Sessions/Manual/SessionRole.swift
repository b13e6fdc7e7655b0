// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Reactor

/// What a run does in a session: reacts to its events until they end.
protocol SessionRole: Sendable {
    /// Follows a session to its end, and tells the status of the run.
    func follow(_ events: AsyncStream<SessionEvent>) async -> ExitStatus
}

extension ExitStatus {
    /// The status with this number; `failed` where there is none.
    init(_ number: Int32) {
        self = ExitStatus(rawValue: number) ?? .failed
    }
}
