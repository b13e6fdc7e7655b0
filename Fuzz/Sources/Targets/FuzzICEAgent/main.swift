// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Wire

// An agent among addresses, candidates, checks and answers, authentic or not, in any order.
fuzz { bytes in
    var input = FuzzInput(bytes)
    var rig = AgentRig(&input)
    var steps = 0
    while !input.isAtEnd, steps < 512 {
        rig.step(&input)
        rig.requireBounds()
        steps += 1
    }
}
