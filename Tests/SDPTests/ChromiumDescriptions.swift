// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SDP
import Testing

/// Descriptions that Chromium 156 wrote, and that a peer wrote for it, as they were captured.
let chromiumDescriptions: [CapturedDescription] = [
    CapturedDescription(
        writer: "chromium",
        kind: .offer,
        text: """
            v=0
            o=- 198808839082281534 2 IN IP4 127.0.0.1
            s=-
            t=0 0
            a=group:BUNDLE 0
            a=extmap-allow-mixed
            a=msid-semantic: WMS
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel
            c=IN IP4 0.0.0.0
            a=ice-ufrag:oeZs
            a=ice-pwd:18kOrwmXbfjiH1g5FbXmfzN8
            a=ice-options:trickle
            a=fingerprint:sha-256 37:06:98:81:63:07:AF:34:D6:F9:34:CE:90:83:B8:1B:17:62:C3:ED:EF:28:F3:C7:11:DA:AE:95:03:5B:AF:A7
            a=setup:actpass
            a=mid:0
            a=sctp-port:5000
            a=max-message-size:262144
            """
    ),
    CapturedDescription(
        writer: "chromium",
        kind: .answer,
        text: """
            v=0
            o=- 8689285750898844229 2 IN IP4 127.0.0.1
            s=-
            t=0 0
            a=group:BUNDLE 0
            a=extmap-allow-mixed
            a=msid-semantic: WMS
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel
            c=IN IP4 0.0.0.0
            a=ice-ufrag:x+3n
            a=ice-pwd:/DMTugrWT5xFetKzD4h08zqb
            a=ice-options:trickle
            a=fingerprint:sha-256 75:31:34:75:97:9E:61:BE:75:E7:B3:7F:D0:99:F4:A6:BC:E2:DD:40:C1:17:50:CC:97:80:D5:A3:F3:9F:2A:CF
            a=setup:active
            a=mid:0
            a=sctp-port:5000
            a=max-message-size:262144
            """
    ),
    CapturedDescription(
        writer: "chromium",
        kind: .offer,
        text: """
            v=0
            o=- 198808839082281534 2 IN IP4 127.0.0.1
            s=-
            t=0 0
            a=group:BUNDLE 0
            a=extmap-allow-mixed
            a=msid-semantic: WMS
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel
            c=IN IP4 0.0.0.0
            a=candidate:1091672320 1 udp 2113937151 ecb3b7a5-7ebc-49fc-82ec-fe6bb11e21d0.local 57486 typ host generation 0 network-cost 999
            a=candidate:2323077344 1 udp 2113942271 825adbbc-1719-4ba3-9e58-a791ad95eb11.local 35495 typ host generation 0 network-cost 999
            a=ice-ufrag:oeZs
            a=ice-pwd:18kOrwmXbfjiH1g5FbXmfzN8
            a=ice-options:trickle
            a=fingerprint:sha-256 37:06:98:81:63:07:AF:34:D6:F9:34:CE:90:83:B8:1B:17:62:C3:ED:EF:28:F3:C7:11:DA:AE:95:03:5B:AF:A7
            a=setup:actpass
            a=mid:0
            a=sctp-port:5000
            a=max-message-size:262144
            """
    ),
    CapturedDescription(
        writer: "chromium",
        kind: .offer,
        text: """
            v=0
            o=- 3117366374869336123 2 IN IP4 127.0.0.1
            s=-
            t=0 0
            a=group:BUNDLE 0
            a=extmap-allow-mixed
            a=msid-semantic: WMS
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel
            c=IN IP4 0.0.0.0
            a=candidate:2574166891 1 udp 2113937151 ecb3b7a5-7ebc-49fc-82ec-fe6bb11e21d0.local 34297 typ host generation 0 network-cost 999
            a=candidate:2652686299 1 udp 2113942271 825adbbc-1719-4ba3-9e58-a791ad95eb11.local 38039 typ host generation 0 network-cost 999
            a=ice-ufrag:M4tA
            a=ice-pwd:iZGdUYmCFpRv7Pz006pOB/D5
            a=ice-options:trickle
            a=fingerprint:sha-256 F5:EA:5A:72:D1:53:6A:A3:9E:E0:A2:3E:CD:CB:5D:6B:94:6E:32:52:52:5F:57:65:18:91:AD:CA:5A:07:36:F4
            a=setup:actpass
            a=mid:0
            a=sctp-port:5000
            a=max-message-size:262144
            """
    ),
    CapturedDescription(
        writer: "aiortc",
        kind: .answer,
        text: """
            v=0
            o=- 4004391840 4004391840 IN IP4 0.0.0.0
            s=-
            t=0 0
            a=group:BUNDLE 0
            a=msid-semantic:WMS *
            m=application 48138 UDP/DTLS/SCTP webrtc-datachannel
            c=IN IP4 192.0.2.2
            a=mid:0
            a=sctp-port:5000
            a=max-message-size:262144
            a=candidate:f957a2332b1715da3b0ef8ba684454eb 1 udp 2130706431 192.0.2.2 48138 typ host
            a=candidate:d0bcf3d9c29a2bc887618212a1623bfa 1 udp 2130706431 fd00::2 43057 typ host
            a=end-of-candidates
            a=ice-ufrag:iCdu
            a=ice-pwd:mwZnzZ9OeOqkDaZJA0rf3u
            a=fingerprint:sha-256 58:AE:5C:1D:35:A0:F4:20:43:7B:12:FE:F1:66:7C:AA:F4:CB:BB:25:CB:41:1B:A2:FA:B5:97:32:91:46:7A:97
            a=fingerprint:sha-384 2B:44:CD:60:B5:94:BA:1C:A3:29:3D:C6:9B:1E:A3:B1:98:27:87:0E:57:41:FD:23:74:5D:68:09:FB:E6:F5:22:4D:C0:6F:E6:BA:2B:72:28:26:D7:33:30:D3:4A:B5:90
            a=fingerprint:sha-512 0B:DC:C0:8B:74:CB:64:66:DE:72:A5:20:11:29:DC:AD:5D:57:0B:17:C0:AB:8D:00:25:C8:4C:AD:FA:35:15:2E:36:8F:FA:C6:F7:4C:59:4F:67:37:00:88:21:A6:75:F3:86:F6:2E:15:31:AC:9F:B7:96:DA:7C:E4:3F:80:9B:F7
            a=setup:active
            """
    ),
    CapturedDescription(
        writer: "chromium",
        kind: .answer,
        text: """
            v=0
            o=- 772981878746753883 2 IN IP4 127.0.0.1
            s=-
            t=0 0
            a=group:BUNDLE 0
            a=msid-semantic: WMS
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel
            c=IN IP4 0.0.0.0
            a=candidate:217671126 1 udp 2113937151 ecb3b7a5-7ebc-49fc-82ec-fe6bb11e21d0.local 60620 typ host generation 0 network-cost 999
            a=candidate:193661286 1 udp 2113942271 825adbbc-1719-4ba3-9e58-a791ad95eb11.local 37950 typ host generation 0 network-cost 999
            a=ice-ufrag:wyno
            a=ice-pwd:aRskT/DspFyDtnaWxncG2Zv6
            a=ice-options:trickle
            a=fingerprint:sha-256 F4:29:F9:CB:5D:10:BC:0D:62:AF:1C:5E:69:2F:DE:BA:CA:98:39:DE:BF:34:B0:C2:A0:68:8B:AF:EC:0C:8B:79
            a=setup:active
            a=mid:0
            a=sctp-port:5000
            a=max-message-size:262144
            """
    ),
]

/// A description as it was captured.
struct CapturedDescription: Sendable, CustomTestStringConvertible {
    let writer: String
    let kind: DescriptionKind
    let text: String

    var testDescription: String { "\(self.writer) \(self.kind)" }
}
