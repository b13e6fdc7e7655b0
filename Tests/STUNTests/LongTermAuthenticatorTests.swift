// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

@Suite struct LongTermAuthenticatorTests {
    private let client = SocketAddress(.v4(0xC000_0201), port: 1_000)
    private let now = Instant.zero + .seconds(100)

    private func server(_ features: SecurityFeatures = .passwordAlgorithms) -> LongTermAuthenticator {
        var random = RandomSource.seeded(1)
        return LongTermAuthenticator(realm: "example.org", features: features, random: &random)
    }

    private func check(
        _ attributes: [Attribute],
        _ messageClass: MessageClass = .request,
        algorithm: PasswordAlgorithm = .sha256,
        integrity: IntegrityAlgorithms = .sha256,
        by server: LongTermAuthenticator? = nil,
        at now: Instant? = nil
    ) throws -> RequestVerdict {
        let key = try #require(
            IntegrityKey(username: "alice", realm: "example.org", password: "pw", algorithm: algorithm)
        )
        let id = TransactionID(high: 1, low: 1)
        let bytes = STUNMessage(.binding, messageClass, id, attributes: attributes).encoded(
            integrity: integrity.isEmpty ? nil : key,
            algorithms: integrity
        )
        return (server ?? self.server()).check(
            try parse(bytes),
            of: bytes.span,
            from: self.client,
            understanding: .basic,
            at: now ?? self.now
        ) { $0 == .name("alice") ? LongTermAuthenticator.Account(username: "alice", password: "pw") : nil }
    }

    /// The error that a verdict answers with, or nil.
    private func error(_ verdict: RequestVerdict) -> ErrorCode? {
        if case .refused(let error, _) = verdict { error } else { nil }
    }

    /// A nonce that the server hands out.
    private func nonce(of server: LongTermAuthenticator? = nil, at now: Instant? = nil) throws -> [UInt8] {
        guard case .refused(.unauthenticated, let answer) = try self.check([], integrity: [], by: server, at: now)
        else { return [] }
        return try #require(try parse(answer).nonce)
    }

    private let offered = Attribute.passwordAlgorithms([.sha256, .md5])

    @Test func `a challenge names realm, nonce and algorithms and is not protected`() throws {
        guard case .refused(let error, let answer) = try self.check([], integrity: []) else {
            Issue.record("not refused")
            return
        }
        let challenge = try parse(answer)
        #expect(error == .unauthenticated)
        #expect(challenge.integrity == [])
        #expect(challenge.realm == "example.org")
        #expect(challenge.passwordAlgorithms == [.sha256, .md5])
        #expect(challenge.nonce.flatMap { SecurityFeatures(nonce: $0) } == .passwordAlgorithms)
    }

    @Test func `a request that answers a challenge is authentic`() throws {
        let nonce = try self.nonce()
        let base: [Attribute] = [.username("alice"), .realm("example.org"), .nonce(nonce)]
        for algorithm in [PasswordAlgorithm.sha256, .md5] {
            let verdict = try self.check(base + [self.offered, .passwordAlgorithm(algorithm)], algorithm: algorithm)
            guard case .authentic(_, .sha256) = verdict else {
                Issue.record("\(algorithm): \(verdict)")
                return
            }
        }
        // A client of RFC 5389 knows nothing of algorithms.
        let old = try self.check(base, algorithm: .md5, integrity: .sha1)
        guard case .authentic(_, .sha1) = old else {
            Issue.record("\(old)")
            return
        }
    }

    @Test func `a request that lacks something gets 400`() throws {
        let nonce = try self.nonce()
        let whole: [Attribute] = [
            .username("alice"), .realm("example.org"), .nonce(nonce), self.offered, .passwordAlgorithm(.sha256),
        ]
        for missing in whole.indices {
            var attributes = whole
            attributes.remove(at: missing)
            #expect(self.error(try self.check(attributes)) == .badRequest, "without \(whole[missing])")
        }
    }

    @Test func `a request that bids down gets 400 or 401`() throws {
        let base: [Attribute] = [.username("alice"), .realm("example.org"), .nonce(try self.nonce())]
        let fewer = base + [.passwordAlgorithms([.md5]), .passwordAlgorithm(.md5)]
        #expect(self.error(try self.check(fewer, algorithm: .md5)) == .badRequest)
        let strange = base + [self.offered, .passwordAlgorithm(PasswordAlgorithm(number: 3))]
        #expect(self.error(try self.check(strange)) == .badRequest)
        let weak = base + [self.offered, .passwordAlgorithm(.sha256)]
        #expect(self.error(try self.check(weak, integrity: .sha1)) == .unauthenticated)
    }

    @Test func `nonces are good for a while, for one client of one server`() throws {
        func attributes(_ nonce: [UInt8]) -> [Attribute] {
            [
                .username("alice"), .realm("example.org"), .nonce(nonce), self.offered, .passwordAlgorithm(.sha256),
            ]
        }
        let nonce = try self.nonce()
        #expect(self.error(try self.check(attributes(nonce), at: self.now + .seconds(600))) == nil)
        #expect(self.error(try self.check(attributes(nonce), at: self.now + .seconds(601))) == .staleNonce)
        #expect(self.error(try self.check(attributes(nonce), at: .zero + .seconds(99))) == .staleNonce)
        var random = RandomSource.seeded(9)
        let other = LongTermAuthenticator(realm: "example.org", random: &random)
        #expect(self.error(try self.check(attributes(self.nonce(of: other)))) == .staleNonce)
        for index in nonce.indices {
            var forged = nonce
            forged[index] ^= 1
            #expect(self.error(try self.check(attributes(forged))) == .staleNonce, "byte \(index)")
        }
        #expect(self.error(try self.check(attributes([]))) == .staleNonce)
    }

    @Test func `a user, realm or password that is wrong gets 401`() throws {
        let nonce = try self.nonce()
        let tail: [Attribute] = [.nonce(nonce), self.offered, .passwordAlgorithm(.sha256)]
        #expect(self.error(try self.check([.username("bob"), .realm("example.org")] + tail)) == .unauthenticated)
        #expect(self.error(try self.check([.username("alice"), .realm("example.net")] + tail)) == .unauthenticated)
        let hash = Attribute.userHash([UInt8](repeating: 0, count: 32))
        #expect(self.error(try self.check([hash, .realm("example.org")] + tail)) == .unauthenticated)
        let right: [Attribute] = [.username("alice"), .realm("example.org")]
        #expect(self.error(try self.check(right + tail, algorithm: .md5)) == .unauthenticated)
    }

    @Test func `an authentic request that asks too much gets 420`() throws {
        let attributes: [Attribute] = [
            .username("alice"), .realm("example.org"), .nonce(try self.nonce()), self.offered,
            .passwordAlgorithm(.sha256), .raw(AttributeType(rawValue: 0x0019), [17, 0, 0, 0]),
        ]
        #expect(self.error(try self.check(attributes)) == .unknownAttribute)
    }

    @Test func `an indication is never answered`() throws {
        #expect(try self.check([], .indication, integrity: []) == .discarded)
        #expect(try self.check([.username("alice")], .indication) == .discarded)
        #expect(try self.check([], .success) == .discarded)
    }

    @Test(
        arguments: [
            ("obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA", SecurityFeatures.usernameAnonymity),
            ("obMatJos2AAABx", .passwordAlgorithms),
            ("obMatJos2AAAD", [.passwordAlgorithms, .usernameAnonymity]),
            ("obMatJos2////", SecurityFeatures(rawValue: 0xFF_FFFF)),
            ("obMatJos2AAA", nil), ("obMatJos2AAA=", nil), ("obMatJos3AAAC", nil),
            ("f//499k954d6OL34oL9FSTvy64sA", nil),
            ("", nil),
        ] as [(String, SecurityFeatures?)]
    )
    func `features are read from the nonce cookie`(nonce: String, features: SecurityFeatures?) {
        #expect(SecurityFeatures(nonce: Array(nonce.utf8)) == features)
        if let features {
            #expect(nonce.utf8.starts(with: features.nonceCookie))
        }
    }
}
