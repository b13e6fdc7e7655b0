// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import SPAKE2
import Wire

// A share is refused, or makes a secret that gives no key for what the input takes for a confirmation.
do throws(SPAKE2Error) {
    var random = RandomSource.seeded(1)
    let exchange = try SPAKE2Exchange(
        role: .a,
        password: try PasswordStretching(password: [7], salt: [8]).run(),
        random: &random
    )
    let identities = SPAKE2Identities(a: [1], b: [2])
    fuzz { bytes in
        var input = FuzzInput(bytes)
        let share = input.take(SPAKE2Exchange.shareCount)
        guard let secret = try? exchange.receive(share, identities: identities, additionalData: [9]) else { return }
        require((try? secret.key(confirmedBy: input.rest())) == nil, "the password was guessed")
    }
} catch {
    fail("\(error)")
}
