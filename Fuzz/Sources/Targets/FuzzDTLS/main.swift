// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Wire

// A client, a server and a network between them that does as the input says. Nothing is delivered that was not sent, and a
// connection that stands goes on whatever came in between.
let certificates = Certificates()
fuzz { bytes in
    var world = DTLSWorld(certificates: certificates)
    var input = FuzzInput(bytes)
    if input.flag() {
        world.connect()
    }
    var steps = 0
    while !input.isAtEnd, steps < 256 {
        world.step(&input)
        steps += 1
    }
    world.requireSurvival()
}
