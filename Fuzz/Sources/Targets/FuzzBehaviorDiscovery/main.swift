// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Wire

// The discovery of a NAT's behaviour, or of how long it keeps a mapping, with servers that answer late, damaged, from
// anywhere, or with anything.
fuzz { bytes in
    var input = FuzzInput(bytes)
    var rig = DiscoveryRig(&input)
    var steps = 0
    while !input.isAtEnd, steps < 512 {
        rig.step(&input)
        rig.requireBounds()
        steps += 1
    }
    rig.requireEnd()
}
