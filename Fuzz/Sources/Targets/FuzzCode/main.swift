// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Rendezvous
import Wire

// A code is refused, or its own text means the same; a typed text has no more completions than a list has words.
fuzz { bytes in
    let text = String(decoding: [UInt8](copying: bytes), as: UTF8.self)
    require(CodeCompletion.candidates(for: text).count <= 256, "more words than a list has")
    guard let code = try? Code(parsing: text) else { return }
    do throws(CodeError) {
        requireEqual(try Code(parsing: code.description), code)
    } catch {
        fail("\(error) in \(code)")
    }
}
