// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Wire

// Two conversations over a channel that opens and closes as the input says, or one and a peer that says anything. Between
// two that mean well every text arrives once, in order, and is told to be delivered once.
fuzz { bytes in
    var input = FuzzInput(bytes)
    if input.flag() {
        var world = ConversationWorld(random: input.u8())
        while !input.isAtEnd { world.step(&input) }
        world.requireDelivery()
    } else {
        var rig = ConversationRig(random: input.u8())
        while !input.isAtEnd { rig.step(&input) }
    }
}
