// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Wire

// Two whole peers and a network between them that does as the input says. After a network that only loses, repeats and
// reorders they find each other; after any other they are still within their bounds.
fuzz { bytes in
    var input = FuzzInput(bytes)
    var world = PeerWorld(&input)
    var steps = 0
    while !input.isAtEnd, steps < 200 {
        world.step(&input)
        steps += 1
    }
    world.finish()
}
