// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Dispatch

/// A thread for an actor that waits for the disk: neither the reactor nor the threads that all tasks share may do that.
final class DiskExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "icetalk.disk")

    /// Takes a job; jobs run in their order.
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        self.queue.async {
            job.runSynchronously(on: self.asUnownedSerialExecutor())
        }
    }
}
