// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// What goes wrong in DTLS, in three kinds: the caller's fault, the peer's (or the path's), the environment's.
package enum DTLSError: Error, Hashable, Sendable {
    // MARK: The caller's fault

    /// The MTU is outside `DTLSConnection.mtuRange`.
    case mtuOutOfRange(Int)
    /// The connection is not established, or is closed.
    case notEstablished
    /// The peer's fingerprint was not verified yet.
    case peerNotVerified
    /// A plaintext that is empty or would make a datagram larger than the MTU.
    case plaintextSize(Int, limit: Int)
    /// The datagram buffer has no room for another record.
    case bufferFull
    /// Keying material was asked of a session without the extended master secret (RFC 7627 §5.4).
    case noExtendedMasterSecret

    // MARK: The peer's fault, or the path's

    /// The peer did not answer a flight although it was repeated as often as libssl allows; a new connection may.
    case timedOut
    /// The peer sent a fatal alert in a protected record (RFC 5246 §7.2).
    case peerAlert(UInt8)
    /// The peer violated the protocol; the text is libssl's.
    case protocolViolation(String)
    /// The certificate of the peer is not the one that its description announced.
    case fingerprintMismatch

    // MARK: The environment's fault

    /// libcrypto or libssl refused; the text names the operation and holds the whole error stack.
    case library(operation: String, detail: String)
}

extension DTLSError: CustomStringConvertible {
    /// One line for a human.
    package var description: String {
        switch self {
        case .mtuOutOfRange(let mtu): "an MTU of \(mtu) bytes is out of range"
        case .notEstablished: "the DTLS connection is not established"
        case .peerNotVerified: "the fingerprint of the peer is not verified"
        case .plaintextSize(let size, let limit): "a plaintext of \(size) bytes, where 1...\(limit) are allowed"
        case .bufferFull: "no room for another record"
        case .noExtendedMasterSecret: "the session has no extended master secret"
        case .timedOut: "the DTLS handshake timed out"
        case .peerAlert(let alert): "the peer sent DTLS alert \(alert)"
        case .protocolViolation(let detail): "DTLS protocol violation: \(detail)"
        case .fingerprintMismatch: "the certificate of the peer has another fingerprint than announced"
        case .library(let operation, let detail): "\(operation) failed: \(detail)"
        }
    }
}
