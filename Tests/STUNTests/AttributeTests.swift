// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

@Suite struct AttributeTests {
    private static let ipv4 = SocketAddress(.v4(0xC000_0201), port: 5000)
    private static let ipv6 = SocketAddress(.v6(high: 0x2001_0DB8_0000_0000, low: 1), port: 65_535)

    static let all: [Attribute] = [
        .mappedAddress(ipv4), .mappedAddress(ipv6), .xorMappedAddress(ipv4), .xorMappedAddress(ipv6),
        .username("a:b"), .username(""), .userHash([UInt8](0..<32)), .errorCode(.roleConflict),
        .errorCode(ErrorCode(699, "gr\u{FC}n")), .realm("example.org"), .nonce(Array("nonce".utf8)),
        .nonce([0xFF, 0x00]), .unknownAttributes([.priority, AttributeType(rawValue: 0xFFFF), .realm]),
        .unknownAttributes([]), .software("icetalk"), .alternateServer(ipv6), .alternateDomain("example.org"),
        .passwordAlgorithm(.sha256), .passwordAlgorithms([.sha256, .md5]), .passwordAlgorithms([]),
        .passwordAlgorithms([PasswordAlgorithm(number: 9, parameters: [1, 2, 3]), .md5]), .priority(0x6E00_01FF),
        .useCandidate, .iceControlled(1), .iceControlling(.max), .changeRequest([.address, .port]), .changeRequest([]),
        .responseOrigin(ipv4), .otherAddress(ipv6), .padding(0), .padding(1021), .responsePort(3478),
        .raw(AttributeType(rawValue: 0x000D), [0, 0, 2, 88]), .raw(AttributeType(rawValue: 0xC057), []),
    ]

    @Test(arguments: Self.all)
    func `an attribute comes back as it was sent`(attribute: Attribute) throws {
        let id = TransactionID(high: 0xDEAD_BEEF, low: 0x0123_4567_89AB_CDEF)
        let bytes = STUNMessage(.binding, .success, id, attributes: [attribute, .priority(1)]).encoded()
        #expect(bytes.count % 4 == 0)
        #expect(try parse(bytes).attributes == [attribute, .priority(1)])
        #expect(Int(bytes[20]) << 8 | Int(bytes[21]) == Int(attribute.type.rawValue))
    }

    @Test func `an exclusive-or hides every byte of an address from NATs that rewrite`() throws {
        let id = TransactionID(high: 0x1122_3344, low: 0x5566_7788_99AA_BBCC)
        let message = STUNMessage(.binding, .success, id, attributes: [.xorMappedAddress(Self.ipv6)])
        #expect(
            Array(message.encoded()[24...])
                == [UInt8](hex: "0002 deed 0113a9fa 11223344 55667788 99aabbcd")
        )
    }

    @Test func `a scope does not travel`() throws {
        let local = SocketAddress(.v6(high: 0xFE80_0000_0000_0000, low: 1, scope: 3), port: 1)
        let message = STUNMessage(
            .binding,
            .success,
            TransactionID(high: 0, low: 0),
            attributes: [.xorMappedAddress(local)]
        )
        #expect(try parse(message.encoded()).mappedAddress == SocketAddress(local.ip.withoutScope, port: 1))
    }

    @Test(
        arguments: [
            (AttributeType.mappedAddress, "0001 1388 c00002"), (.mappedAddress, "0003 1388 c0000201"),
            (.mappedAddress, "0001 1388 c0000201 00"), (.xorMappedAddress, "0002 1388 c0000201"),
            (.xorMappedAddress, ""), (.username, "ff"), (.realm, "c0af"), (.userHash, "00"), (.errorCode, "000004"),
            (.errorCode, "00000200"), (.errorCode, "00000700"), (.errorCode, "00000464"), (.errorCode, "00000400 ff"),
            (.unknownAttributes, "000001"), (.passwordAlgorithm, ""), (.passwordAlgorithm, "0001"),
            (.passwordAlgorithm, "00010000 00020000"), (.passwordAlgorithm, "00010004 0000"), (.priority, "0102"),
            (.priority, "0102030405"), (.useCandidate, "00"), (.changeRequest, "00"), (.responsePort, "00"),
            (.responsePort, "000000"), (.messageIntegrity, "0000"),
        ]
    )
    func `a malformed attribute that has to be understood spoils the message`(type: AttributeType, hex: String) {
        let message = STUNMessage(
            .binding,
            .request,
            TransactionID(high: 0, low: 0),
            attributes: [.raw(type, [UInt8](hex: hex))]
        )
        #expect(throws: STUNError.malformedAttribute(type)) { try parse(message.encoded()) }
    }

    @Test(
        arguments: [
            (AttributeType.software, "ff"), (.alternateServer, "00"), (.responseOrigin, "0009 0000"),
            (.otherAddress, ""), (.iceControlled, "00"), (.iceControlling, "000000000000000000"),
            (.passwordAlgorithms, "000200"), (.alternateDomain, "80"),
        ]
    )
    func `a malformed attribute that is optional is kept raw`(type: AttributeType, hex: String) throws {
        let raw = Attribute.raw(type, [UInt8](hex: hex))
        let message = STUNMessage(.binding, .request, TransactionID(high: 0, low: 0), attributes: [raw])
        let read = try parse(message.encoded())
        #expect(read.attributes == [raw])
        #expect(read.software == nil && read.iceControlled == nil && read.iceControlling == nil)
    }

    @Test func `texts are bounded`() throws {
        let id = TransactionID(high: 0, low: 0)
        let most = STUNMessage(.binding, .request, id, attributes: [.realm(String(repeating: "a", count: 763))])
        #expect(try parse(most.encoded()).realm?.utf8.count == 763)
        let more = STUNMessage(.binding, .request, id, attributes: [.realm(String(repeating: "a", count: 764))])
        #expect(throws: STUNError.malformedAttribute(.realm)) { try parse(more.encoded()) }
    }

    @Test func `a response port without padding is read too`() throws {
        let raw = Attribute.raw(.responsePort, [0x0D, 0x96])
        let message = STUNMessage(.binding, .request, TransactionID(high: 0, low: 0), attributes: [raw])
        #expect(try parse(message.encoded()).responsePort == 3478)
    }

    @Test func `reserved bits of an error code are ignored`() throws {
        let raw = Attribute.raw(.errorCode, [0xFF, 0xFF, 0xFC, 87])
        let message = STUNMessage(.binding, .failure, TransactionID(high: 0, low: 0), attributes: [raw])
        #expect(try parse(message.encoded()).errorCode?.number == 487)
    }

    @Test func `errors are equal by their numbers, and reasons come through`() throws {
        let error = ErrorCode(487, "gr\u{FC}n")
        #expect(error == .roleConflict)
        #expect(error != .staleNonce)
        #expect(Set([error, .roleConflict]).count == 1)
        let message = STUNMessage(.binding, .request, TransactionID(high: 0, low: 0)).failure(error)
        #expect(try parse(message.encoded()).errorCode?.reason == "gr\u{FC}n")
        #expect(ErrorCode(1_000).number == 699)
    }

    @Test func `an old server's MAPPED-ADDRESS is better than nothing`() throws {
        let id = TransactionID(high: 0, low: 0)
        let old = STUNMessage(.binding, .success, id, attributes: [.mappedAddress(Self.ipv4)])
        #expect(old.mappedAddress == Self.ipv4)
        let both = STUNMessage(
            .binding,
            .success,
            id,
            attributes: [.mappedAddress(Self.ipv6), .xorMappedAddress(Self.ipv4)]
        )
        #expect(both.mappedAddress == Self.ipv4)
    }

    @Test func `each view finds its attribute`() {
        let message = STUNMessage(.binding, .request, TransactionID(high: 0, low: 0), attributes: Self.all)
        #expect(message.mappedAddress == Self.ipv4)
        #expect(message.username == "a:b")
        #expect(message.userHash == [UInt8](0..<32))
        #expect(message.errorCode == .roleConflict)
        #expect(message.realm == "example.org")
        #expect(message.nonce == Array("nonce".utf8))
        #expect(message.unknownAttributes?.count == 3)
        #expect(message.software == "icetalk")
        #expect(message.alternateServer == Self.ipv6)
        #expect(message.alternateDomain == "example.org")
        #expect(message.passwordAlgorithm == .sha256)
        #expect(message.passwordAlgorithms == [.sha256, .md5])
        #expect(message.priority == 0x6E00_01FF)
        #expect(message.useCandidate)
        #expect(message.iceControlled == 1)
        #expect(message.iceControlling == .max)
        #expect(message.changeRequest == [.address, .port])
        #expect(message.responseOrigin == Self.ipv4)
        #expect(message.otherAddress == Self.ipv6)
        #expect(message.responsePort == 3478)
        let empty = STUNMessage(.binding, .request, TransactionID(high: 0, low: 0))
        #expect(empty.mappedAddress == nil && empty.username == nil && !empty.useCandidate && empty.priority == nil)
    }
}
