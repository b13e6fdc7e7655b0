// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import SDP
import Wire

// A description is refused, or printed and read again as the same; an offer is answered with what can be read.
fuzz { bytes in
    let description: SessionDescription
    do throws(SDPError) {
        description = try SessionDescription(parsing: bytes)
    } catch {
        require(!error.description.isEmpty)
        return
    }
    require(description.dataChannel.candidates.count <= SDPLimit.candidates)
    requireRoundTrip(description)
    if let answer = try? description.answer(sessionID: .max, section: Own.section) {
        requireRoundTrip(answer)
        require(answer.dataChannel.setup == .active || answer.dataChannel.setup == .passive)
    }
}

/// The side that answers.
private enum Own {
    static let section = DataChannelSection(
        usernameFragment: "x+3n",
        password: "/DMTugrWT5xFetKzD4h08zqb",
        fingerprint: FingerprintAttribute(value: Array(repeating: "AB", count: 32).joined(separator: ":"))
    )
}

private func requireRoundTrip(_ description: SessionDescription) {
    var expected = description
    expected.dataChannel.ignoredCandidateCount = 0
    expected.dataChannel.maxMessageSize = min(description.dataChannel.maxMessageSize, .max >> 1)
    do throws(SDPError) {
        requireEqual(try SessionDescription(parsing: description.text), expected)
    } catch {
        fail("\(error)\n\(description.text)")
    }
}
