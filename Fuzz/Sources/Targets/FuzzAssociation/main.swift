// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Wire

// Two associations and a network between them that does as the input says. An honest network loses, repeats and reorders,
// and then everything arrives; a hostile one also alters and invents, and then both sides stay within their bounds.
fuzz { bytes in
    var input = FuzzInput(bytes)
    var world = AssociationWorld(&input)
    var steps = 0
    while !input.isAtEnd, steps < 400 {
        world.step(&input)
        steps += 1
    }
    world.requireDelivery()
}
