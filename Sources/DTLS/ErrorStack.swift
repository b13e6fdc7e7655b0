// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// The error stack that OpenSSL keeps for each thread.
enum ErrorStack {
    /// `SSL_AD_REASON_OFFSET`: a reason at least this great is an alert that the peer sent.
    private static let alertOffset: Int32 = 1000
    /// OpenSSL keeps 16 errors at most.
    private static let depth = 16

    /// Forgets what earlier calls left behind, as `SSL_get_error` would mistake it for the outcome of the next call.
    static func clear() {
        if ERR_peek_error() != 0 {
            ERR_clear_error()
        }
    }

    /// Empties the stack into the error of an operation of the environment.
    static func library(_ operation: String) -> DTLSError {
        .library(operation: operation, detail: Self.drain().text)
    }

    /// Empties the stack into the reason why a connection failed.
    static func connectionFailure() -> DTLSError {
        let (text, reasons) = Self.drain()
        if reasons.contains(SSL_R_READ_TIMEOUT_EXPIRED) {
            return .timedOut
        }
        if let alert = reasons.first(where: { $0 > Self.alertOffset && $0 <= Self.alertOffset + 255 }) {
            return .peerAlert(UInt8(truncatingIfNeeded: alert - Self.alertOffset))
        }
        return .protocolViolation(text)
    }

    /// Takes all errors off the stack: their texts, oldest first, and the reasons of those that are libssl's.
    private static func drain() -> (text: String, reasons: [Int32]) {
        var texts: [String] = []
        var reasons: [Int32] = []
        for _ in 0..<Self.depth {
            let code = ERR_get_error()
            guard code != 0 else { break }
            if ERR_GET_LIB(code) == ERR_LIB_SSL {
                reasons.append(ERR_GET_REASON(code))
            }
            texts.append(Self.text(of: code))
        }
        return (texts.isEmpty ? "no reason given" : texts.joined(separator: "; "), reasons)
    }

    private static func text(of code: UInt) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            ERR_error_string_n(code, buffer.baseAddress, buffer.count)
            return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
