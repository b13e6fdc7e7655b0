// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Rendezvous
import Wire

// The input is a script of what a server sends and an owner does.
fuzz { bytes in
    var input = FuzzInput(bytes)
    var rig = MeetingRig(&input)
    while !input.isAtEnd { rig.step(&input) }
}
