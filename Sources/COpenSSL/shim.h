// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>

// Function-like and computed macros of OpenSSL are not imported into Swift: these functions stand for them.

// Without a cleanup at the end of the process, during which other threads would still use what is freed. Before all else.
static inline void icetalk_leave_cleanup_to_system(void) { OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL); }

static inline EVP_PKEY *icetalk_p256_key(void) { return EVP_EC_gen("P-256"); }

static inline int icetalk_require_dtls12(SSL_CTX *context) {
    return SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) == 1;
}

static inline int icetalk_set_groups(SSL_CTX *context, const char *groups) {
    return SSL_CTX_set1_groups_list(context, groups) == 1;
}

static inline void icetalk_set_options(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline void icetalk_limit_certificates(SSL_CTX *context, long bytes) {
    SSL_CTX_set_max_cert_list(context, bytes);
}

static inline int icetalk_set_mtu(SSL *ssl, long mtu) { return SSL_set_mtu(ssl, mtu) == mtu; }

/// Bytes that the cipher of an established session adds to each plaintext, beside the header of the record.
static inline int icetalk_record_expansion(SSL *ssl) {
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    return cipher && SSL_CIPHER_get_cipher_nid(cipher) == NID_chacha20_poly1305 ? 16 : 24;
}

static inline int icetalk_extended_master_secret(SSL *ssl) { return SSL_get_extms_support(ssl) == 1; }

/// Microseconds until the retransmission timer expires, or -1 when it is stopped.
static inline int64_t icetalk_timeout(SSL *ssl) {
    struct timeval left = {0, 0};
    if (DTLSv1_get_timeout(ssl, &left) != 1) return -1;
    return (int64_t)left.tv_sec * 1000000 + left.tv_usec;
}

/// 1 when the timer had expired and the flight was repeated, 0 when it had not, -1 when it expired too often.
static inline long icetalk_handle_timeout(SSL *ssl) { return DTLSv1_handle_timeout(ssl); }

/// Whether a fatal error ended the connection: errors that only cost a record leave traces on the error stack as well.
static inline int icetalk_has_failed(const SSL *ssl) { return strcmp(SSL_state_string(ssl), "SSLERR") == 0; }

static inline void icetalk_clear_retry(BIO *bio) { BIO_clear_retry_flags(bio); }

static inline void icetalk_set_retry_read(BIO *bio) { BIO_set_retry_read(bio); }

/// TLS 1.2 at least, neither renegotiation nor sessions to resume.
static inline void icetalk_set_tls_options(SSL_CTX *context) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline int icetalk_set_server_name(SSL *ssl, const char *name) {
    return SSL_set_tlsext_host_name(ssl, name) == 1;
}
