// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import COpenSSL
package import Wire

/// The client's side of a TLS connection, sans-IO (RFC 8446, RFC 5246): bytes of the stream in, plaintext out, and the other way.
///
/// What came from the server goes to `receive`; after each call what is to be sent to it is in `takeOutgoing`. An error is
/// final: what is then to be sent is the alert that tells the server.
///
/// Lifetimes. The session owns one reference to the `SSL`, given back in the deinitializer; the `SSL` owns both BIOs and a
/// reference to the `SSL_CTX`, so that the context may go first.
package struct TLSClientSession: ~Copyable {
    /// How far it has come.
    package enum State: Hashable, Sendable {
        /// The handshake is under way.
        case handshaking
        /// Plaintext can be sent.
        case established
        /// The server sent `close_notify`, or an error was thrown.
        case ended
    }

    /// How far it has come.
    package private(set) var state = State.handshaking

    private let ssl: OpaquePointer
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer
    private var scratch = [UInt8](repeating: 0, count: Self.recordSize)

    /// The largest plaintext of a record (RFC 8446 §5.1).
    private static let recordSize = 16_384

    /// Begins the handshake with a server, whose certificate must be for `name`.
    package init(_ context: TLSClientContext, with name: ServerName) throws(TLSError) {
        ERR_clear_error()
        guard let ssl = SSL_new(context.pointer) else { throw ErrorStack.library("SSL_new") }
        guard let incoming = BIO_new(BIO_s_mem()) else {
            SSL_free(ssl)
            throw ErrorStack.library("BIO_new")
        }
        guard let outgoing = BIO_new(BIO_s_mem()) else {
            BIO_free(incoming)
            SSL_free(ssl)
            throw ErrorStack.library("BIO_new")
        }
        SSL_set_bio(ssl, incoming, outgoing)
        SSL_set_connect_state(ssl)
        guard Self.demand(name, of: ssl) else {
            SSL_free(ssl)
            throw ErrorStack.library("SSL_set1_host")
        }
        // The first flight: it cannot be over yet.
        guard SSL_get_error(ssl, SSL_do_handshake(ssl)) == SSL_ERROR_WANT_READ else {
            SSL_free(ssl)
            throw ErrorStack.library("SSL_do_handshake")
        }
        self.ssl = ssl
        self.incoming = incoming
        self.outgoing = outgoing
    }

    deinit {
        SSL_free(self.ssl)
    }

    /// RFC 6066 §3: an address is no name for SNI.
    private static func demand(_ name: ServerName, of ssl: OpaquePointer) -> Bool {
        switch name {
        case .name(let name):
            // A dot at the end is DNS's way to say that nothing follows; certificates do not have it.
            let plain = name.hasSuffix(".") ? String(name.dropLast()) : name
            return icetalk_set_server_name(ssl, plain) == 1 && SSL_set1_host(ssl, plain) == 1
        case .address(let ip):
            return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), ip.withoutScope.description) == 1
        }
    }
}

extension TLSClientSession {
    /// Takes bytes of the stream; plaintext goes to `deliver`, while it lasts.
    package mutating func receive(_ bytes: Span<UInt8>, deliver: (Span<UInt8>) -> Void) throws(TLSError) {
        guard self.state != .ended, bytes.count > 0 else { return }
        ERR_clear_error()
        let taken = bytes.withUnsafeBytes {
            BIO_write(self.incoming, $0.baseAddress, Int32(truncatingIfNeeded: $0.count))
        }
        guard Int(taken) == bytes.count else { throw self.end(ErrorStack.library("BIO_write")) }
        if self.state == .handshaking { try self.handshake() }
        while self.state == .established {
            let ssl = self.ssl
            let count = self.scratch.withUnsafeMutableBytes { buffer in
                SSL_read(ssl, buffer.baseAddress, Int32(truncatingIfNeeded: buffer.count))
            }
            guard count > 0 else { return try self.judge(count) }
            deliver(self.scratch.span.extracting(0..<Int(count)))
        }
    }

    /// Encrypts plaintext, once the session is established.
    package mutating func send(_ plaintext: Span<UInt8>) throws(TLSError) {
        guard self.state == .established, plaintext.count > 0 else { return }
        ERR_clear_error()
        let count = plaintext.withUnsafeBytes {
            SSL_write(self.ssl, $0.baseAddress, Int32(truncatingIfNeeded: $0.count))
        }
        guard Int(count) == plaintext.count else { throw self.end(ErrorStack.connectionFailure()) }
    }

    /// Says `close_notify`, which is then to be sent.
    package mutating func close() {
        guard self.state == .established else { return }
        self.state = .ended
        SSL_shutdown(self.ssl)
        ERR_clear_error()
    }

    /// Appends what is to be sent to the server.
    package mutating func takeOutgoing(into bytes: inout [UInt8]) {
        while true {
            let outgoing = self.outgoing
            let count = self.scratch.withUnsafeMutableBytes { buffer in
                BIO_read(outgoing, buffer.baseAddress, Int32(truncatingIfNeeded: buffer.count))
            }
            guard count > 0 else { return }
            bytes.append(contentsOf: self.scratch[..<Int(count)])
        }
    }

    private mutating func handshake() throws(TLSError) {
        let result = SSL_do_handshake(self.ssl)
        guard result == 1 else { return try self.judge(result) }
        self.state = .established
    }

    /// A call did not succeed: more bytes are needed, or it is the end.
    private mutating func judge(_ result: Int32) throws(TLSError) {
        switch SSL_get_error(self.ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE:
            return
        case SSL_ERROR_ZERO_RETURN:
            self.state = .ended
        default:
            let verification = SSL_get_verify_result(self.ssl)
            let failure = ErrorStack.connectionFailure()
            guard SSL_get_verify_mode(self.ssl) != SSL_VERIFY_NONE, verification != Int(X509_V_OK) else {
                throw self.end(failure)
            }
            throw self.end(.certificate(CertificateProblem(verification)))
        }
    }

    private mutating func end(_ error: TLSError) -> TLSError {
        self.state = .ended
        ERR_clear_error()
        return error
    }
}
