// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SDP

/// Descriptions that Firefox 153 wrote, and that a peer wrote for it, as they were captured.
let firefoxDescriptions: [CapturedDescription] = [
    CapturedDescription(
        writer: "firefox",
        kind: .offer,
        text: """
            v=0
            o=mozilla...THIS_IS_SDPARTA-99.0 1276363844625395267 0 IN IP4 0.0.0.0
            s=-
            t=0 0
            a=sendrecv
            a=fingerprint:sha-256 96:4A:37:3A:4E:A4:C8:2F:0E:89:C4:31:CE:70:29:CE:BF:C8:64:CB:A7:02:1B:35:27:1E:BF:15:43:9E:11:95
            a=group:BUNDLE 0
            a=ice-options:trickle
            a=msid-semantic:WMS *
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel
            c=IN IP4 0.0.0.0
            a=sendrecv
            a=ice-pwd:479de73edc5ca00d5ee80dfbb087dda2
            a=ice-ufrag:6760f0b9
            a=mid:0
            a=setup:actpass
            a=sctp-port:5000
            a=max-message-size:1073741823
            """
    ),
    CapturedDescription(
        writer: "firefox",
        kind: .answer,
        text: """
            v=0
            o=mozilla...THIS_IS_SDPARTA-99.0 4586365608116889652 0 IN IP4 0.0.0.0
            s=-
            t=0 0
            a=sendrecv
            a=fingerprint:sha-256 54:66:02:5E:DA:38:C3:DF:DF:04:7D:5C:4A:32:E2:DB:90:A6:EB:AC:DB:77:1F:34:E3:D6:D4:E4:5C:41:4E:5A
            a=group:BUNDLE 0
            a=ice-options:trickle
            a=msid-semantic:WMS *
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel
            c=IN IP4 0.0.0.0
            a=sendrecv
            a=ice-pwd:d202acf77a9e906bc95933e0b8713cf9
            a=ice-ufrag:c3022603
            a=mid:0
            a=setup:active
            a=sctp-port:5000
            a=max-message-size:1073741823
            """
    ),
    CapturedDescription(
        writer: "firefox",
        kind: .offer,
        text: """
            v=0
            o=mozilla...THIS_IS_SDPARTA-99.0 8275548173337049609 0 IN IP4 0.0.0.0
            s=-
            t=0 0
            a=sendrecv
            a=fingerprint:sha-256 74:27:68:65:64:A5:22:FB:B0:1B:91:8C:BA:B8:5B:F3:1E:A9:F7:A8:BF:7F:DA:CF:1C:40:6B:90:A1:F0:2D:00
            a=group:BUNDLE 0
            a=ice-options:trickle
            a=msid-semantic:WMS *
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel
            c=IN IP4 0.0.0.0
            a=sendrecv
            a=ice-pwd:00de325aa7a64f6d4403df9a17627734
            a=ice-ufrag:2494025a
            a=mid:0
            a=setup:actpass
            a=sctp-port:5000
            a=max-message-size:1073741823
            """
    ),
    CapturedDescription(
        writer: "firefox",
        kind: .answer,
        text: """
            v=0
            o=mozilla...THIS_IS_SDPARTA-99.0 5230197648950409317 0 IN IP4 0.0.0.0
            s=-
            t=0 0
            a=sendrecv
            a=fingerprint:sha-256 22:04:4F:3B:07:55:04:B1:9F:0A:95:67:2D:32:F8:74:5C:CE:BE:FA:33:19:AF:30:DD:67:59:92:FD:CF:37:05
            a=group:BUNDLE 0
            a=ice-options:trickle
            a=msid-semantic:WMS *
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel
            c=IN IP4 0.0.0.0
            a=sendrecv
            a=ice-pwd:d01cfe25468c70d7ee20e7124a2f8588
            a=ice-ufrag:605dd2e6
            a=mid:0
            a=setup:active
            a=sctp-port:5000
            a=max-message-size:1073741823
            """
    ),
    CapturedDescription(
        writer: "firefox",
        kind: .offer,
        text: """
            v=0
            o=mozilla...THIS_IS_SDPARTA-99.0 1276363844625395267 0 IN IP4 0.0.0.0
            s=-
            t=0 0
            a=sendrecv
            a=fingerprint:sha-256 96:4A:37:3A:4E:A4:C8:2F:0E:89:C4:31:CE:70:29:CE:BF:C8:64:CB:A7:02:1B:35:27:1E:BF:15:43:9E:11:95
            a=group:BUNDLE 0
            a=ice-options:trickle
            a=msid-semantic:WMS *
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel
            c=IN IP4 0.0.0.0
            a=candidate:0 1 UDP 2122187007 9a0ccf55-b476-481a-b451-7b83428a5f74.local 35351 typ host
            a=candidate:1 1 UDP 2122252543 62fa1ba3-0e1d-4fe6-b273-b01e22a0bbfe.local 51394 typ host
            a=candidate:2 1 TCP 2105458943 9a0ccf55-b476-481a-b451-7b83428a5f74.local 9 typ host tcptype active
            a=candidate:3 1 TCP 2105524479 62fa1ba3-0e1d-4fe6-b273-b01e22a0bbfe.local 9 typ host tcptype active
            a=sendrecv
            a=end-of-candidates
            a=ice-pwd:479de73edc5ca00d5ee80dfbb087dda2
            a=ice-ufrag:6760f0b9
            a=mid:0
            a=setup:actpass
            a=sctp-port:5000
            a=max-message-size:1073741823
            """
    ),
    CapturedDescription(
        writer: "firefox",
        kind: .offer,
        text: """
            v=0
            o=mozilla...THIS_IS_SDPARTA-99.0 7861362487420813161 0 IN IP4 0.0.0.0
            s=-
            t=0 0
            a=sendrecv
            a=fingerprint:sha-256 77:6E:D9:3F:A3:A2:1B:FB:AD:38:F5:29:7C:95:08:DC:E3:B2:E8:83:D9:3C:78:63:66:FA:66:A7:69:2D:FA:8A
            a=group:BUNDLE 0
            a=ice-options:trickle
            a=msid-semantic:WMS *
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel
            c=IN IP4 0.0.0.0
            a=candidate:0 1 UDP 2122187007 71ca7e3b-1d1c-4c76-8724-d0081b79addd.local 55200 typ host
            a=candidate:1 1 UDP 2122252543 001b8495-52f6-4870-a634-b160a6c0b81b.local 35347 typ host
            a=candidate:2 1 TCP 2105458943 71ca7e3b-1d1c-4c76-8724-d0081b79addd.local 9 typ host tcptype active
            a=candidate:3 1 TCP 2105524479 001b8495-52f6-4870-a634-b160a6c0b81b.local 9 typ host tcptype active
            a=sendrecv
            a=end-of-candidates
            a=ice-pwd:3af9d7e7908f017bd745943b8af61c4f
            a=ice-ufrag:9a47cca4
            a=mid:0
            a=setup:actpass
            a=sctp-port:5000
            a=max-message-size:1073741823
            """
    ),
    CapturedDescription(
        writer: "firefox",
        kind: .offer,
        text: """
            v=0
            o=mozilla...THIS_IS_SDPARTA-99.0 8275548173337049609 0 IN IP4 0.0.0.0
            s=-
            t=0 0
            a=sendrecv
            a=fingerprint:sha-256 74:27:68:65:64:A5:22:FB:B0:1B:91:8C:BA:B8:5B:F3:1E:A9:F7:A8:BF:7F:DA:CF:1C:40:6B:90:A1:F0:2D:00
            a=group:BUNDLE 0
            a=ice-options:trickle
            a=msid-semantic:WMS *
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel
            c=IN IP4 0.0.0.0
            a=candidate:0 1 UDP 2122187007 36be5f33-71ee-43d4-a545-ba33796e63ad.local 56819 typ host
            a=candidate:1 1 UDP 2122252543 557d5f2d-9a49-44fb-929c-431e58953d42.local 36168 typ host
            a=candidate:2 1 TCP 2105458943 36be5f33-71ee-43d4-a545-ba33796e63ad.local 9 typ host tcptype active
            a=candidate:3 1 TCP 2105524479 557d5f2d-9a49-44fb-929c-431e58953d42.local 9 typ host tcptype active
            a=sendrecv
            a=end-of-candidates
            a=ice-pwd:00de325aa7a64f6d4403df9a17627734
            a=ice-ufrag:2494025a
            a=mid:0
            a=setup:actpass
            a=sctp-port:5000
            a=max-message-size:1073741823
            """
    ),
    CapturedDescription(
        writer: "firefox",
        kind: .offer,
        text: """
            v=0
            o=mozilla...THIS_IS_SDPARTA-99.0 769807602509350164 0 IN IP4 0.0.0.0
            s=-
            t=0 0
            a=sendrecv
            a=fingerprint:sha-256 1F:AA:6D:20:04:68:7A:AF:4C:7B:56:6F:80:0A:9B:0F:05:A7:B1:0F:65:90:F0:F1:44:44:69:0F:D9:61:63:DB
            a=group:BUNDLE 0
            a=ice-options:trickle
            a=msid-semantic:WMS *
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel
            c=IN IP4 0.0.0.0
            a=candidate:0 1 UDP 2122187007 53bff2f4-31c1-49a0-b9ab-b450c7aa381d.local 56267 typ host
            a=candidate:1 1 UDP 2122252543 8cfdd4df-a938-4ef0-981e-3b36989dc81d.local 34369 typ host
            a=candidate:2 1 TCP 2105458943 53bff2f4-31c1-49a0-b9ab-b450c7aa381d.local 9 typ host tcptype active
            a=candidate:3 1 TCP 2105524479 8cfdd4df-a938-4ef0-981e-3b36989dc81d.local 9 typ host tcptype active
            a=sendrecv
            a=end-of-candidates
            a=ice-pwd:77822daf9fa5e66a1ae66d74b5c10f14
            a=ice-ufrag:e4525c04
            a=mid:0
            a=setup:actpass
            a=sctp-port:5000
            a=max-message-size:1073741823
            """
    ),
    CapturedDescription(
        writer: "aiortc",
        kind: .answer,
        text: """
            v=0
            o=- 4004392067 4004392067 IN IP4 0.0.0.0
            s=-
            t=0 0
            a=group:BUNDLE 0
            a=msid-semantic:WMS *
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel
            c=IN IP4 0.0.0.0
            a=mid:0
            a=sctp-port:5000
            a=max-message-size:262144
            a=end-of-candidates
            a=ice-ufrag:CoUr
            a=ice-pwd:LMhUtp9eZfTC3VDOtOqGDI
            a=fingerprint:sha-256 5B:CD:6D:7C:69:2F:28:CF:56:F4:DF:20:D4:56:14:21:97:5E:0E:24:80:57:93:E7:98:99:E3:C5:9A:9F:1A:2F
            a=fingerprint:sha-384 F9:B8:EE:C2:FC:17:9E:8C:8D:D7:C7:0F:9D:12:1D:24:D1:28:56:CC:34:C6:BA:28:6B:9D:AB:51:D3:9D:F9:97:B1:13:B4:11:E2:AE:F8:86:0F:19:DE:C5:98:6E:DF:A6
            a=fingerprint:sha-512 3A:9B:98:69:D9:A8:15:C5:61:87:1E:EA:83:D4:42:D3:4C:5D:93:A4:20:1A:C6:34:05:28:2E:40:41:01:D4:CB:33:95:97:9D:46:2E:E2:54:66:25:D3:1E:9A:D3:F6:7D:63:50:DB:95:AF:40:AB:3E:5A:DE:DA:16:7D:40:04:7B
            a=setup:active
            """
    ),
    CapturedDescription(
        writer: "aiortc",
        kind: .answer,
        text: """
            v=0
            o=- 4004392067 4004392067 IN IP4 0.0.0.0
            s=-
            t=0 0
            a=group:BUNDLE 0
            a=msid-semantic:WMS *
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel
            c=IN IP4 0.0.0.0
            a=mid:0
            a=sctp-port:5000
            a=max-message-size:262144
            a=end-of-candidates
            a=ice-ufrag:a2r2
            a=ice-pwd:JPrskYuBsKZCTM4zNKqZxL
            a=fingerprint:sha-256 D6:E1:17:F4:2F:6F:1A:C2:65:DD:49:BE:66:C7:2C:D9:BE:20:BA:7B:79:F5:34:D3:51:49:52:A0:A2:98:E7:A1
            a=fingerprint:sha-384 38:60:90:D3:82:20:56:75:1B:A6:D0:42:BC:BB:9D:B1:CB:C5:50:4D:F0:EC:AC:50:08:E7:2C:87:1A:A2:CD:16:24:D8:67:3A:95:5A:D2:3B:F6:32:F8:8F:7B:EC:E7:E3
            a=fingerprint:sha-512 29:F8:34:B9:F4:2A:AE:84:F7:B3:43:1D:0D:A7:71:57:7D:F3:D0:D3:09:C1:0C:04:F7:E1:DB:44:02:EB:92:AF:18:17:9C:E9:44:E1:B9:AC:1B:28:3C:C8:84:B3:5F:6F:7C:19:22:C7:B5:BB:68:7D:E5:7D:91:7F:D4:47:AF:DE
            a=setup:active
            """
    ),
    CapturedDescription(
        writer: "firefox",
        kind: .answer,
        text: """
            v=0
            o=mozilla...THIS_IS_SDPARTA-99.0 118207331167009938 0 IN IP4 0.0.0.0
            s=-
            t=0 0
            a=sendrecv
            a=fingerprint:sha-256 3D:32:DF:4A:A7:1B:43:62:14:CE:82:6C:3F:46:2F:35:7B:A0:32:3B:55:39:0A:BE:9B:4E:F7:38:7F:8B:22:4F
            a=group:BUNDLE 0
            a=ice-options:trickle
            a=msid-semantic:WMS *
            m=application 9 UDP/DTLS/SCTP webrtc-datachannel
            c=IN IP4 0.0.0.0
            a=candidate:0 1 UDP 2122187007 481ba839-5220-47ed-ba2a-daeedf676ded.local 33687 typ host
            a=candidate:1 1 UDP 2122252543 251a6042-92c2-4630-9e74-051c883bd113.local 41668 typ host
            a=candidate:2 1 TCP 2105458943 481ba839-5220-47ed-ba2a-daeedf676ded.local 9 typ host tcptype active
            a=candidate:3 1 TCP 2105524479 251a6042-92c2-4630-9e74-051c883bd113.local 9 typ host tcptype active
            a=sendrecv
            a=end-of-candidates
            a=ice-pwd:c6d0a6910f22baf8c899a3c41660d2d8
            a=ice-ufrag:6e339441
            a=mid:0
            a=setup:active
            a=sctp-port:5000
            a=max-message-size:1073741823
            """
    ),
]
