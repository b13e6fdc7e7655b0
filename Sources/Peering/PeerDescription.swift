// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import DTLS
package import ICE

/// What one side must know of the other to reach it: the content of a pasted line, and of an SDP description.
///
/// Between icetalk peers it is symmetric: there is no offer and no answer. The side whose fingerprint is the greater
/// (compared byte by byte) is ICE-controlling and the DTLS client.
package struct PeerDescription: Hashable, Sendable {
    /// ICE user name fragment and password.
    package var credentials: ICECredentials
    /// The fingerprint of the DTLS certificate.
    package var fingerprint: Fingerprint
    /// The candidates known so far; later ones are found by peer-reflexive checks or trickled.
    package var candidates: [Candidate]
    /// The largest message that this side takes, in bytes (RFC 8841 §6); 0 means no limit.
    package var maxMessageSize: UInt32
    /// The SCTP port (RFC 8841 §5), 5000 unless something else was said.
    package var sctpPort: UInt16

    /// Creates a description.
    package init(
        credentials: ICECredentials,
        fingerprint: Fingerprint,
        candidates: [Candidate],
        maxMessageSize: UInt32 = 262_144,
        sctpPort: UInt16 = 5000
    ) {
        self.credentials = credentials
        self.fingerprint = fingerprint
        self.candidates = candidates
        self.maxMessageSize = maxMessageSize
        self.sctpPort = sctpPort
    }
}
