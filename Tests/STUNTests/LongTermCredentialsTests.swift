// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

/// A client and a server that pass each other whole messages.
@Suite struct LongTermCredentialsTests {
    private static let client = SocketAddress(.v4(0xC000_0201), port: 1_000)
    private let account = LongTermAuthenticator.Account(username: "alice", password: "wonderland")

    private func server(_ features: SecurityFeatures) -> LongTermAuthenticator {
        var random = RandomSource.seeded(1)
        return LongTermAuthenticator(realm: "example.org", features: features, random: &random)
    }

    /// A conversation, step by step.
    private struct Exchange {
        let server: LongTermAuthenticator
        let account: LongTermAuthenticator.Account
        var credentials = LongTermCredentials(username: "alice", password: "wonderland")
        var now = Instant.zero + .seconds(1)
        var source = LongTermCredentialsTests.client
        var random = RandomSource.seeded(2)
        /// The requests as the server saw them.
        var seen: [STUNMessage] = []

        /// Sends one request and returns what came back.
        mutating func step(
            after previous: Attempt? = nil,
            attributes: [Attribute] = []
        ) throws -> (verdict: ResponseVerdict, attempt: Attempt, response: STUNMessage) {
            let id = TransactionID(random: &self.random)
            let request = STUNMessage(.binding, .request, id, attributes: attributes)
            let (bytes, attempt) = self.credentials.encode(request, after: previous, fingerprint: true)
            self.seen.append(try parse(bytes))
            let answer = try self.answer(to: bytes)
            let response = try parse(answer)
            let verdict = self.credentials.judge(response, of: answer.span, to: attempt)
            return (verdict, attempt, response)
        }

        func answer(to bytes: [UInt8]) throws -> [UInt8] {
            let request = try parse(bytes)
            let account = self.account
            let hash = IntegrityKey.userHash(username: account.username, realm: self.server.realm)
            let verdict = self.server.check(
                request,
                of: bytes.span,
                from: self.source,
                understanding: .basic,
                at: self.now
            ) { $0 == .name(account.username) || $0 == .hash(hash) ? account : nil }
            switch verdict {
            case .authentic(let key, let algorithm):
                return request.success([.xorMappedAddress(self.source)]).encoded(
                    integrity: key,
                    algorithms: algorithm,
                    fingerprint: true
                )
            case .refused(_, let answer): return answer
            case .discarded: throw Discarded()
            }
        }

        struct Discarded: Error {}
    }

    /// What credentials make of encoded bytes.
    private func judge(
        _ bytes: [UInt8],
        to attempt: Attempt,
        with credentials: inout LongTermCredentials
    ) throws -> ResponseVerdict {
        credentials.judge(try parse(bytes), of: bytes.span, to: attempt)
    }

    private func exchange(_ features: SecurityFeatures = .passwordAlgorithms) -> Exchange {
        Exchange(server: self.server(features), account: self.account)
    }

    @Test(
        arguments: [
            SecurityFeatures(), .passwordAlgorithms, .usernameAnonymity, [.passwordAlgorithms, .usernameAnonymity],
        ]
    )
    func `a challenge is answered, and later requests need none`(features: SecurityFeatures) throws {
        var exchange = self.exchange(features)
        let bare = try exchange.step()
        #expect(bare.verdict == .retry)
        #expect(bare.response.errorCode == .unauthenticated)
        #expect(!bare.attempt.isAuthorized)
        let answered = try exchange.step(after: bare.attempt)
        #expect(answered.verdict == .accepted)
        #expect(answered.response.messageClass == .success)
        #expect(exchange.credentials.realm == "example.org")
        let later = try exchange.step()
        #expect(later.verdict == .accepted)
        #expect(later.attempt.number == 1 && later.attempt.isAuthorized)

        let request = try #require(exchange.seen.last)
        let choosesAlgorithm = features.contains(.passwordAlgorithms)
        #expect(request.integrity == (choosesAlgorithm ? .sha256 : .sha1))
        #expect(request.passwordAlgorithm == (choosesAlgorithm ? .sha256 : nil))
        #expect(request.passwordAlgorithms == (choosesAlgorithm ? [.sha256, .md5] : nil))
        #expect((request.username == nil) == features.contains(.usernameAnonymity))
        #expect((request.userHash != nil) == features.contains(.usernameAnonymity))
    }

    @Test func `a wrong password is refused after one try`() throws {
        var exchange = self.exchange()
        exchange.credentials = LongTermCredentials(username: "alice", password: "looking-glass")
        let bare = try exchange.step()
        let answered = try exchange.step(after: bare.attempt)
        #expect(answered.verdict == .refused(.wrongCredentials))
        #expect(answered.response.errorCode == .unauthenticated)
        exchange.credentials = LongTermCredentials(username: "bob", password: "wonderland")
        let stranger = try exchange.step()
        #expect(try exchange.step(after: stranger.attempt).verdict == .refused(.wrongCredentials))
    }

    @Test func `a stale nonce is replaced, whatever the request`() throws {
        var exchange = self.exchange()
        let bare = try exchange.step()
        _ = try exchange.step(after: bare.attempt)
        exchange.now = exchange.now + .seconds(601)
        let stale = try exchange.step()
        #expect(stale.response.errorCode == .staleNonce)
        #expect(stale.verdict == .retry)
        #expect(try exchange.step(after: stale.attempt).verdict == .accepted)
        // The nonce is bound to the address: a client that moved needs a new one.
        exchange.source = SocketAddress(.v4(0xC000_0202), port: 1)
        let moved = try exchange.step()
        #expect(moved.response.errorCode == .staleNonce)
        #expect(try exchange.step(after: moved.attempt).verdict == .accepted)
    }

    @Test func `several requests may find the same nonce stale`() throws {
        var exchange = self.exchange()
        let bare = try exchange.step()
        _ = try exchange.step(after: bare.attempt)
        exchange.now = exchange.now + .seconds(601)
        let old = exchange.credentials
        let first = try exchange.step()
        let id = TransactionID(high: 7, low: 7)
        let (bytes, attempt) = old.encode(STUNMessage(.binding, .request, id))
        let answer = try exchange.answer(to: bytes)
        let response = try parse(answer)
        let verdict = exchange.credentials.judge(response, of: answer.span, to: attempt)
        #expect(first.verdict == .retry && verdict == .retry)
        #expect(try exchange.step(after: attempt).verdict == .accepted)
        #expect(try exchange.step(after: first.attempt).verdict == .accepted)
    }

    @Test func `a server that always finds the nonce stale is given up`() throws {
        var credentials = LongTermCredentials(username: "alice", password: "wonderland")
        var previous: Attempt?
        var verdict = ResponseVerdict.retry
        var count = 0
        while verdict == .retry, count < 100 {
            count += 1
            let request = STUNMessage(.binding, .request, TransactionID(high: 0, low: UInt64(count)))
            let (_, attempt) = credentials.encode(request, after: previous)
            let error: ErrorCode = count == 1 ? .unauthenticated : .staleNonce
            let answer = request.failure(error, [.realm("r"), .nonce([UInt8(count)])]).encoded()
            verdict = credentials.judge(try parse(answer), of: answer.span, to: attempt)
            previous = attempt
        }
        #expect(verdict == .refused(.tooManyChallenges))
        #expect(count == LongTermCredentials.maximumAttempts)
    }

    @Test func `a server that always changes its realm is given up`() throws {
        var credentials = LongTermCredentials(username: "alice", password: "wonderland")
        var previous: Attempt?
        var verdicts: [ResponseVerdict] = []
        for count in 1...UInt64(LongTermCredentials.maximumAttempts) {
            let request = STUNMessage(.binding, .request, TransactionID(high: 0, low: count))
            let (_, attempt) = credentials.encode(request, after: previous)
            let answer = request.failure(.unauthenticated, [.realm("r\(count)"), .nonce([1])]).encoded()
            verdicts.append(credentials.judge(try parse(answer), of: answer.span, to: attempt))
            previous = attempt
        }
        #expect(verdicts.last == .refused(.tooManyChallenges) && verdicts.dropLast().allSatisfy { $0 == .retry })
    }

    @Test func `a challenge whose algorithms were removed on the way is not answered`() throws {
        var credentials = LongTermCredentials(username: "alice", password: "wonderland")
        let request = STUNMessage(.binding, .request, TransactionID(high: 0, low: 1))
        let (_, attempt) = credentials.encode(request)
        let nonce = SecurityFeatures.passwordAlgorithms.nonceCookie + [0x41]
        for error in [ErrorCode.unauthenticated, .staleNonce] {
            let answer = request.failure(error, [.realm("r"), .nonce(nonce)]).encoded()
            #expect(try self.judge(answer, to: attempt, with: &credentials) == .refused(.bidDown))
        }
        let success = request.success([.nonce(nonce)]).encoded()
        #expect(try self.judge(success, to: attempt, with: &credentials) == .discarded)
    }

    @Test(
        arguments: [
            ([Attribute.realm("r")], ResponseVerdict.Refusal.incompleteChallenge),
            ([.nonce([1])], .incompleteChallenge), ([], .incompleteChallenge),
            (
                [.realm("r"), .nonce([1]), .passwordAlgorithms([PasswordAlgorithm(number: 77)])],
                .unsupportedAlgorithms
            ),
            ([.realm("r"), .nonce([1]), .passwordAlgorithms([])], .unsupportedAlgorithms),
        ]
    )
    func `a challenge that cannot be answered is refused`(
        attributes: [Attribute],
        reason: ResponseVerdict.Refusal
    ) throws {
        var credentials = LongTermCredentials(username: "alice", password: "wonderland")
        let request = STUNMessage(.binding, .request, TransactionID(high: 0, low: 1))
        let (_, attempt) = credentials.encode(request)
        let answer = request.failure(.unauthenticated, attributes).encoded()
        #expect(try self.judge(answer, to: attempt, with: &credentials) == .refused(reason))
        #expect(credentials.realm == nil)
    }

    @Test func `forged responses to an authorized request never count`() throws {
        var exchange = self.exchange()
        let bare = try exchange.step()
        _ = try exchange.step(after: bare.attempt)
        let request = STUNMessage(.binding, .request, TransactionID(high: 0, low: 1))
        let (_, attempt) = exchange.credentials.encode(request)
        let wrong = IntegrityKey(shortTerm: "wrong")
        let forged = [
            request.success().encoded(), request.success().encoded(integrity: wrong, algorithms: .sha256),
            request.failure(.badRequest).encoded(), request.failure(.tryAlternate).encoded(integrity: wrong),
        ]
        for bytes in forged {
            #expect(try self.judge(bytes, to: attempt, with: &exchange.credentials) == .discarded)
        }
    }

    @Test func `a response protected with another algorithm than the request does not count`() throws {
        var exchange = self.exchange()
        let bare = try exchange.step()
        _ = try exchange.step(after: bare.attempt)
        let request = STUNMessage(.binding, .request, TransactionID(high: 0, low: 1))
        let (_, attempt) = exchange.credentials.encode(request)
        let key = try #require(
            IntegrityKey(username: "alice", realm: "example.org", password: "wonderland", algorithm: .sha256)
        )
        let right = request.success().encoded(integrity: key, algorithms: .sha256)
        let weak = request.success().encoded(integrity: key, algorithms: .sha1)
        #expect(try self.judge(weak, to: attempt, with: &exchange.credentials) == .discarded)
        #expect(try self.judge(right, to: attempt, with: &exchange.credentials) == .accepted)
    }

    @Test func `a response to a bare request counts without integrity`() throws {
        var credentials = LongTermCredentials(username: "alice", password: "wonderland")
        let request = STUNMessage(.binding, .request, TransactionID(high: 0, low: 1))
        let (bytes, attempt) = credentials.encode(request)
        #expect(bytes == request.encoded())
        for response in [request.success(), request.failure(.tryAlternate), request.failure(.badRequest)] {
            let answer = response.encoded()
            #expect(try self.judge(answer, to: attempt, with: &credentials) == .accepted)
        }
    }
}
