// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CLinux
import Wire

/// The instant of now on the clock of the reactor.
func monotonicNow() -> Instant {
    Instant(nanoseconds: clinux_monotonic())
}
