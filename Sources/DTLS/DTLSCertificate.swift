// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// A fresh self-signed certificate, and what every connection that shows it has in common.
///
/// Sendable because the `SSL_CTX` is configured before the initializer returns and never changed afterwards; libssl
/// counts its references atomically and allows `SSL_new` on any thread.
package final class DTLSCertificate: @unchecked Sendable {
    /// SHA-256 of the certificate.
    package let fingerprint: Fingerprint

    let context: OpaquePointer

    /// TLS_ECDHE_ECDSA only, as the certificate's key is an ECDSA key; the fastest first.
    private static let ciphers = """
        ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305
        """
    private static let groups = "X25519:P-256"
    /// Nothing is sent over SRTP, but there are stacks that refuse a handshake without a profile (RFC 8827 §6.5 names these).
    private static let mediaProfiles = "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80"
    /// Clocks of peers may be behind.
    private static let secondsValidBefore = -86_400
    private static let secondsValid = 30 * 86_400

    /// Generates a P-256 key and a certificate for `CN=WebRTC` that is valid from yesterday on for 30 days.
    ///
    /// Throws `DTLSError.library` only.
    package init() throws(DTLSError) {
        icetalk_leave_cleanup_to_system()
        ErrorStack.clear()
        guard let key = icetalk_p256_key() else { throw ErrorStack.library("EVP_EC_gen") }
        defer { EVP_PKEY_free(key) }
        guard let certificate = X509_new() else { throw ErrorStack.library("X509_new") }
        defer { X509_free(certificate) }
        try Self.fill(certificate, key)
        guard let fingerprint = Fingerprint(of: certificate) else { throw ErrorStack.library("X509_digest") }
        guard let context = SSL_CTX_new(DTLS_method()) else { throw ErrorStack.library("SSL_CTX_new") }
        do {
            try Self.configure(context, certificate, key)
        } catch {
            SSL_CTX_free(context)
            throw error
        }
        self.fingerprint = fingerprint
        self.context = context
    }

    deinit {
        SSL_CTX_free(self.context)
    }

    private static func fill(_ certificate: OpaquePointer, _ key: OpaquePointer) throws(DTLSError) {
        var serial: UInt64 = 0
        let drawn = withUnsafeMutableBytes(of: &serial) { bytes in
            RAND_bytes(bytes.baseAddress, Int32(bytes.count))
        }
        // RFC 5280 §4.1.2.2: positive, so neither zero nor with the sign bit.
        serial = serial & .max >> 1 | 1
        let name = X509_get_subject_name(certificate)
        guard drawn == 1,
            X509_set_version(certificate, 2) == 1,
            ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial) == 1,
            X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_FLAG, "WebRTC", 6, -1, 0) == 1,
            X509_set_issuer_name(certificate, name) == 1,
            X509_gmtime_adj(X509_getm_notBefore(certificate), Self.secondsValidBefore) != nil,
            X509_gmtime_adj(X509_getm_notAfter(certificate), Self.secondsValid) != nil,
            X509_set_pubkey(certificate, key) == 1,
            X509_sign(certificate, key, EVP_sha256()) > 0
        else { throw ErrorStack.library("X509_sign") }
    }

    private static func configure(
        _ context: OpaquePointer,
        _ certificate: OpaquePointer,
        _ key: OpaquePointer
    ) throws(DTLSError) {
        icetalk_set_options(context)
        icetalk_limit_certificates(context, HandshakeHeader.maximumMessage)
        // The certificate is compared with the announced fingerprint after the handshake: a verification that fails
        // within it would look like a failure of the network to the peer.
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        SSL_CTX_set_cert_verify_callback(context, { _, _ in 1 }, nil)
        guard icetalk_require_dtls12(context) == 1,
            SSL_CTX_set_cipher_list(context, Self.ciphers) == 1,
            icetalk_set_groups(context, Self.groups) == 1,
            SSL_CTX_set_tlsext_use_srtp(context, Self.mediaProfiles) == 0,
            SSL_CTX_use_certificate(context, certificate) == 1,
            SSL_CTX_use_PrivateKey(context, key) == 1
        else { throw ErrorStack.library("SSL_CTX") }
    }
}

extension Fingerprint {
    /// The fingerprint of an `X509`; nil when libcrypto refuses.
    init?(of certificate: OpaquePointer) {
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        guard X509_digest(certificate, EVP_sha256(), &digest, &count) == 1, count == 32 else { return nil }
        self.init(bytes: digest)
    }
}
