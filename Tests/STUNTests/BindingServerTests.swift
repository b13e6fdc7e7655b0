// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

@Suite struct BindingServerTests {
    private let client = SocketAddress(.v4(0xC633_6407), port: 40_000)
    private let id = TransactionID(high: 9, low: 8)

    private func answer(
        _ request: STUNMessage,
        fingerprint: Bool = false,
        from source: SocketAddress? = nil
    ) throws -> (message: STUNMessage, bytes: [UInt8]) {
        let bytes = request.encoded(fingerprint: fingerprint)
        let server = BindingServer(software: "icetalk")
        let answer = server.answer(bytes.span, from: source ?? self.client)
        let response = try #require(answer)
        return (try parse(response), response)
    }

    @Test func `a client is told its address`() throws {
        let (response, bytes) = try self.answer(STUNMessage(.binding, .request, self.id))
        #expect(response.messageClass == .success)
        #expect(response.transactionID == self.id)
        #expect(response.mappedAddress == self.client)
        #expect(response.software == "icetalk")
        #expect(!response.hasFingerprint)
        #expect(!verifyFingerprint(bytes))
    }

    @Test func `a request with a fingerprint gets a response with one`() throws {
        let (response, bytes) = try self.answer(STUNMessage(.binding, .request, self.id), fingerprint: true)
        #expect(response.hasFingerprint)
        #expect(verifyFingerprint(bytes))
    }

    @Test func `an IPv4 client of a socket for both families is told its IPv4 address`() throws {
        let mapped = SocketAddress(.v6(high: 0, low: 0xFFFF_C633_6407), port: 40_000)
        let (response, _) = try self.answer(STUNMessage(.binding, .request, self.id), from: mapped)
        #expect(response.mappedAddress == self.client)
    }

    @Test func `what has to be understood and is not is named in an error 420`() throws {
        let strange = AttributeType(rawValue: 0x0077)
        let request = STUNMessage(
            .binding,
            .request,
            self.id,
            attributes: [.raw(strange, []), .changeRequest(.port), .raw(AttributeType(rawValue: 0xC057), [])]
        )
        let (response, _) = try self.answer(request)
        #expect(response.messageClass == .failure)
        #expect(response.errorCode == .unknownAttribute)
        #expect(response.unknownAttributes == [strange, .changeRequest])
    }

    @Test func `what deserves no answer gets none`() {
        let server = BindingServer()
        let others = [
            STUNMessage(.binding, .indication, self.id), STUNMessage(.binding, .success, self.id),
            STUNMessage(.binding, .failure, self.id), STUNMessage(Method(rawValue: 3), .request, self.id),
        ]
        for other in others {
            let answer = server.answer(other.encoded().span, from: self.client)
            #expect(answer == nil)
        }
        let zeros = server.answer([UInt8](repeating: 0, count: 20).span, from: self.client)
        #expect(zeros == nil)
        var broken = STUNMessage(.binding, .request, self.id).encoded(fingerprint: true)
        broken[27] ^= 1
        let silence = server.answer(broken.span, from: self.client)
        #expect(silence == nil)
    }
}
