// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

extension SocketAddress {
    /// Reads the value of MAPPED-ADDRESS (RFC 8489 §14.1), or of XOR-MAPPED-ADDRESS (§14.2) when a transaction is given.
    package init?(stunValue value: Span<UInt8>, xor id: TransactionID?) {
        guard let address = try? Self.read(value, mask: AddressMask(id)) else { return nil }
        self = address
    }

    private static func read(_ value: Span<UInt8>, mask: AddressMask) throws(Truncated) -> SocketAddress? {
        var reader = ByteReader(value)
        try reader.skip(1)
        let family = try reader.u8()
        let port = try reader.u16() ^ mask.port
        let ip: IPAddress
        switch family {
        case 0x01: ip = .v4(try reader.u32() ^ mask.first)
        case 0x02: ip = .v6(high: try reader.u64() ^ mask.high, low: try reader.u64() ^ mask.low)
        default: return nil
        }
        return reader.isAtEnd ? SocketAddress(ip, port: port) : nil
    }
}

extension ByteWriter {
    /// Appends the value of MAPPED-ADDRESS, or of XOR-MAPPED-ADDRESS when a transaction is given; no scope travels.
    package mutating func stunAddress(_ address: SocketAddress, xor id: TransactionID?) {
        let mask = AddressMask(id)
        self.u8(0)
        self.u8(address.ip.isIPv4 ? 0x01 : 0x02)
        self.u16(address.port ^ mask.port)
        switch address.ip {
        case .v4(let bits):
            self.u32(bits ^ mask.first)
        case .v6(let high, let low, _):
            self.u64(high ^ mask.high)
            self.u64(low ^ mask.low)
        }
    }
}

/// What an address is combined with: the magic cookie followed by the transaction (RFC 8489 §14.2), or nothing.
private struct AddressMask {
    let high: UInt64
    let low: UInt64

    init(_ id: TransactionID?) {
        self.high = id.map { UInt64(STUNMessage.magicCookie) << 32 | UInt64($0.high) } ?? 0
        self.low = id?.low ?? 0
    }

    var port: UInt16 { UInt16(truncatingIfNeeded: self.high >> 48) }
    var first: UInt32 { UInt32(truncatingIfNeeded: self.high >> 32) }
}
