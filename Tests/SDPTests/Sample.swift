// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SDP

/// The pieces that tests build descriptions from.
enum Sample {
    static let digits = Array(repeating: "AB", count: 32).joined(separator: ":")

    /// The lines of a data-only offer, in the order in which they are printed.
    static let lines = [
        "v=0",
        "o=- 4611731400430051336 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        "a=ice-ufrag:x+3n",
        "a=ice-pwd:/DMTugrWT5xFetKzD4h08zqb",
        "a=ice-options:trickle",
        "a=fingerprint:sha-256 \(digits)",
        "a=setup:actpass",
        "a=mid:0",
        "a=sctp-port:5000",
        "a=max-message-size:262144",
    ]

    static let text = Self.joined(Self.lines)

    static func joined(_ lines: [String]) -> String {
        lines.map { $0 + "\r\n" }.joined()
    }

    /// The sample without the lines that begin with `prefix`.
    static func without(_ prefix: String) -> String {
        Self.joined(Self.lines.filter { !$0.hasPrefix(prefix) })
    }

    /// The sample with other lines in the place of the one that begins with `prefix`.
    static func replacing(_ prefix: String, with lines: String...) -> String {
        Self.joined(Self.lines.flatMap { $0.hasPrefix(prefix) ? lines : [$0] })
    }

    static let section = DataChannelSection(
        usernameFragment: "x+3n",
        password: "/DMTugrWT5xFetKzD4h08zqb",
        fingerprint: FingerprintAttribute(value: digits)
    )
}
