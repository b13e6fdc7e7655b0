// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import SPAKE2
import Wire

// The input is a share, or a change to a good one, and a confirmation.
fuzz { bytes in
    var input = FuzzInput(bytes)
    var random = RandomSource.seeded(1)
    do throws(SPAKE2Error) {
        let exchange = try SPAKE2Exchange(role: .a, password: password, random: &random)
        var share = try SPAKE2Exchange(role: .b, password: password, random: &random).share
        if input.flag() {
            share = input.take(input.choice(80))
        } else {
            input.damage(&share)
        }
        let names = SPAKE2Identities(a: input.block(), b: input.block())
        let secret = try exchange.receive(share, identities: names, additionalData: input.block())
        _ = try secret.key(confirmedBy: input.rest())
        fail("a confirmation was guessed")
    } catch {
        if case .library(let operation) = error { fail(operation) }
    }
}
