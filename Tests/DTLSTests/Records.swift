// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Takes datagrams apart and makes records for tests.
enum Records {
    static let changeCipherSpec: UInt8 = 20
    static let alert: UInt8 = 21
    static let handshake: UInt8 = 22

    /// The records of a well-formed datagram.
    static func split(_ datagram: [UInt8]) -> [[UInt8]] {
        var records: [[UInt8]] = []
        var rest = datagram[...]
        while rest.count >= 13 {
            let start = rest.startIndex
            let size = 13 + Int(rest[start + 11]) << 8 + Int(rest[start + 12])
            records.append([UInt8](rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        return records
    }

    static func epoch(_ record: [UInt8]) -> Int { Int(record[3]) << 8 | Int(record[4]) }

    /// A plaintext record with a sequence number of its own.
    static func plaintext(_ type: UInt8, sequence: UInt8, _ body: [UInt8]) -> [UInt8] {
        [type, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, sequence, UInt8(body.count >> 8), UInt8(body.count & 0xFF)] + body
    }

    /// The cipher suite and the types of the extensions of a ServerHello.
    static func serverHello(_ record: [UInt8]) throws -> (cipher: UInt16, extensions: Set<UInt16>) {
        var reader = ByteReader(record.span)
        try reader.skip(13 + 12 + 2 + 32)
        try reader.skip(Int(reader.u8()))
        let cipher = try reader.u16()
        try reader.skip(1 + 2)
        var extensions: Set<UInt16> = []
        while !reader.isAtEnd {
            try extensions.insert(reader.u16())
            try reader.skip(Int(reader.u16()))
        }
        return (cipher, extensions)
    }
}
