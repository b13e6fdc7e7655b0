// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

/// The messages of RFC 5769 §2 and of RFC 8489 appendix B.1 as corrected by erratum 6268.
enum RFCVector {
    static let request = [UInt8](
        hex: """
            00010058 2112a442 b7e7a701bc34d686fa87dfae
            80220010 5354554e207465737420636c69656e74
            00240004 6e0001ff
            80290008 932ff9b151263b36
            00060009 6576746a3a68367659 202020
            00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2
            80280004 e57a3bcf
            """
    )
    static let ipv4Response = [UInt8](
        hex: """
            0101003c 2112a442 b7e7a701bc34d686fa87dfae
            8022000b 7465737420766563746f72 20
            00200008 0001a147e112a643
            00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7
            80280004 c07d4c96
            """
    )
    static let ipv6Response = [UInt8](
        hex: """
            01010048 2112a442 b7e7a701bc34d686fa87dfae
            8022000b 7465737420766563746f72 20
            00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9
            00080014 a382954e4be67bf11784c97c8292c275bfe3ed41
            80280004 c8fb0b4c
            """
    )
    static let longTermRequest = [UInt8](
        hex: """
            00010060 2112a442 78ad3433c6ad72c029da412e
            00060012 e3839ee38388e383aae38383e382afe382b9 0000
            0015001c 662f2f3439396b39353464364f4c33346f4c39465354767936347341
            0014000b 6578616d706c652e6f7267 00
            00080014 f67024656dd64a3e02b8e0712e85c9a28ca89666
            """
    )
    static let sha256Request = [UInt8](
        hex: """
            00010090 2112a442 78ad3433c6ad72c029da412e
            001e0020 4a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704
            00150029 6f624d61744a6f733241414143662f2f3439396b39353464364f4c33346f4c39465354767936347341 000000
            0014000b 6578616d706c652e6f7267 00
            001d0004 00020000
            001c0020 b5c7bf005b6c52a21c51c5e892f81924136296cb927c43149309278cc6518e65
            """
    )

    static let password = "VOkJxbRl1RmTxUk/WvJxBt"
    static let username = "\u{30DE}\u{30C8}\u{30EA}\u{30C3}\u{30AF}\u{30B9}"
    static let longTermPassword = "TheMatrIX"
    static let realm = "example.org"
}

@Suite struct RFCVectorTests {
    @Test func `the sample request of RFC 5769 is read and verified`() throws {
        let message = try parse(RFCVector.request)
        #expect(message.method == .binding)
        #expect(message.messageClass == .request)
        #expect(message.transactionID.description == "b7e7a701bc34d686fa87dfae")
        #expect(
            message.attributes == [
                .software("STUN test client"), .priority(0x6E00_01FF), .iceControlled(0x932F_F9B1_5126_3B36),
                .username("evtj:h6vY"),
            ]
        )
        #expect(message.integrity == .sha1)
        #expect(message.hasFingerprint)
        let key = IntegrityKey(shortTerm: RFCVector.password)
        #expect(verifyIntegrity(RFCVector.request, key))
        #expect(verifyFingerprint(RFCVector.request))
        #expect(!verifyIntegrity(RFCVector.request, IntegrityKey(shortTerm: "wrong")))
        #expect(!verifyIntegrity(RFCVector.request, key, accepting: .sha256))
    }

    @Test(
        arguments: [
            (RFCVector.ipv4Response, "192.0.2.1:32853"),
            (RFCVector.ipv6Response, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"),
        ]
    )
    func `the sample responses of RFC 5769 are read and verified`(bytes: [UInt8], address: String) throws {
        let message = try parse(bytes)
        #expect(message.messageClass == .success)
        #expect(message.mappedAddress == SocketAddress(address))
        #expect(message.software == "test vector")
        #expect(verifyIntegrity(bytes, IntegrityKey(shortTerm: RFCVector.password)))
        #expect(verifyFingerprint(bytes))
    }

    @Test(arguments: [RFCVector.request, RFCVector.ipv4Response, RFCVector.ipv6Response])
    func `short-term samples are written as they came but for padding and what covers it`(bytes: [UInt8]) throws {
        let key = IntegrityKey(shortTerm: RFCVector.password)
        let written = try parse(bytes).encoded(integrity: key, fingerprint: true)
        #expect(written.count == bytes.count)
        // The samples pad with spaces, RFC 8489 §14 wants zeros: put them back and compare all that is not computed.
        let computed = 24 + 8
        let padded = zip(written, bytes).map { $0 == 0 && $1 == 0x20 ? 0x20 : $0 }
        #expect(padded.dropLast(computed) == bytes.dropLast(computed))
        #expect(verifyIntegrity(written, key))
        #expect(verifyFingerprint(written))
    }

    @Test func `the long-term request of RFC 5769 is written byte for byte`() throws {
        let key = try #require(
            IntegrityKey(
                username: RFCVector.username,
                realm: RFCVector.realm,
                password: RFCVector.longTermPassword
            )
        )
        let message = STUNMessage(
            .binding,
            .request,
            TransactionID(high: 0x78AD_3433, low: 0xC6AD_72C0_29DA_412E),
            attributes: [
                .username(RFCVector.username), .nonce(Array("f//499k954d6OL34oL9FSTvy64sA".utf8)),
                .realm(RFCVector.realm),
            ]
        )
        #expect(message.encoded(integrity: key) == RFCVector.longTermRequest)
        #expect(verifyIntegrity(RFCVector.longTermRequest, key))
        #expect(try parse(RFCVector.longTermRequest).attributes == message.attributes)
    }

    @Test func `the request of RFC 8489 appendix B-1 is written byte for byte`() throws {
        let key = try #require(
            IntegrityKey(
                username: RFCVector.username,
                realm: RFCVector.realm,
                password: RFCVector.longTermPassword,
                algorithm: .sha256
            )
        )
        let message = STUNMessage(
            .binding,
            .request,
            TransactionID(high: 0x78AD_3433, low: 0xC6AD_72C0_29DA_412E),
            attributes: [
                .userHash(IntegrityKey.userHash(username: RFCVector.username, realm: RFCVector.realm)),
                .nonce(Array("obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA".utf8)), .realm(RFCVector.realm),
                .passwordAlgorithm(.sha256),
            ]
        )
        #expect(message.encoded(integrity: key, algorithms: .sha256) == RFCVector.sha256Request)
        #expect(verifyIntegrity(RFCVector.sha256Request, key))
        let read = try parse(RFCVector.sha256Request)
        #expect(read.attributes == message.attributes)
        #expect(read.integrity == .sha256)
    }
}
