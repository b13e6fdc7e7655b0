// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// What all TLS connections of a program have in common: whom they trust.
///
/// Sendable because the `SSL_CTX` is configured before the initializer returns and never changed afterwards; libssl
/// counts its references atomically and allows `SSL_new` on any thread.
package final class TLSClientContext: @unchecked Sendable {
    let pointer: OpaquePointer
    let verifies: Bool

    /// Trusts the authorities that the system trusts; `SSL_CERT_FILE` and `SSL_CERT_DIR` name others.
    ///
    /// Without `verifies`, whoever answers is taken for the server.
    package init(verifies: Bool = true) throws(TLSError) {
        icetalk_leave_cleanup_to_system()
        guard let pointer = SSL_CTX_new(TLS_client_method()) else { throw ErrorStack.library("SSL_CTX_new") }
        icetalk_set_tls_options(pointer)
        SSL_CTX_set_verify(pointer, verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nil)
        guard !verifies || SSL_CTX_set_default_verify_paths(pointer) == 1 else {
            SSL_CTX_free(pointer)
            throw ErrorStack.library("SSL_CTX_set_default_verify_paths")
        }
        self.pointer = pointer
        self.verifies = verifies
        // A file that is not there leaves traces and is no failure.
        ERR_clear_error()
    }

    deinit {
        SSL_CTX_free(self.pointer)
    }
}
