// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import ICE
import Wire

/// The ICE credentials of later generations, which both sides derive from their DTLS session.
///
/// So each side can restart (RFC 8445 §9) without signaling, also when no path is left to tell of it, and whoever saw the first
/// descriptions does not know what the later ones would hold.
struct RestartCredentials {
    /// What the session's secret is exported under (RFC 5705 §4).
    static let label = "EXPERIMENTAL-icetalk-ice-restart"
    /// Bytes of the secret.
    static let secretBytes = 32

    private let secret: SymmetricKey

    /// Derives from a secret that the DTLS session exported.
    init(secret: [UInt8]) {
        self.secret = SymmetricKey(data: secret)
    }

    /// The credentials of the DTLS client or server in a generation.
    func credentials(generation: Int, ofClient isClient: Bool) -> ICECredentials {
        var info = ByteWriter(capacity: 32)
        info.array(Array("icetalk ICE credentials".utf8))
        info.u32(UInt32(clamping: generation))
        info.u8(isClient ? 1 : 0)
        let key = HKDF<SHA256>.expand(
            pseudoRandomKey: self.secret,
            info: info.bytes,
            outputByteCount: ICECredentials.derivationBytes
        )
        return ICECredentials(derivedFrom: unsafe key.withUnsafeBytes { unsafe [UInt8]($0) })
    }
}
