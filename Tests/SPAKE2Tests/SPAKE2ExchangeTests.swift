// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import SPAKE2

struct SPAKE2ExchangeTests {
    private static let names = SPAKE2Identities(a: [1], b: [2])

    private static func exchange(_ role: SPAKE2Role, password: UInt8 = 7, seed: UInt64) throws -> SPAKE2Exchange {
        var random = RandomSource.seeded(seed)
        let password = PasswordScalar(bytes: [UInt8](repeating: password, count: 32))
        return try SPAKE2Exchange(role: role, password: password, random: &random)
    }

    @Test func `sides that know the same password get the same key`() throws {
        let a = try Self.exchange(.a, seed: 1)
        let b = try Self.exchange(.b, seed: 2)
        let atA = try a.receive(b.share, identities: Self.names, additionalData: [7])
        let atB = try b.receive(a.share, identities: Self.names, additionalData: [7])
        let key = try atA.key(confirmedBy: atB.confirmation)
        #expect(try atB.key(confirmedBy: atA.confirmation) == key)
    }

    @Test func `another password, role, name or additional data is noticed by both sides`() throws {
        let a = try Self.exchange(.a, seed: 1)
        let b = try Self.exchange(.b, seed: 2)
        let wrong: [(SPAKE2Exchange, SPAKE2Identities, [UInt8])] = [
            (try Self.exchange(.b, password: 8, seed: 2), Self.names, [7]),
            (try Self.exchange(.a, seed: 2), Self.names, [7]),
            (b, SPAKE2Identities(a: [1], b: [3]), [7]),
            (b, Self.names, [8]),
        ]
        for (b, names, additionalData) in wrong {
            let atA = try a.receive(b.share, identities: Self.names, additionalData: [7])
            let atB = try b.receive(a.share, identities: names, additionalData: additionalData)
            #expect(throws: SPAKE2Error.wrongConfirmation) { try atA.key(confirmedBy: atB.confirmation) }
            #expect(throws: SPAKE2Error.wrongConfirmation) { try atB.key(confirmedBy: atA.confirmation) }
        }
    }

    @Test func `a confirmation that is reflected, cut short or empty gives no key`() throws {
        let a = try Self.exchange(.a, seed: 1)
        let secret = try a.receive(Self.exchange(.b, seed: 2).share, identities: Self.names, additionalData: [])
        for confirmation in [secret.confirmation, Array(secret.confirmation.dropLast()), []] {
            #expect(throws: SPAKE2Error.wrongConfirmation) { try secret.key(confirmedBy: confirmation) }
        }
    }

    private static func receive(_ share: [UInt8], at exchange: SPAKE2Exchange) throws {
        _ = try exchange.receive(share, identities: Self.names, additionalData: [])
    }

    @Test func `a share that is no point of the curve is refused`() throws {
        let a = try Self.exchange(.a, seed: 1)
        let good = try Self.exchange(.b, seed: 2).share
        var off = good
        off[64] ^= 1
        #expect(throws: SPAKE2Error.notOnCurve) { try Self.receive(off, at: a) }
        #expect(throws: SPAKE2Error.notOnCurve) { try Self.receive([4] + [UInt8](repeating: 0, count: 64), at: a) }
        #expect(throws: SPAKE2Error.notOnCurve) { try Self.receive([4] + [UInt8](repeating: 255, count: 64), at: a) }
        #expect(throws: SPAKE2Error.shareLength(64)) { try Self.receive(Array(good.dropLast()), at: a) }
        #expect(throws: SPAKE2Error.shareLength(66)) { try Self.receive(good + [0], at: a) }
        #expect(throws: SPAKE2Error.shareLength(0)) { try Self.receive([], at: a) }
        // The identity in its own form, and in the length of a share.
        #expect(throws: SPAKE2Error.shareLength(1)) { try Self.receive([0], at: a) }
        #expect(throws: SPAKE2Error.sharePrefix(0)) { try Self.receive([UInt8](repeating: 0, count: 65), at: a) }
        for prefix: UInt8 in [0, 2, 3, 5, 6, 7] {
            #expect(throws: SPAKE2Error.sharePrefix(prefix)) { try Self.receive([prefix] + good.dropFirst(), at: a) }
        }
    }

    @Test func `a share that cancels the blinding is refused`() throws {
        let a = try Self.exchange(.a, seed: 1)
        let group = try P256()
        let w = try Scalar(reducing: [UInt8](repeating: 7, count: 32), in: group)
        let bare = try group.encode(group.sum(generator: nil, group.blind(of: .b), times: w))
        #expect(throws: SPAKE2Error.identity) { try Self.receive(bare, at: a) }
    }

    @Test func `a side's own share is refused`() throws {
        let a = try Self.exchange(.a, seed: 1)
        #expect(throws: SPAKE2Error.reflected) { try Self.receive(a.share, at: a) }
    }

    @Test func `words are stretched with their salt, and shown nowhere`() throws {
        let password = Array("crossover-clockwork".utf8)
        let here = try PasswordStretching(password: password, salt: [1]).run()
        let again = try PasswordStretching(password: password, salt: [1]).run()
        let elsewhere = try PasswordStretching(password: password, salt: [2]).run()
        #expect(here.bytes == again.bytes)
        #expect(here.bytes != elsewhere.bytes)
        #expect("\(here)" == "PasswordScalar")
        #expect(!String(reflecting: PasswordStretching(password: password, salt: [])).contains("99"))
    }

    @Test func `words are stretched as RFC 7914 and RFC 9382 say`() throws {
        // hashlib.scrypt(b"pleaseletmein", salt=b"SodiumChloride", n=2**14, r=8, p=1, dklen=48), modulo the order.
        let stretching = PasswordStretching(
            password: Array("pleaseletmein".utf8),
            salt: Array("SodiumChloride".utf8)
        )
        #expect(try stretching.run().bytes == hex("f1e95410d4214c517adaedcf3cb796f54b4955cdae667b6c6672b91d490e3dfc"))
    }
}
