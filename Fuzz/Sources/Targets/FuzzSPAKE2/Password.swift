// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import SPAKE2

/// What both sides know.
let password: PasswordScalar = {
    do throws(SPAKE2Error) {
        return try PasswordStretching(password: [1], salt: [2]).run()
    } catch {
        fail("\(error)")
    }
}()
