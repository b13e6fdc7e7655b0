// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A certificate authority in a directory of its own, made with the `openssl` program; removed with its last reference.
final class Authority {
    /// A certificate with its key, as files.
    struct Identity {
        let certificate: String
        let key: String
    }

    let directory: String

    init() throws {
        self.directory = NSTemporaryDirectory() + "icetalk-ca-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: self.directory, withIntermediateDirectories: false)
        try self.openssl(
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=test CA",
            "-days",
            "30",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem"
        )
    }

    deinit {
        try? FileManager.default.removeItem(atPath: self.directory)
    }

    /// The file with the authority's own certificate.
    var certificate: String { self.directory + "/ca.pem" }

    /// A certificate for the names (`DNS:relay.example,IP:192.0.2.1`); one that has expired counts from years ago.
    func issue(for names: String, isExpired: Bool = false) throws -> Identity {
        let base = UUID().uuidString
        try "subjectAltName=\(names)\n".write(
            toFile: self.directory + "/\(base).ext",
            atomically: true,
            encoding: .utf8
        )
        try self.openssl(
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=server",
            "-keyout",
            "\(base).key",
            "-out",
            "\(base).csr"
        )
        try self.openssl(
            "x509",
            "-req",
            "-in",
            "\(base).csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            isExpired ? "-1" : "30",
            "-extfile",
            "\(base).ext",
            "-out",
            "\(base).pem"
        )
        return Identity(certificate: "\(self.directory)/\(base).pem", key: "\(self.directory)/\(base).key")
    }

    private func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: self.directory)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "openssl \(arguments)")
    }
}
