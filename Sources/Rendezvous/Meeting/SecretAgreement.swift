// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import SPAKE2
import Wire

/// How two sides that share 256 bits come to fresh keys: each says a nonce, and proves that it knows the secret.
///
/// A mailbox under a secret may hold what an earlier program of either side left there, and what a server made up: all that
/// does not prove the secret for this side's fresh nonce is ignored, and waiting goes on.
struct SecretAgreement {
    private static let nonceCount = 16
    private static let greetingPrefix = "hello-"
    private static let confirmationPrefix = "confirm-"

    /// The mailbox of both sides.
    let mailbox: String
    /// What this side is called in it: the same in each program, so that one that was started again is no third side.
    let side: String

    let role: SPAKE2Role
    private let secret: SymmetricKey
    private let otherSide: String
    private let nonce: [UInt8]
    private var sessions: [Session] = []
    private var greetings = 0
    private var isOver = false

    private struct Session {
        let nonce: [UInt8]
        let tag: String
        let keys: SessionKeys
        let confirmationKey: SymmetricKey

        /// The proof of a role.
        func confirmation(of role: SPAKE2Role) -> [UInt8] {
            let text = Array("icetalk meeting, \(role == .a ? "A" : "B") knows the secret".utf8)
            return Array(HMAC<SHA256>.authenticationCode(for: text, using: self.confirmationKey))
        }
    }

    init(_ secret: RendezvousSecret, isFirst: Bool, server: String, random: inout RandomSource) {
        let key = SymmetricKey(data: secret.bytes)
        func derive(_ parts: [String], count: Int) -> String {
            let info = lengthPrefixed(parts.map { Array($0.utf8) })
            let bytes = HKDF<SHA256>.deriveKey(inputKeyMaterial: key, info: info, outputByteCount: count)
            return hexadecimal(Self.bytes(bytes))
        }
        self.secret = key
        self.role = isFirst ? .a : .b
        self.mailbox = derive(["icetalk mailbox", server], count: 32)
        let sides = ["A", "B"].map { derive(["icetalk side", $0], count: 8) }
        self.side = sides[isFirst ? 0 : 1]
        self.otherSide = sides[isFirst ? 1 : 0]
        self.nonce = random.bytes(Self.nonceCount)
    }

    /// What is put into the mailbox first.
    func begin() -> [AgreementStep] {
        [.add(phase: Self.greetingPrefix + hexadecimal(self.nonce), body: Versions.own.bytes + self.nonce)]
    }

    /// Takes a message of another side.
    mutating func take(_ message: MailboxMessage) -> [AgreementStep] {
        guard !self.isOver else { return [.notMine] }
        guard message.side == self.otherSide else { return [.useless] }
        if message.phase.hasPrefix(Self.greetingPrefix) { return self.greet(message.body) }
        guard message.phase.hasPrefix(Self.confirmationPrefix) else { return [.notMine] }
        let tag = String(message.phase.dropFirst(Self.confirmationPrefix.count))
        guard let session = self.sessions.first(where: { $0.tag == tag }) else { return [.notMine] }
        guard constantTimeEqual(message.body.span, session.confirmation(of: self.role.other).span) else {
            return [.useless]
        }
        self.isOver = true
        return [.verified(session.keys, side: self.otherSide, phasePrefix: session.tag + "-")]
    }

    private mutating func greet(_ body: [UInt8]) -> [AgreementStep] {
        var reader = ByteReader(body.span)
        guard let versions = Versions(&reader), versions.fits(.own), let nonce = try? reader.array(reader.remaining),
            nonce.count == Self.nonceCount, nonce != self.nonce,
            !self.sessions.contains(where: { $0.nonce == nonce }), self.greetings < MeetingLimits.greetings
        else { return [.useless] }
        self.greetings += 1
        let session = self.session(with: nonce, versions: versions)
        if self.sessions.count >= MeetingLimits.sessions { self.sessions.removeFirst() }
        self.sessions.append(session)
        let confirmation = session.confirmation(of: self.role)
        let proof = AgreementStep.add(phase: Self.confirmationPrefix + session.tag, body: confirmation)
        return self.greetings > 1 ? [.otherSideIsHere, proof] : [.otherSideIsHere, .checking, proof]
    }

    private func session(with nonce: [UInt8], versions: Versions) -> Session {
        let own = [self.nonce, Versions.own.bytes]
        let other = [nonce, versions.bytes]
        let names = [Array("icetalk meeting under a secret".utf8), Array(self.mailbox.utf8)]
        let context = lengthPrefixed(names + (self.role == .a ? own + other : other + own))
        let master = HKDF<SHA256>.deriveKey(inputKeyMaterial: self.secret, info: context, outputByteCount: 32)
        func derive(_ label: String, count: Int) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(inputKeyMaterial: master, info: Array(label.utf8), outputByteCount: count)
        }
        return Session(
            nonce: nonce,
            tag: hexadecimal(Self.bytes(derive("icetalk tag", count: 8))),
            keys: SessionKeys(from: master, context: context),
            confirmationKey: derive("icetalk confirmation", count: 32)
        )
    }

    private static func bytes(_ key: SymmetricKey) -> [UInt8] { unsafe key.withUnsafeBytes { unsafe [UInt8]($0) } }
}
