// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CVirtualTime
import Wire

/// Runs `body` with OpenSSL's clock at zero and its random bytes determined by `seed`.
func inVirtualTime<Result>(seed: UInt64, _ body: () throws -> Result) rethrows -> Result {
    icetalk_virtual_time_begin(seed)
    defer { icetalk_virtual_time_end() }
    return try body()
}
