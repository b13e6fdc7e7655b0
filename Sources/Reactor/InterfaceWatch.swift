// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
package import Wire

/// Tells when the addresses of this host may have changed (rtnetlink).
///
/// A change comes as several messages; they are told once, when they have ceased for a moment or gone on for long. It belongs to
/// the thread of its loop, and is kept alive by it until `stop()`.
package final class InterfaceWatch {
    /// Between a message and what is told of it.
    static let settling = Duration.milliseconds(50)
    /// The longest time for which messages that do not cease put it off.
    static let longestSettling = Duration.milliseconds(500)

    private let loop: EventLoop
    private let descriptor: Int32
    private let onChange: (Instant) -> Void
    private var timer: LoopTimer?
    private var firstAt: Instant?

    /// Begins to watch.
    ///
    /// - Throws: `SystemError` when the system does not tell of changes.
    package init(on loop: EventLoop, onChange: @escaping (Instant) -> Void) throws(SystemError) {
        let descriptor = clinux_netlink_watch()
        guard descriptor >= 0 else { throw SystemError(.interfaces, code: -descriptor) }
        self.loop = loop
        self.descriptor = descriptor
        self.onChange = onChange
        self.timer = loop.makeTimer { [weak self] now in self?.tell(at: now) }
        try loop.watch(descriptor, for: .readable) { _ in self.drain() }
    }

    deinit {
        close(self.descriptor)
    }

    /// Ends the watching.
    package func stop() {
        self.timer?.cancel()
        self.loop.unwatch(self.descriptor)
    }

    private func drain() {
        guard clinux_netlink_drain(self.descriptor) != 0 else { return }
        let now = self.loop.now()
        let first = self.firstAt ?? now
        self.firstAt = first
        self.timer?.arm(at: min(now + Self.settling, first + Self.longestSettling))
    }

    private func tell(at now: Instant) {
        self.firstAt = nil
        self.onChange(now)
    }
}
