// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Crypto
import Wire

/// What the two sides have in common if they know the same password, which is to be proven.
package struct SPAKE2Secret: Sendable {
    /// How many bytes a confirmation has.
    package static let confirmationCount = 32

    private let schedule: KeySchedule
    private let role: SPAKE2Role

    init(_ schedule: KeySchedule, role: SPAKE2Role) {
        self.schedule = schedule
        self.role = role
    }

    /// What proves to the peer that this side knows the password.
    package var confirmation: [UInt8] { self.schedule.confirmation(of: self.role) }

    /// The shared key `Ke`, of 128 bits, once the peer's confirmation has proven that it knows the password.
    ///
    /// One guess: whoever gets `SPAKE2Error.wrongConfirmation` must not try another confirmation.
    package func key(confirmedBy confirmation: [UInt8]) throws(SPAKE2Error) -> SymmetricKey {
        guard constantTimeEqual(confirmation.span, self.schedule.confirmation(of: self.role.other).span) else {
            throw .wrongConfirmation
        }
        return SymmetricKey(data: self.schedule.sharedKey)
    }
}

/// TT of RFC 9382 §3.3.
struct SPAKE2Transcript {
    let bytes: [UInt8]

    init(identities: SPAKE2Identities, shareA: [UInt8], shareB: [UInt8], shared: [UInt8], password: [UInt8]) {
        var bytes: [UInt8] = []
        for part in [identities.a, identities.b, shareA, shareB, shared, password] {
            var count = UInt64(part.count)
            for _ in 0..<8 {
                bytes.append(UInt8(truncatingIfNeeded: count))
                count >>= 8
            }
            bytes += part
        }
        self.bytes = bytes
    }
}

/// The keys of RFC 9382 §4: Ke ‖ Ka from the transcript, KcA ‖ KcB from Ka.
struct KeySchedule: Sendable {
    private static let keyCount = 16

    private let transcript: [UInt8]
    let sharedKey: [UInt8]
    let confirmationKeyA: [UInt8]
    let confirmationKeyB: [UInt8]

    init(_ transcript: SPAKE2Transcript, additionalData: [UInt8]) {
        let hash = Array(SHA256.hash(data: transcript.bytes))
        let derived = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: hash[Self.keyCount...]),
            info: Array("ConfirmationKeys".utf8) + additionalData,
            outputByteCount: 2 * Self.keyCount
        )
        let keys = derived.withUnsafeBytes { [UInt8]($0) }
        self.transcript = transcript.bytes
        self.sharedKey = Array(hash[..<Self.keyCount])
        self.confirmationKeyA = Array(keys[..<Self.keyCount])
        self.confirmationKeyB = Array(keys[Self.keyCount...])
    }

    /// The MAC that a role sends.
    func confirmation(of role: SPAKE2Role) -> [UInt8] {
        let key = role == .a ? self.confirmationKeyA : self.confirmationKeyB
        return Array(HMAC<SHA256>.authenticationCode(for: self.transcript, using: SymmetricKey(data: key)))
    }
}
