// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import COpenSSL

/// `w` of RFC 9382 §3.2: a password, stretched and reduced.
///
/// It has no description, so that no log and no screen ever shows it.
package struct PasswordScalar: Sendable {
    let bytes: [UInt8]

    /// Takes 32 bytes as they are in the RFC's vectors; tests only.
    init(bytes: [UInt8]) {
        self.bytes = bytes
    }
}

extension PasswordScalar: CustomStringConvertible, CustomReflectable {
    /// Nothing of the password.
    package var description: String { "PasswordScalar" }

    /// Nothing of the password.
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The work that makes a password a `PasswordScalar`: scrypt (RFC 7914), then reduction by the order of the group.
///
/// scrypt takes 16 MiB and some 40 ms with these parameters: whoever wants to try the words of a code against a recorded
/// exchange gains nothing at all, since SPAKE2 gives nothing to try them against; the stretching is for the day on which
/// P-256 falls.
package struct PasswordStretching: Sendable {
    /// RFC 9382 §3.2: so many bytes more than the order has that the reduction is not biased.
    private static let outputCount = 48
    private static let cost: UInt64 = 1 << 14
    private static let blockSize: UInt64 = 8
    private static let parallelization: UInt64 = 1
    private static let maximumMemory: UInt64 = 64 << 20

    private let password: [UInt8]
    private let salt: [UInt8]

    /// Names the password, and what makes it different from the same password elsewhere.
    package init(password: [UInt8], salt: [UInt8]) {
        self.password = password
        self.salt = salt
    }

    /// Does the work; on any thread.
    package func run() throws(SPAKE2Error) -> PasswordScalar {
        var output = [UInt8](repeating: 0, count: Self.outputCount)
        let password = self.password.map { CChar(bitPattern: $0) }
        let status = EVP_PBE_scrypt(
            password,
            password.count,
            self.salt,
            self.salt.count,
            Self.cost,
            Self.blockSize,
            Self.parallelization,
            Self.maximumMemory,
            &output,
            output.count
        )
        guard status == 1 else { throw .library("EVP_PBE_scrypt") }
        let group = try P256()
        let scalar = try Scalar(reducing: output, in: group)
        // Nobody meets this by chance; a share that is not blinded would be one.
        guard !scalar.isZero else { throw .library("zero") }
        return PasswordScalar(bytes: try scalar.bytes())
    }
}

extension PasswordStretching: CustomStringConvertible, CustomReflectable {
    /// Nothing of the password.
    package var description: String { "PasswordStretching" }

    /// Nothing of the password.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
