// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

/// Connectivity checks that Chromium 156 and Firefox 153 sent.
enum BrowserVector {
    /// From a controlling Chromium, whose first check nominates.
    static let chromiumControllingCheck = [UInt8](
        hex: """
            000100502112a4424d58504a71536e55482b792f
            00060009 694364753a4d347441000000
            c0570004 000003e7
            802a0008 3838b38d843df785
            00250000
            00240004 6e0032ff
            00080014 a4500426cea2f5e49d643641753420f7c2c62685
            80280004 f108b599
            """
    )
    /// A response from Chromium over IPv6.
    static let chromiumResponseIPv6 = [UInt8](
        hex: """
            010100382112a442bf94903a1db8be5957aa9b19
            00200014 00028923dc12a442bf94903a1db8be5957aa9b1b
            00080014 9d38f241fd6b3e5045818bff634a55f66015d2db
            80280004 31e86448
            """
    )
    /// From a controlled Chromium.
    static let chromiumControlledCheck = [UInt8](
        hex: """
            0001004c2112a442544b7150376b6863476f6141
            00060009 386a4d783a77796e6f000000
            c0570004 000003e7
            80290008 4fc2562685724639
            00240004 6e001eff
            00080014 88ecdc7986948d28330e2be652beb2f774c7a456
            80280004 9997877f
            """
    )
    /// A response from Chromium over IPv4.
    static let chromiumResponseIPv4 = [UInt8](
        hex: """
            0101002c2112a442da2b51b4e9c044d21394cd83
            00200008 0001bd82e112a640
            00080014 1125e3c3be2ee5a3156f41f42bf005fbb282165d
            80280004 1a6671fc
            """
    )
    /// From a controlled Firefox.
    static let firefoxCheck = [UInt8](
        hex: """
            000100482112a442562cec810b95f9118c44e40e
            0006000d 713230753a3665333339343431000000
            00240004 6e7f00ff
            80290008 70cac6f9d2409ddd
            00080014 6c6c9186088ba33236a2cff972ee05d030e66405
            80280004 81716501
            """
    )
    /// A response from Firefox.
    static let firefoxResponse = [UInt8](
        hex: """
            010100382112a4424c5d09ccd006ade525203c7d
            00200014 0002cb60dc12a4424c5d09ccd006ade525203c7f
            00080014 3f75213b6153672bb776cd9b01c47f988d4453ef
            80280004 63eecba4
            """
    )

    static let all = [
        chromiumControllingCheck, chromiumResponseIPv6, chromiumControlledCheck, chromiumResponseIPv4, firefoxCheck,
        firefoxResponse,
    ]
}

@Suite struct BrowserMessageTests {
    /// A private attribute of Chromium, which is optional to understand.
    private let networkInfo = AttributeType(rawValue: 0xC057)

    @Test(arguments: BrowserVector.all)
    func `the fingerprint of a browser is right, and its message is written as it came`(bytes: [UInt8]) throws {
        #expect(looksLikeSTUN(bytes))
        let message = try parse(bytes)
        #expect(message.integrity == .sha1)
        #expect(message.hasFingerprint)
        #expect(verifyFingerprint(bytes))
        #expect(message.unknownComprehensionRequired(understanding: .connectivityChecks).isEmpty)
        let written = message.encoded(integrity: IntegrityKey(shortTerm: "any"), fingerprint: true)
        #expect(written.count == bytes.count)
        #expect(written.dropLast(28) == bytes.dropLast(28))
    }

    @Test func `a controlling Chromium nominates at once`() throws {
        let bytes = BrowserVector.chromiumControllingCheck
        let message = try parse(bytes)
        #expect(message.messageClass == .request)
        #expect(message.username == "iCdu:M4tA")
        #expect(message.raw(self.networkInfo) == [0, 0, 3, 0xE7])
        #expect(message.iceControlling == 0x3838_B38D_843D_F785)
        #expect(message.iceControlled == nil)
        #expect(message.useCandidate)
        #expect(message.priority == 0x6E00_32FF)
        #expect(verifyIntegrity(bytes, IntegrityKey(shortTerm: "mwZnzZ9OeOqkDaZJA0rf3u")))
        #expect(!verifyIntegrity(bytes, IntegrityKey(shortTerm: "iZGdUYmCFpRv7Pz006pOB/D5")))
    }

    @Test func `a controlled Chromium does not nominate`() throws {
        let message = try parse(BrowserVector.chromiumControlledCheck)
        #expect(message.username == "8jMx:wyno")
        #expect(message.iceControlled == 0x4FC2_5626_8572_4639)
        #expect(!message.useCandidate)
    }

    @Test func `responses of browsers tell addresses and are authentic`() throws {
        let chromium = try parse(BrowserVector.chromiumResponseIPv6)
        #expect(chromium.messageClass == .success)
        #expect(chromium.mappedAddress == SocketAddress("[fd00::2]:43057"))
        let key = IntegrityKey(shortTerm: "iZGdUYmCFpRv7Pz006pOB/D5")
        #expect(verifyIntegrity(BrowserVector.chromiumResponseIPv6, key))

        let ipv4 = try parse(BrowserVector.chromiumResponseIPv4)
        #expect(ipv4.mappedAddress == SocketAddress("192.0.2.2:40080"))
        #expect(
            verifyIntegrity(BrowserVector.chromiumResponseIPv4, IntegrityKey(shortTerm: "aRskT/DspFyDtnaWxncG2Zv6"))
        )

        let firefox = try parse(BrowserVector.firefoxResponse)
        #expect(firefox.mappedAddress?.ip == IPAddress("fd00::2"))
        #expect(
            verifyIntegrity(BrowserVector.firefoxResponse, IntegrityKey(shortTerm: "c6d0a6910f22baf8c899a3c41660d2d8"))
        )
    }

    @Test func `a Firefox check has the attributes of RFC 8445`() throws {
        let message = try parse(BrowserVector.firefoxCheck)
        #expect(
            message.attributes == [
                .username("q20u:6e339441"), .priority(0x6E7F_00FF), .iceControlled(0x70CA_C6F9_D240_9DDD),
            ]
        )
    }
}
