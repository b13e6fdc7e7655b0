// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// An IPv4 or IPv6 address.
public enum IPAddress: Hashable, Sendable, BitwiseCopyable {
    /// 32 bits, most significant first.
    case v4(UInt32)
    /// The two halves of 128 bits and the scope (interface index) of a link-local address, 0 where there is none.
    case v6(high: UInt64, low: UInt64, scope: UInt32 = 0)

    /// The address that means "any", of the same family.
    public var unspecified: IPAddress {
        self.isIPv4 ? .v4(0) : .v6(high: 0, low: 0)
    }

    /// Whether this is an IPv4 address.
    public var isIPv4: Bool {
        if case .v4 = self { true } else { false }
    }

    /// Whether this is an IPv6 address.
    public var isIPv6: Bool { !self.isIPv4 }

    /// `0.0.0.0` or `::`.
    public var isUnspecified: Bool {
        switch self {
        case .v4(let bits): bits == 0
        case .v6(let high, let low, _): high == 0 && low == 0
        }
    }

    /// `127.0.0.0/8` or `::1`.
    public var isLoopback: Bool {
        switch self {
        case .v4(let bits): bits >> 24 == 127
        case .v6(let high, let low, _): high == 0 && low == 1
        }
    }

    /// `169.254.0.0/16` or `fe80::/10`.
    public var isLinkLocal: Bool {
        switch self {
        case .v4(let bits): bits >> 16 == 0xA9FE
        case .v6(let high, _, _): high >> 54 == 0x3FA
        }
    }

    /// `224.0.0.0/4`, the broadcast address, or `ff00::/8`.
    public var isMulticast: Bool {
        switch self {
        case .v4(let bits): bits >> 28 == 0xE || bits == .max
        case .v6(let high, _, _): high >> 56 == 0xFF
        }
    }

    /// RFC 1918, RFC 6598 and RFC 4193: reachable only within one network.
    public var isPrivate: Bool {
        switch self {
        case .v4(let bits):
            bits >> 24 == 10 || bits >> 20 == 0xAC1 || bits >> 16 == 0xC0A8 || bits >> 22 == 0x191
        case .v6(let high, _, _): high >> 57 == 0x7E
        }
    }

    /// The IPv4 address inside `::ffff:0:0/96`, otherwise the address itself.
    public var withoutIPv4Mapping: IPAddress {
        guard case .v6(0, let low, _) = self, low >> 32 == 0xFFFF else { return self }
        return .v4(UInt32(truncatingIfNeeded: low))
    }

    /// The same address without a scope, as another host sees it.
    public var withoutScope: IPAddress {
        guard case .v6(let high, let low, _) = self else { return self }
        return .v6(high: high, low: low)
    }
}

extension IPAddress {
    /// Reads an address from its text form (RFC 4291 §2.2 for IPv6, with an optional numeric `%scope`); nil if it is none.
    public init?(_ text: some StringProtocol) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            self.init(ipv6: text)
        } else {
            guard let bits = Self.bits(ipv4: text) else { return nil }
            self = .v4(bits)
        }
    }

    private static func bits(ipv4 text: some StringProtocol) -> UInt32? {
        guard text.utf8.count <= 15 else { return nil }
        var bits: UInt32 = 0
        var parts = 0
        for part in text.split(separator: ".", omittingEmptySubsequences: false) {
            guard let octet = decimal(part, maximum: 255), parts < 4 else { return nil }
            bits = bits << 8 | octet
            parts += 1
        }
        return parts == 4 ? bits : nil
    }

    private init?(ipv6 text: some StringProtocol) {
        guard text.utf8.count <= 64 else { return nil }
        let scoped = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        var scope: UInt32 = 0
        if scoped.count == 2 {
            guard let index = decimal(scoped[1], maximum: .max) else { return nil }
            scope = index
        }
        guard let groups = Self.groups(ipv6: scoped[0]) else { return nil }
        let high = groups[0..<4].reduce(0 as UInt64) { $0 << 16 | UInt64($1) }
        let low = groups[4..<8].reduce(0 as UInt64) { $0 << 16 | UInt64($1) }
        self = .v6(high: high, low: low, scope: scope)
    }

    /// The eight groups of an IPv6 address, with `::` filled in.
    private static func groups(ipv6 text: some StringProtocol) -> [UInt16]? {
        let bytes = Array(text.utf8)
        let colon = UInt8(ascii: ":")
        let gap = bytes.indices.dropLast().first { bytes[$0] == colon && bytes[$0 + 1] == colon }
        guard let gap else {
            guard let groups = Self.run(ipv6: bytes[...]), groups.count == 8 else { return nil }
            return groups
        }
        guard let head = Self.run(ipv6: bytes[..<gap]), let tail = Self.run(ipv6: bytes[(gap + 2)...]),
            head.count + tail.count <= 7
        else { return nil }
        return head + [UInt16](repeating: 0, count: 8 - head.count - tail.count) + tail
    }

    /// Groups between single colons, of which the last may be an IPv4 address; none in an empty text.
    private static func run(ipv6 bytes: ArraySlice<UInt8>) -> [UInt16]? {
        guard !bytes.isEmpty else { return [] }
        let pieces = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (index, piece) in pieces.enumerated() {
            let text = String(decoding: piece, as: UTF8.self)
            if index == pieces.count - 1, piece.contains(UInt8(ascii: ".")) {
                guard let bits = Self.bits(ipv4: text) else { return nil }
                groups.append(UInt16(truncatingIfNeeded: bits >> 16))
                groups.append(UInt16(truncatingIfNeeded: bits))
            } else {
                guard (1...4).contains(piece.count), piece.allSatisfy({ isHexDigit($0) }),
                    let value = UInt16(text, radix: 16)
                else { return nil }
                groups.append(value)
            }
        }
        return groups
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted decimal, or the canonical form of RFC 5952 with `%scope` where there is one.
    public var description: String {
        switch self {
        case .v4(let bits):
            return "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)"
        case .v6(let high, let low, let scope):
            let suffix = scope == 0 ? "" : "%\(scope)"
            if high == 0, low >> 32 == 0xFFFF {
                return "::ffff:\(IPAddress.v4(UInt32(truncatingIfNeeded: low)))\(suffix)"
            }
            return Self.canonical(high: high, low: low) + suffix
        }
    }

    /// RFC 5952 §4: lower case, no leading zeros, `::` for the first longest run of at least two zero groups.
    private static func canonical(high: UInt64, low: UInt64) -> String {
        let groups = (0..<8).map { index in
            UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64(48 - 16 * (index % 4)))
        }
        var longest = 0..<0
        var index = 0
        while index < 8 {
            var end = index
            while end < 8, groups[end] == 0 { end += 1 }
            if end - index > longest.count { longest = index..<end }
            index = max(end, index + 1)
        }
        let hex = groups.map { String($0, radix: 16) }
        guard longest.count >= 2 else { return hex.joined(separator: ":") }
        let head = hex[..<longest.lowerBound].joined(separator: ":")
        return head + "::" + hex[longest.upperBound...].joined(separator: ":")
    }
}

/// Whether a byte is a digit of the hexadecimal system, in either case.
func isHexDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
        UInt8(ascii: "A")...UInt8(ascii: "F"):
        true
    default: false
    }
}

/// A decimal number of plain digits, without a leading zero, up to `maximum`.
private func decimal(_ text: some StringProtocol, maximum: UInt32) -> UInt32? {
    guard !text.isEmpty, text.utf8.count <= 10, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
    guard text.utf8.count == 1 || text.utf8.first != 0x30 else { return nil }
    guard let value = UInt32(text), value <= maximum else { return nil }
    return value
}
