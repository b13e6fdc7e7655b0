// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import TLS
import Testing
import Wire

/// The server's side of a TLS connection in memory, which sends back what it gets.
final class TLSServer {
    private let context: OpaquePointer
    private let ssl: OpaquePointer
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer
    /// The name that the client asked for by SNI.
    var askedName: String? {
        SSL_get_servername(self.ssl, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) }
    }

    init(_ identity: Authority.Identity) throws {
        self.context = try #require(SSL_CTX_new(TLS_server_method()))
        try #require(SSL_CTX_use_certificate_file(self.context, identity.certificate, SSL_FILETYPE_PEM) == 1)
        try #require(SSL_CTX_use_PrivateKey_file(self.context, identity.key, SSL_FILETYPE_PEM) == 1)
        self.ssl = try #require(SSL_new(self.context))
        self.incoming = try #require(BIO_new(BIO_s_mem()))
        self.outgoing = try #require(BIO_new(BIO_s_mem()))
        SSL_set_bio(self.ssl, self.incoming, self.outgoing)
        SSL_set_accept_state(self.ssl)
    }

    deinit {
        SSL_free(self.ssl)
        SSL_CTX_free(self.context)
    }

    /// Takes bytes of the client and returns what is to be sent to it.
    func exchange(_ bytes: [UInt8], closes: Bool = false) -> [UInt8] {
        BIO_write(self.incoming, bytes, Int32(bytes.count))
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = SSL_read(self.ssl, &buffer, Int32(buffer.count))
            guard count > 0 else { break }
            SSL_write(self.ssl, buffer, count)
        }
        ERR_clear_error()
        if closes { SSL_shutdown(self.ssl) }
        var answer: [UInt8] = []
        while true {
            let count = BIO_read(self.outgoing, &buffer, Int32(buffer.count))
            guard count > 0 else { return answer }
            answer += buffer[..<Int(count)]
        }
    }
}
