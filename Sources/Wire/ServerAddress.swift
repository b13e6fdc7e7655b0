// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// A server as people write it: `stun.example`, `stun.example:3478`, `192.0.2.1:3478`, `[2001:db8::1]:3478`.
package struct ServerAddress: Hashable, Sendable {
    /// A name to look up, or an address.
    package enum Host: Hashable, Sendable {
        /// A DNS name, in lower case.
        case name(String)
        /// An address.
        case address(IPAddress)
    }

    /// Why a text is no server.
    package enum Malformed: Error, Hashable, Sendable {
        /// There is no host.
        case missingHost
        /// A bracket without its other, or something between it and the port.
        case misplacedBracket
        /// Between brackets, or with many colons, there must be an IPv6 address.
        case badAddress
        /// Not a DNS name: 1 to 63 letters, digits and hyphens between dots, at most 253 in all, the last not a number.
        case badName
        /// Not a number from 1 to 65535.
        case badPort
    }

    /// Where to look.
    package var host: Host
    /// The port, if it was said.
    package var port: UInt16?

    /// Creates a server address.
    package init(_ host: Host, port: UInt16? = nil) {
        self.host = host
        self.port = port
    }

    /// Reads `host`, `host:port`, `[address]`, `[address]:port` or an IPv6 address without a port.
    package init(parsing text: String) throws(Malformed) {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw .misplacedBracket }
            guard let ip = IPAddress(text[..<end].dropFirst()), ip.isIPv6 else { throw .badAddress }
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { throw .misplacedBracket }
            self.init(.address(ip), port: rest.isEmpty ? nil : try Self.port(rest.dropFirst()))
            return
        }
        guard !text.contains("]") else { throw .misplacedBracket }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2 else {
            guard let ip = IPAddress(text) else { throw .badAddress }
            self.init(.address(ip))
            return
        }
        guard let name = parts.first, !name.isEmpty else { throw .missingHost }
        let port = parts.count == 2 ? try Self.port(parts[1]) : nil
        if let ip = IPAddress(name) {
            self.init(.address(ip), port: port)
        } else {
            self.init(.name(try Self.name(name)), port: port)
        }
    }

    private static func port(_ text: Substring) throws(Malformed) -> UInt16 {
        guard text.utf8.allSatisfy(isDigit), let port = UInt16(text), port > 0 else { throw .badPort }
        return port
    }

    /// RFC 1123 §2.1, with the underscores that are in use, and with a dot at the end or without.
    private static func name(_ text: Substring) throws(Malformed) -> String {
        let absolute = text.hasSuffix(".") ? text.dropLast() : text
        let labels = absolute.split(separator: ".", omittingEmptySubsequences: false)
        guard absolute.utf8.count <= 253, labels.allSatisfy(Self.isLabel) else { throw .badName }
        // The system would take such a name for an address in an old notation.
        guard let last = labels.last, !last.utf8.allSatisfy(isDigit), !last.lowercased().hasPrefix("0x") else {
            throw .badName
        }
        return text.lowercased()
    }

    private static func isLabel(_ label: Substring) -> Bool {
        let bytes = label.utf8
        guard (1...63).contains(bytes.count), bytes.first != hyphen, bytes.last != hyphen else { return false }
        return bytes.allSatisfy { byte in
            isDigit(byte) || byte == hyphen || byte == UInt8(ascii: "_")
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
    }
}

extension ServerAddress: CustomStringConvertible {
    /// As it is written, in its shortest form.
    package var description: String {
        switch (self.host, self.port) {
        case (.name(let name), nil): name
        case (.name(let name), let port?): "\(name):\(port)"
        case (.address(let ip), nil): "\(ip)"
        case (.address(let ip), let port?): SocketAddress(ip, port: port).description
        }
    }
}

extension ServerAddress {
    /// As it stands in a URI (RFC 7064, RFC 7065): an IPv6 address is in brackets.
    package var inURI: String {
        if case .address(let ip) = self.host, ip.isIPv6, self.port == nil { "[\(ip)]" } else { self.description }
    }
}

extension ServerAddress.Malformed: CustomStringConvertible {
    /// For a message to the user.
    package var description: String {
        switch self {
        case .missingHost: "there is no host"
        case .misplacedBracket: "brackets go around an IPv6 address"
        case .badAddress: "not an IPv6 address"
        case .badName: "not a host name"
        case .badPort: "not a port number"
        }
    }
}

private let hyphen = UInt8(ascii: "-")

private func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}
