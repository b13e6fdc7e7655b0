// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import ICE
import Peering
import SDP
import Wire

// A candidate's line is refused, or printed and read again as the same.
fuzz { bytes in
    let text = String(decoding: [UInt8](copying: bytes), as: UTF8.self)
    guard let attribute = CandidateAttribute(text) else { return }
    requireEqual(CandidateAttribute(attribute.description), attribute)
    guard let candidate = Candidate(attribute) else { return }
    requireEqual(Candidate(candidate.attribute), candidate)
}
