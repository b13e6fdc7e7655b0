// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// The first interrupt of this process, by a key or a signal; the second ends it at once.
package enum Interrupts {
    /// Begins to catch signals, and gives one element for the first of SIGINT, SIGTERM and SIGHUP.
    ///
    /// Call it once, before anything else that may take long. SIGPIPE is ignored from then on.
    package static func begin() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        let ends = UnsafeMutablePointer<Int32>.allocate(capacity: 2)
        defer { ends.deallocate() }
        guard pipe(ends) == 0 else { return stream }
        let context = Unmanaged.passRetained(Listener(descriptor: ends[0], continuation: continuation))
        let result = clinux_thread_start(
            "icetalk-signals",
            { context in
                guard let context else { return }
                Unmanaged<Listener>.fromOpaque(context).takeRetainedValue().run()
            },
            context.toOpaque()
        )
        guard result == 0 else {
            context.release()
            return stream
        }
        clinux_signals_begin(ends[1])
        return stream
    }

    private final class Listener: Sendable {
        private let descriptor: Int32
        private let continuation: AsyncStream<Void>.Continuation

        init(descriptor: Int32, continuation: AsyncStream<Void>.Continuation) {
            self.descriptor = descriptor
            self.continuation = continuation
        }

        func run() {
            var byte: UInt8 = 0
            while read(self.descriptor, &byte, 1) < 0, errno == EINTR {}
            self.continuation.yield()
        }
    }
}
