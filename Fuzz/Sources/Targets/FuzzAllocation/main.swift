// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Wire

// An allocation, its server and its peers, with answers that are late, lost, damaged or made up, in any order.
fuzz { bytes in
    var input = FuzzInput(bytes)
    var rig = AllocationRig(&input)
    var steps = 0
    while !input.isAtEnd, steps < 512 {
        rig.step(&input)
        rig.requireBounds()
        steps += 1
    }
}
