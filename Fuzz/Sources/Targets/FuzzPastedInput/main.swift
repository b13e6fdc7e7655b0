// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Rendezvous
import SDP
import Wire

// What is pasted is recognised alike however its bytes arrive, and what was recognised can be used.
fuzz { bytes in
    var input = FuzzInput(bytes)
    let step = 1 + Int(input.u8())
    let paste = input.rest()
    let whole = items(of: paste, in: max(1, paste.count))
    requireEqual(items(of: paste, in: step), whole)
    for item in whole {
        switch item {
        case .sessionDescription(_, let text):
            require(text.utf8.count <= 2 * PastedInput.maximumBytes)
            _ = try? SessionDescription(parsing: text)
        case .failure(let error):
            require(!error.description.isEmpty)
        case .invitation, .candidate, .endOfCandidates, .unrecognised:
            break
        }
    }
}

private func items(of paste: [UInt8], in step: Int) -> [PastedInput.Item] {
    var pasted = PastedInput()
    var items: [PastedInput.Item] = []
    var start = 0
    while start < paste.count {
        let end = min(start + step, paste.count)
        let piece = Array(paste[start..<end])
        items += pasted.take(piece.span)
        start = end
    }
    items += pasted.finish()
    require(pasted.pending == nil, "something is waited for after the end")
    return items
}
