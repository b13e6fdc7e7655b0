// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import STUN
import Testing
import Wire

@Suite struct STUNMessageTests {
    private let id = TransactionID(high: 0x0102_0304, low: 0x0506_0708_090A_0B0C)
    private let key = IntegrityKey(shortTerm: "secret")

    private func message(_ attributes: [Attribute] = []) -> STUNMessage {
        STUNMessage(.binding, .request, self.id, attributes: attributes)
    }

    /// Appends an attribute to encoded bytes and mends the length in the header.
    private func appending(_ type: UInt16, _ value: [UInt8], to bytes: [UInt8]) -> [UInt8] {
        var writer = ByteWriter()
        writer.array(bytes)
        writer.u16(type)
        writer.u16(UInt16(value.count))
        writer.array(value)
        writer.pad(to: 4)
        writer.patch(u16: UInt16(writer.count - 20), at: 2)
        return writer.bytes
    }

    @Test func `an empty message is a header`() throws {
        let bytes = self.message().encoded()
        #expect(bytes == [UInt8](hex: "00010000 2112a442 0102030405060708090a0b0c"))
        let read = try parse(bytes)
        #expect(read == self.message())
        #expect(read.transactionID == self.id)
    }

    @Test func `every method and class comes back`() throws {
        for number in 0..<0x1000 as Range<UInt16> {
            for messageClass in MessageClass.allCases {
                let message = STUNMessage(Method(rawValue: number), messageClass, self.id)
                let bytes = message.encoded()
                #expect(bytes[0] < 0x40)
                let read = try parse(bytes)
                guard read == message else {
                    Issue.record("method \(number), class \(messageClass) came back as \(read)")
                    return
                }
            }
        }
    }

    @Test(
        arguments: [
            (MessageClass.request, 0x0001), (.indication, 0x0011), (.success, 0x0101), (.failure, 0x0111),
        ]
    )
    func `the types of Binding are those of the registry`(messageClass: MessageClass, type: Int) {
        let bytes = STUNMessage(.binding, messageClass, self.id).encoded()
        #expect(Int(bytes[0]) << 8 | Int(bytes[1]) == type)
    }

    @Test(
        arguments: [
            ("", STUNError.notSTUN),
            ("00010000 2112a442 0102030405060708090a0b", .notSTUN),
            ("00010000 2112a443 0102030405060708090a0b0c", .notSTUN),
            ("40010000 2112a442 0102030405060708090a0b0c", .notSTUN),
            ("00010004 2112a442 0102030405060708090a0b0c", .wrongLength(declared: 4, available: 0)),
            ("00010000 2112a442 0102030405060708090a0b0c 80220000", .wrongLength(declared: 0, available: 4)),
            ("00010003 2112a442 0102030405060708090a0b0c 802200", .wrongLength(declared: 3, available: 3)),
            (
                "00010004 2112a442 0102030405060708090a0b0c 80220001",
                .truncatedAttribute(.software)
            ),
            (
                "00010008 2112a442 0102030405060708090a0b0c 8022ffff 00000000",
                .truncatedAttribute(.software)
            ),
            (
                "00010008 2112a442 0102030405060708090a0b0c 00240003 00000000",
                .malformedAttribute(.priority)
            ),
        ]
    )
    func `what is no message is refused with the reason`(hex: String, reason: STUNError) {
        #expect(throws: reason) { try parse([UInt8](hex: hex)) }
    }

    @Test func `a message has a bounded number of attributes`() throws {
        let most = self.message([Attribute](repeating: .useCandidate, count: STUNMessage.maximumAttributes))
        #expect(try parse(most.encoded()).attributes.count == STUNMessage.maximumAttributes)
        let more = self.message(most.attributes + [.useCandidate])
        #expect(throws: STUNError.tooManyAttributes) { try parse(more.encoded()) }
    }

    @Test func `what follows an integrity attribute does not count`() throws {
        for algorithm in [IntegrityAlgorithms.sha1, .sha256] {
            let bytes = self.message([.username("a:b")]).encoded(integrity: self.key, algorithms: algorithm)
            let longer = self.appending(0x0025, [], to: bytes)
            let read = try parse(longer)
            #expect(read.attributes == [.username("a:b")])
            #expect(!read.useCandidate)
            #expect(verifyIntegrity(longer, self.key))
        }
    }

    @Test func `MESSAGE-INTEGRITY after MESSAGE-INTEGRITY-SHA256 does not count`() throws {
        let bytes = self.message().encoded(integrity: self.key, algorithms: .sha256)
        let longer = self.appending(0x0008, [UInt8](repeating: 0, count: 20), to: bytes)
        #expect(try parse(longer).integrity == .sha256)
        #expect(!verifyIntegrity(longer, self.key, accepting: .sha1))
    }

    @Test func `both integrity attributes and the fingerprint fit together`() throws {
        let bytes = self.message([.priority(7)]).encoded(integrity: self.key, algorithms: .all, fingerprint: true)
        let read = try parse(bytes)
        #expect(read.integrity == .all)
        #expect(read.hasFingerprint)
        #expect(verifyFingerprint(bytes))
        for accepted in [IntegrityAlgorithms.sha1, .sha256, .all] {
            #expect(verifyIntegrity(bytes, self.key, accepting: accepted))
            #expect(!verifyIntegrity(bytes, IntegrityKey(shortTerm: "Secret"), accepting: accepted))
        }
        #expect(!verifyIntegrity(bytes, self.key, accepting: []))
    }

    @Test func `MESSAGE-INTEGRITY-SHA256 may be cut to 16 bytes but not to fewer`() throws {
        let covered = self.message([.username("abc")]).encoded()
        for count in [16, 20, 24, 28, 32] {
            // The code covers a header that already counts the cut attribute.
            let counted = self.appending(0x001C, [UInt8](repeating: 0, count: count), to: covered).prefix(covered.count)
            let key = SymmetricKey(data: Array("secret".utf8))
            let code = HMAC<SHA256>.authenticationCode(for: Array(counted), using: key)
            let cut = self.appending(0x001C, Array(code.prefix(count)), to: covered)
            #expect(verifyIntegrity(cut, self.key))
            #expect(!verifyIntegrity(cut, IntegrityKey(shortTerm: "other")))
        }
        for count in [0, 12, 18, 36] {
            let bytes = self.appending(0x001C, [UInt8](repeating: 0, count: count), to: self.message().encoded())
            #expect(throws: STUNError.malformedAttribute(.messageIntegritySHA256)) { try parse(bytes) }
        }
    }

    @Test func `FINGERPRINT is the last attribute`() throws {
        let bytes = self.message().encoded(fingerprint: true)
        #expect(verifyFingerprint(bytes))
        let longer = self.appending(0x8022, [0x41], to: bytes)
        #expect(throws: STUNError.attributeAfterFingerprint(.software)) { try parse(longer) }
        #expect(!verifyFingerprint(longer))
        let short = self.appending(0x8028, [1, 2, 3], to: self.message().encoded())
        #expect(throws: STUNError.malformedAttribute(.fingerprint)) { try parse(short) }
        #expect(!verifyFingerprint(self.message().encoded()))
    }

    @Test func `the first of equal attributes counts`() throws {
        let read = try parse(self.message([.username("first"), .username("second")]).encoded())
        #expect(read.username == "first")
        #expect(read.attributes.count == 2)
    }

    @Test func `attributes that have to be understood are told apart from optional ones`() throws {
        let strange = AttributeType(rawValue: 0x7FFE)
        let optional = AttributeType(rawValue: 0xFFFE)
        let bytes = self.message([
            .raw(strange, [1, 2, 3]), .raw(optional, []), .raw(strange, []), .priority(1), .username("a"),
        ]).encoded()
        let read = try parse(bytes)
        #expect(read.unknownComprehensionRequired(understanding: .connectivityChecks) == [strange])
        #expect(read.unknownComprehensionRequired(understanding: .basic) == [strange, .priority])
        #expect(read.unknownComprehensionRequired(understanding: [strange, .priority, .username]).isEmpty)
        #expect(read.raw(strange) == [1, 2, 3])
        #expect(read.raw(optional) == [])
        #expect(strange.description == "0x7FFE")
    }

    @Test func `responses carry the transaction of their request`() {
        let request = self.message([.username("x")])
        let success = request.success([.priority(1)])
        #expect(success.messageClass == .success)
        #expect(success.transactionID == self.id)
        #expect(success.attributes == [.priority(1)])
        let failure = request.failure(.roleConflict)
        #expect(failure.messageClass == .failure)
        #expect(failure.errorCode == .roleConflict)
    }

    @Test func `the first bytes tell STUN from DTLS, TURN channels and media`() {
        let bytes = self.message().encoded()
        #expect(looksLikeSTUN(bytes))
        for first in [UInt8(4), 20, 63, 64, 79, 128, 191, 255] {
            #expect(!looksLikeSTUN([first] + bytes.dropFirst()))
        }
        #expect(!looksLikeSTUN(bytes.dropLast()))
        #expect(!looksLikeSTUN([]))
    }

    @Test func `transactions are drawn from the source of randomness`() {
        var random = RandomSource.seeded(1)
        var same = RandomSource.seeded(1)
        let drawn = (0..<100).map { _ in TransactionID(random: &random) }
        #expect(Set(drawn).count == 100)
        #expect(TransactionID(random: &same) == drawn.first)
        #expect(TransactionID(high: 1, low: 2).description == "000000010000000000000002")
    }
}
