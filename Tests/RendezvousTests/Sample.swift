// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import ICE
import Peering
import Wire

/// Descriptions for tests.
enum Sample {
    /// A description with fresh credentials and candidates as a host with two families, STUN and TURN has.
    static func description(candidates: Int, ipv6Only: Bool = false, seed: UInt64) -> PeerDescription {
        var random = RandomSource.seeded(seed)
        let kinds: [CandidateKind] = [.host, .host, .serverReflexive, .relayed, .host, .serverReflexive]
        var list: [Candidate] = []
        for index in 0..<candidates {
            let isIPv6 = ipv6Only || index % 2 == 1
            let ip: IPAddress =
                isIPv6
                ? .v6(high: random.next(), low: random.next()) : .v4(UInt32.random(in: 0 ... .max, using: &random))
            let kind = kinds[index % kinds.count]
            list.append(
                Candidate(
                    kind: kind,
                    address: SocketAddress(ip, port: UInt16.random(in: 0 ... .max, using: &random)),
                    foundation: "\(index + 1)",
                    priority: Candidate.priority(kind: kind, localPreference: 65_535 - UInt16(index))
                )
            )
        }
        return PeerDescription(
            credentials: ICECredentials(random: &random),
            fingerprint: Self.fingerprint(random: &random),
            candidates: list
        )
    }

    static func fingerprint(random: inout RandomSource) -> Fingerprint {
        guard let fingerprint = Fingerprint(bytes: random.bytes(32)) else { preconditionFailure("32 bytes") }
        return fingerprint
    }

    static let digits = Array(repeating: "AB", count: 32).joined(separator: ":")

    static let candidate = "candidate:1 1 udp 2113937151 192.0.2.1 57486 typ host generation 0"

    /// The lines of a browser's offer.
    static let offerLines = [
        "v=0",
        "o=- 4611731400430051336 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "a=msid-semantic: WMS",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        "a=\(candidate)",
        "a=ice-ufrag:x+3n",
        "a=ice-pwd:/DMTugrWT5xFetKzD4h08zqb",
        "a=ice-options:trickle",
        "a=fingerprint:sha-256 \(digits)",
        "a=setup:actpass",
        "a=mid:0",
        "a=sctp-port:5000",
        "a=max-message-size:262144",
    ]

    static let answerLines = Self.offerLines.map { $0 == "a=setup:actpass" ? "a=setup:active" : $0 }

    static func text(_ lines: [String]) -> String {
        lines.map { $0 + "\r\n" }.joined()
    }
}
