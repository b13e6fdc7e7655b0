// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

@Suite struct ShortTermCredentialsTests {
    private let id = TransactionID(high: 5, low: 6)
    private let key = IntegrityKey(shortTerm: "pass")

    private func check(
        _ message: STUNMessage,
        integrity key: IntegrityKey? = nil,
        algorithms: IntegrityAlgorithms = .sha1,
        accepting accepted: IntegrityAlgorithms = .all
    ) throws -> RequestVerdict {
        let bytes = message.encoded(integrity: key, algorithms: algorithms, fingerprint: true)
        return try parse(bytes).checkShortTerm(
            of: bytes.span,
            understanding: .connectivityChecks,
            accepting: accepted
        ) { $0 == "user" ? self.key : nil }
    }

    /// The error response of a refusal.
    private func answer(_ verdict: RequestVerdict) throws -> (error: ErrorCode, message: STUNMessage, bytes: [UInt8]) {
        guard case .refused(let error, let bytes) = verdict else {
            throw Unexpected(verdict: verdict)
        }
        let message = try parse(bytes)
        #expect(message.messageClass == .failure)
        #expect(message.errorCode == error)
        #expect(message.transactionID == self.id)
        #expect(verifyFingerprint(bytes))
        return (error, message, bytes)
    }

    private struct Unexpected: Error {
        let verdict: RequestVerdict
    }

    private func request(_ attributes: [Attribute] = [.username("user")]) -> STUNMessage {
        STUNMessage(.binding, .request, self.id, attributes: attributes)
    }

    @Test(
        arguments: [
            (IntegrityAlgorithms.sha1, IntegrityAlgorithms.sha1), (.sha256, .sha256), (.all, .sha256),
        ]
    )
    func `a request with the right key is authentic`(sent: IntegrityAlgorithms, used: IntegrityAlgorithms) throws {
        let verdict = try self.check(self.request(), integrity: self.key, algorithms: sent)
        #expect(verdict == .authentic(self.key, used))
    }

    @Test func `a request without integrity or user name gets 400`() throws {
        #expect(try self.answer(self.check(self.request())).error == .badRequest)
        #expect(try self.answer(self.check(self.request([]), integrity: self.key)).error == .badRequest)
    }

    @Test func `a request with an algorithm that is not accepted gets 400`() throws {
        let verdict = try self.check(self.request(), integrity: self.key, algorithms: .sha1, accepting: .sha256)
        #expect(try self.answer(verdict).error == .badRequest)
    }

    @Test func `a wrong user or password gets 401 without integrity`() throws {
        let stranger = try self.answer(self.check(self.request([.username("other")]), integrity: self.key))
        #expect(stranger.error == .unauthenticated)
        #expect(stranger.message.integrity == [])
        let wrong = try self.answer(self.check(self.request(), integrity: IntegrityKey(shortTerm: "wrong")))
        #expect(wrong.error == .unauthenticated)
    }

    @Test func `only an authentic request gets 420, and the answer is protected`() throws {
        let strange = AttributeType(rawValue: 0x0099)
        let attributes: [Attribute] = [.username("user"), .raw(strange, [])]
        let refused = try self.answer(self.check(self.request(attributes), integrity: self.key, algorithms: .sha256))
        #expect(refused.error == .unknownAttribute)
        #expect(refused.message.unknownAttributes == [strange])
        #expect(refused.message.integrity == .sha256)
        #expect(verifyIntegrity(refused.bytes, self.key))
        let forged = try self.answer(self.check(self.request(attributes), integrity: IntegrityKey(shortTerm: "no")))
        #expect(forged.error == .unauthenticated)
    }

    @Test func `indications and responses are never answered`() throws {
        let indication = STUNMessage(.binding, .indication, self.id, attributes: [.username("user")])
        #expect(try self.check(indication) == .discarded)
        #expect(try self.check(indication, integrity: IntegrityKey(shortTerm: "wrong")) == .discarded)
        #expect(try self.check(indication, integrity: self.key) == .authentic(self.key, .sha1))
        let response = STUNMessage(.binding, .success, self.id, attributes: [.username("user")])
        #expect(try self.check(response, integrity: self.key) == .discarded)
    }
}

@Suite struct IntegrityKeyTests {
    @Test func `a key does not show itself`() {
        let key = IntegrityKey(shortTerm: "hunter2")
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), dumped, "\([key])"] {
            #expect(!text.contains("hunter2"))
            #expect(!text.contains("104"))
        }
        let credentials = LongTermCredentials(username: "user", password: "hunter2")
        dumped = ""
        dump(credentials, to: &dumped)
        #expect(!"\(credentials) \(String(reflecting: credentials)) \(dumped)".contains("hunter2"))
    }

    @Test func `spaces outside of ASCII count as spaces`() {
        #expect(IntegrityKey(shortTerm: "a\u{00A0}b\u{3000}c") == IntegrityKey(shortTerm: "a b c"))
        #expect(IntegrityKey(shortTerm: "a b") != IntegrityKey(shortTerm: "ab"))
        #expect(IntegrityKey(shortTerm: "\u{E4}\u{00A0}") == IntegrityKey(shortTerm: "\u{E4} "))
    }

    @Test func `an unknown algorithm makes no key`() {
        let unknown = PasswordAlgorithm(number: 3)
        #expect(IntegrityKey(username: "u", realm: "r", password: "p", algorithm: unknown) == nil)
        #expect(!unknown.isSupported)
        #expect(PasswordAlgorithm.md5.isSupported)
        #expect(!PasswordAlgorithm(number: 1, parameters: [0]).isSupported)
        let md5 = IntegrityKey(username: "u", realm: "r", password: "p")
        #expect(md5 != IntegrityKey(username: "u", realm: "r", password: "p", algorithm: .sha256))
    }
}
