// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Wire

// A file goes from a sender to a receiver over a channel that alters messages as the input says, or messages from the input
// go to a receiver. Whatever the receiver says is complete is what was sent.
fuzz { bytes in
    var input = FuzzInput(bytes)
    var world = TransferWorld(&input)
    var steps = 0
    while !input.isAtEnd, steps < 512 {
        world.step(&input)
        steps += 1
    }
    world.finish()
}
