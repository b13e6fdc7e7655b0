// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// What goes wrong in TLS.
package enum TLSError: Error, Hashable, Sendable {
    /// The certificate of the server is not good.
    case certificate(CertificateProblem)
    /// The server sent a fatal alert (RFC 8446 §6).
    case alert(UInt8)
    /// What answers does not speak TLS.
    case notTLS
    /// The server violated the protocol; the text is libssl's.
    case protocolViolation(String)
    /// The environment's fault: libssl refused; the text names the operation and the reason.
    case library(operation: String, detail: String)
}

/// What is wrong with a certificate.
package enum CertificateProblem: Hashable, Sendable {
    /// Its time is over.
    case expired
    /// Its time has not come; perhaps the clock of this host is wrong.
    case notYetValid
    /// It leads to no authority that this host trusts.
    case unknownIssuer
    /// It is for another name.
    case wrongName
    /// The authority took it back.
    case revoked
    /// Anything else; the text is libcrypto's.
    case other(String)

    /// The problem that a result of the verification (`X509_V_ERR_…`) means.
    init(_ result: Int) {
        switch Int32(truncatingIfNeeded: result) {
        case X509_V_ERR_CERT_HAS_EXPIRED: self = .expired
        case X509_V_ERR_CERT_NOT_YET_VALID: self = .notYetValid
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
            X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_CERT_UNTRUSTED:
            self = .unknownIssuer
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: self = .wrongName
        case X509_V_ERR_CERT_REVOKED: self = .revoked
        default:
            let text = X509_verify_cert_error_string(result).map { String(cString: $0) }
            self = .other(text ?? "error \(result)")
        }
    }
}

extension CertificateProblem: CustomStringConvertible {
    /// The rest of a sentence that begins with the certificate.
    package var description: String {
        switch self {
        case .expired: "has expired"
        case .notYetValid: "is not valid yet, unless the clock of this host is wrong"
        case .unknownIssuer: "is from no authority that this host trusts (SSL_CERT_FILE names others)"
        case .wrongName: "is for another name"
        case .revoked: "was revoked"
        case .other(let text): "is not good: \(text)"
        }
    }
}

extension TLSError: CustomStringConvertible {
    /// One line for people.
    package var description: String {
        switch self {
        case .certificate(let problem): "the certificate \(problem)"
        case .alert(let alert): "TLS alert \(alert)"
        case .notTLS: "what answers does not speak TLS"
        case .protocolViolation(let detail): "TLS protocol violation: \(detail)"
        case .library(let operation, let detail): "\(operation) failed: \(detail)"
        }
    }
}

/// The error stack that OpenSSL keeps for each thread.
enum ErrorStack {
    /// OpenSSL keeps 16 errors at most.
    private static let depth = 16
    /// `SSL_AD_REASON_OFFSET`: a reason at least this great is an alert that the server sent.
    private static let alertOffset: Int32 = 1000

    /// Empties the stack into the error of an operation of the environment.
    static func library(_ operation: String) -> TLSError {
        .library(operation: operation, detail: Self.drain().text)
    }

    /// Empties the stack into the reason why a connection failed.
    static func connectionFailure() -> TLSError {
        let (text, reasons) = Self.drain()
        if let alert = reasons.first(where: { $0 > Self.alertOffset && $0 <= Self.alertOffset + 255 }) {
            return .alert(UInt8(truncatingIfNeeded: alert - Self.alertOffset))
        }
        let foreign = [SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_UNKNOWN_PROTOCOL, SSL_R_BAD_RECORD_TYPE]
        return reasons.contains(where: foreign.contains) ? .notTLS : .protocolViolation(text)
    }

    /// Takes all errors off the stack: the text of the oldest, and the reasons of those that are libssl's.
    private static func drain() -> (text: String, reasons: [Int32]) {
        var text: String?
        var reasons: [Int32] = []
        for _ in 0..<Self.depth {
            let code = ERR_get_error()
            guard code != 0 else { break }
            if ERR_GET_LIB(code) == ERR_LIB_SSL { reasons.append(ERR_GET_REASON(code)) }
            text = text ?? ERR_reason_error_string(code).map { String(cString: $0) }
        }
        return (text ?? "no reason given", reasons)
    }
}
