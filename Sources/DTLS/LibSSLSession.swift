// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import Wire

/// The `SSL` object of one connection and the only code that calls it.
///
/// Lifetimes. The session owns one reference to the `SSL`, taken in the initializer and given back in the
/// deinitializer; the `SSL` owns the BIO and a reference to the `SSL_CTX`, so that the certificate may go first. The
/// bridge, to which the BIO points, is a stored property and outlives the body of the deinitializer.
struct LibSSLSession: ~Copyable {
    /// What a call came to.
    enum Outcome {
        /// It succeeded; `SSL_read` took so many bytes.
        case done(Int)
        /// It can go on with another record.
        case needsRecord
        /// The peer sent `close_notify`.
        case closed
        /// A fatal error; no further call makes sense.
        case failed(DTLSError)
    }

    let bridge: RecordBridge
    private let ssl: OpaquePointer

    /// Creates the object for one side; throws `library`.
    init(certificate: DTLSCertificate, role: DTLSConnection.Role, mtu: Int) throws(DTLSError) {
        ErrorStack.clear()
        let bridge = RecordBridge()
        guard let ssl = SSL_new(certificate.context) else { throw ErrorStack.library("SSL_new") }
        guard let bio = bridge.makeBIO() else {
            SSL_free(ssl)
            throw ErrorStack.library("BIO_new")
        }
        SSL_set_bio(ssl, bio, bio)
        guard icetalk_set_mtu(ssl, mtu) == 1 else {
            SSL_free(ssl)
            throw ErrorStack.library("SSL_set_mtu")
        }
        DTLS_set_timer_cb(ssl, RecordBridge.timerCallback)
        switch role {
        case .client: SSL_set_connect_state(ssl)
        case .server: SSL_set_accept_state(ssl)
        }
        self.bridge = bridge
        self.ssl = ssl
    }

    deinit {
        SSL_free(self.ssl)
    }

    /// Goes on with the handshake; `done` when it is over.
    func handshake() -> Outcome {
        ErrorStack.clear()
        return self.outcome(of: SSL_do_handshake(self.ssl))
    }

    /// Reads the plaintext of one record, and answers handshake records by the way.
    func read(into scratch: inout [UInt8]) -> Outcome {
        let count = scratch.withUnsafeMutableBytes { bytes in
            SSL_read(self.ssl, bytes.baseAddress, Int32(truncatingIfNeeded: bytes.count))
        }
        return self.outcome(of: count)
    }

    /// Whether a record waits that `read(into:)` can take without being lent one.
    var hasPending: Bool { SSL_has_pending(self.ssl) == 1 }

    /// Encrypts a plaintext into one record, which is appended to a buffer.
    func write(_ plaintext: Span<UInt8>, into buffer: DatagramBuffer) -> Outcome {
        self.bridge.lend(sink: buffer) {
            plaintext.withUnsafeBytes { bytes in
                self.outcome(of: SSL_write(self.ssl, bytes.baseAddress, Int32(truncatingIfNeeded: bytes.count)))
            }
        }
    }

    /// Sends `close_notify`, once.
    func shutdown() {
        ErrorStack.clear()
        if SSL_shutdown(self.ssl) < 0 {
            ErrorStack.clear()
        }
    }

    /// Sets the size of the datagrams of flights.
    func setMTU(_ mtu: Int) {
        _ = icetalk_set_mtu(self.ssl, mtu)
    }

    /// Microseconds until the retransmission timer expires; nil while it is stopped.
    var remainingTimeout: Int64? {
        let remaining = icetalk_timeout(self.ssl)
        return remaining < 0 ? nil : remaining
    }

    /// Repeats the flight if libssl, too, finds the timer expired; returns why the connection failed, if it did.
    func handleTimeout() -> DTLSError? {
        ErrorStack.clear()
        return icetalk_handle_timeout(self.ssl) < 0 ? ErrorStack.connectionFailure() : nil
    }

    /// The fingerprint of the certificate that the peer has shown; nil before it did.
    var peerFingerprint: Fingerprint? {
        guard let certificate = SSL_get1_peer_certificate(self.ssl) else { return nil }
        defer { X509_free(certificate) }
        return Fingerprint(of: certificate)
    }

    /// Bytes that the cipher adds to each plaintext (RFC 5288 §3, RFC 7905 §2).
    var recordExpansion: Int { Int(icetalk_record_expansion(self.ssl)) }

    /// Whether both sides derive the master secret from the whole handshake (RFC 7627).
    var isExtendedMasterSecret: Bool { icetalk_extended_master_secret(self.ssl) == 1 }

    /// Keying material of RFC 5705; throws `library`.
    func exportKeyingMaterial(label: String, context: [UInt8]?, count: Int) throws(DTLSError) -> [UInt8] {
        ErrorStack.clear()
        var material = [UInt8](repeating: 0, count: count)
        let length = label.utf8.count
        let done = SSL_export_keying_material(
            self.ssl,
            &material,
            count,
            label,
            length,
            context ?? [],
            context?.count ?? 0,
            context == nil ? 0 : 1
        )
        guard done == 1 else { throw ErrorStack.library("SSL_export_keying_material") }
        return material
    }

    /// Tells what a call came to without `SSL_get_error`, which takes what an earlier call left on the error stack for
    /// the outcome of this one; so records need not pay for a look at the stack before each call.
    private func outcome(of result: Int32) -> Outcome {
        if result > 0 {
            return .done(Int(result))
        }
        if icetalk_has_failed(self.ssl) == 1 {
            return .failed(ErrorStack.connectionFailure())
        }
        // A record that is not authentic may leave errors behind.
        ErrorStack.clear()
        return SSL_get_shutdown(self.ssl) & SSL_RECEIVED_SHUTDOWN == 0 ? .needsRecord : .closed
    }
}
