// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import STUN
import Wire

// A datagram that may be STUN meets everything that reads one: parser, verification, credentials of both kinds, a server.
fuzz { bytes in
    _ = STUNMessage.looksLikeSTUN(bytes)
    let hasRightFingerprint = STUNMessage.verifyFingerprint(of: bytes)
    _ = STUNMessage.verifyIntegrity(of: bytes, key: Parties.key)
    if let answer = BindingServer(software: "icetalk").answer(bytes, from: Parties.client) {
        require(answer.count <= bytes.count + 256, "an answer of \(answer.count) bytes to \(bytes.count)")
        requireReadable(answer)
    }
    guard let message = try? STUNMessage(parsing: bytes) else { return }
    // RFC 7983 leaves STUN the methods that need no higher bit.
    require(STUNMessage.looksLikeSTUN(bytes) || bytes[0] >= 4)
    require(!hasRightFingerprint || message.hasFingerprint)
    requireRoundTrip(message)
    checkCredentials(message, bytes)
}

/// What both sides know.
private enum Parties {
    static let key = IntegrityKey(shortTerm: "VOkJxbRl1RmTxUk/WvJxBt")
    static let client = SocketAddress(.v4(0xC000_0201), port: 32_853)
    static let account = LongTermAuthenticator.Account(username: "alice", password: "secret")
    static let server: LongTermAuthenticator = {
        var random = RandomSource.seeded(1)
        return LongTermAuthenticator(realm: "example.org", random: &random)
    }()
}

/// What was read is written, and what was written is read as the same.
private func requireRoundTrip(_ message: STUNMessage) {
    let bytes = message.encoded(integrity: Parties.key, algorithms: .all, fingerprint: true)
    require(STUNMessage.verifyFingerprint(of: bytes.span))
    require(STUNMessage.verifyIntegrity(of: bytes.span, key: Parties.key))
    guard let again = try? STUNMessage(parsing: bytes.span) else { fail("\(message)") }
    requireEqual(again.attributes, message.attributes)
    requireEqual(again.transactionID, message.transactionID)
    requireEqual(again.method, message.method)
    requireEqual(again.messageClass, message.messageClass)
}

private func requireReadable(_ bytes: [UInt8]) {
    require((try? STUNMessage(parsing: bytes.span)) != nil, "\(bytes)")
}

private func checkCredentials(_ message: STUNMessage, _ bytes: Span<UInt8>) {
    for verdict in [
        message.checkShortTerm(of: bytes, understanding: .basic) { _ in Parties.key },
        Parties.server.check(
            message,
            of: bytes,
            from: Parties.client,
            understanding: .basic,
            at: .zero
        ) { _ in Parties.account },
    ] {
        if case .refused(_, let answer) = verdict {
            requireReadable(answer)
        }
    }
    var credentials = LongTermCredentials(username: "alice", password: "secret")
    var attempt: Attempt?
    for _ in 0..<LongTermCredentials.maximumAttempts {
        let request = STUNMessage(.binding, .request, message.transactionID)
        let (encoded, next) = credentials.encode(request, after: attempt)
        requireReadable(encoded)
        attempt = next
        guard credentials.judge(message, of: bytes, to: next) == .retry else { return }
    }
    fail("a server that always challenges is followed for ever")
}
