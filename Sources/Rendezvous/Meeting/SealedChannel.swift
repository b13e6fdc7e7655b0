// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import DTLS
import SPAKE2
import Wire

/// Sealed messages in both directions of a mailbox that is not trusted: numbered, bound to direction, number, place and
/// sides, and to both DTLS fingerprints as soon as both are known.
struct SealedChannel {
    /// What comes of a message.
    enum Outcome {
        /// These messages are next, in their order.
        case messages([[UInt8]])
        /// It was there before, or is kept until it can be read.
        case nothing
        /// It is not the other side's, or was changed.
        case useless
    }

    private let keys: SessionKeys
    private let role: SPAKE2Role
    private let phasePrefix: String
    private var ownFingerprint: Fingerprint?
    private var otherFingerprint: Fingerprint?
    private var sent: UInt64 = 0
    private var received: UInt64 = 0
    /// Messages that are in order once those before them have come.
    private var early: [UInt64: [UInt8]] = [:]
    /// Messages that are bound to a fingerprint that is not known yet.
    private var bound: [(number: UInt64, body: [UInt8])] = []

    init(_ keys: SessionKeys, role: SPAKE2Role, phasePrefix: String) {
        self.keys = keys
        self.role = role
        self.phasePrefix = phasePrefix
    }

    // MARK: Sealing

    /// Seals the next message; nil when there have been too many.
    mutating func seal(_ message: [UInt8]) -> (phase: String, body: [UInt8])? {
        guard self.sent < MeetingLimits.sealedMessages else { return nil }
        self.sent += 1
        let isBound = self.ownFingerprint != nil && self.otherFingerprint != nil
        let key = self.role == .a ? self.keys.fromA : self.keys.fromB
        // A number is sealed once: the same bytes are sent again when the mailbox lost them.
        guard let nonce = Self.nonce(self.sent),
            let box = try? ChaChaPoly.seal(
                message,
                using: key,
                nonce: nonce,
                authenticating: self.additionalData(of: self.role, number: self.sent, isBound: isBound)
            )
        else { return nil }
        return (self.phasePrefix + String(self.sent), [isBound ? 1 : 0] + box.ciphertext + box.tag)
    }

    /// This side's fingerprint is in a message that was sealed.
    mutating func bind(own fingerprint: Fingerprint) { self.ownFingerprint = fingerprint }

    /// The other side's fingerprint is known; messages that are bound to it may be readable now.
    mutating func bind(other fingerprint: Fingerprint) -> [[UInt8]] {
        self.otherFingerprint = fingerprint
        let bound = self.bound
        self.bound = []
        for (number, body) in bound where number > self.received && self.early[number] == nil {
            self.early[number] = self.open(body, number: number)
        }
        return self.inOrder()
    }

    // MARK: Opening

    /// Takes a message of the other side.
    mutating func take(_ message: MailboxMessage) -> Outcome {
        guard let number = self.number(of: message.phase) else { return .useless }
        guard number > self.received, self.early[number] == nil else { return .nothing }
        guard let flag = message.body.first else { return .useless }
        if flag == 1, self.otherFingerprint == nil {
            guard self.bound.count < MeetingLimits.heldMessages else { return .useless }
            self.bound.append((number, message.body))
            return .nothing
        }
        guard self.early.count < MeetingLimits.heldMessages || number == self.received + 1,
            let plaintext = self.open(message.body, number: number)
        else { return .useless }
        self.early[number] = plaintext
        return .messages(self.inOrder())
    }

    private func number(of phase: String) -> UInt64? {
        guard phase.hasPrefix(self.phasePrefix) else { return nil }
        let digits = phase.dropFirst(self.phasePrefix.count)
        guard let number = UInt64(digits), String(number) == digits,
            (1...MeetingLimits.sealedMessages).contains(number)
        else { return nil }
        return number
    }

    private func open(_ body: [UInt8], number: UInt64) -> [UInt8]? {
        guard let flag = body.first, flag <= 1, body.count > Self.overhead,
            flag == 0 || (self.ownFingerprint != nil && self.otherFingerprint != nil),
            let nonce = Self.nonce(number)
        else { return nil }
        let ciphertext = body[1..<(body.count - Self.tagCount)]
        let tag = body.suffix(Self.tagCount)
        guard let box = try? ChaChaPoly.SealedBox(nonce: nonce, ciphertext: ciphertext, tag: tag),
            let plaintext = try? ChaChaPoly.open(
                box,
                using: self.role == .a ? self.keys.fromB : self.keys.fromA,
                authenticating: self.additionalData(of: self.role.other, number: number, isBound: flag == 1)
            )
        else { return nil }
        return [UInt8](plaintext)
    }

    private mutating func inOrder() -> [[UInt8]] {
        var messages: [[UInt8]] = []
        while let next = self.early.removeValue(forKey: self.received + 1) {
            self.received += 1
            messages.append(next)
        }
        return messages
    }

    // MARK: What is authenticated

    private static let tagCount = 16
    private static let overhead = 1 + Self.tagCount
    private static let label = Array("icetalk meeting, sealed message".utf8)

    private func additionalData(of sender: SPAKE2Role, number: UInt64, isBound: Bool) -> [UInt8] {
        var writer = ByteWriter(capacity: 9)
        writer.u8(sender == .a ? 0 : 1)
        writer.u64(number)
        var parts = [Self.label, writer.bytes, self.keys.context]
        if isBound, let own = self.ownFingerprint, let other = self.otherFingerprint {
            parts += self.role == .a ? [own.bytes, other.bytes] : [other.bytes, own.bytes]
        }
        return lengthPrefixed(parts)
    }

    private static func nonce(_ number: UInt64) -> ChaChaPoly.Nonce? {
        var writer = ByteWriter(capacity: 12)
        writer.u32(0)
        writer.u64(number)
        return try? ChaChaPoly.Nonce(data: writer.bytes)
    }
}
