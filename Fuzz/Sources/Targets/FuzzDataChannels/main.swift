// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Wire

// A set of channels among calls, messages and resets in any order: each channel opens once, speaks while it is open, and
// closes once.
fuzz { bytes in
    var input = FuzzInput(bytes)
    var rig = ChannelRig(&input)
    while !input.isAtEnd {
        rig.step(&input)
        rig.drain()
    }
    rig.end()
}
