// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The flags of DATA and I-DATA (RFC 9260 §3.3.1, RFC 8260 §2.1).
package struct DataFlags: OptionSet, Hashable, Sendable, BitwiseCopyable {
    /// The bits on the wire.
    package var rawValue: UInt8

    /// Creates flags; reserved bits are kept out.
    package init(rawValue: UInt8) {
        self.rawValue = rawValue & 0x0F
    }

    /// E: the last fragment of a message.
    package static let end = DataFlags(rawValue: 0x01)
    /// B: the first fragment of a message.
    package static let begin = DataFlags(rawValue: 0x02)
    /// U: the message has no place in the order of its stream.
    package static let unordered = DataFlags(rawValue: 0x04)
    /// I: the sender asks for a SACK without delay (RFC 7053).
    package static let immediate = DataFlags(rawValue: 0x08)
}

/// What precedes the user data in a DATA or I-DATA chunk.
///
/// Both kinds have one shape here, so that reassembly and sending are written once: the field `message` holds the SSN of
/// the one and the MID of the other; `fragment` is 0 in DATA.
package struct DataChunkHeader: Hashable, Sendable, BitwiseCopyable {
    /// Bytes of a DATA chunk before its user data.
    package static let size = 16
    /// Bytes of an I-DATA chunk before its user data.
    package static let interleavedSize = 20

    /// The number of the chunk.
    package var tsn: TSN
    /// The stream of the message.
    package var stream: StreamID
    /// The SSN (16 bits) or the MID of the message.
    package var message: UInt32
    /// The FSN: the place of the fragment in its message; 0 in DATA.
    package var fragment: UInt32
    /// What the message is; I-DATA says so in the first fragment only, the others hold 0 here.
    package var protocolID: PayloadProtocolID
    /// Fragment marks, order, urgency.
    package var flags: DataFlags

    /// Creates a header.
    package init(
        tsn: TSN,
        stream: StreamID,
        message: UInt32,
        fragment: UInt32 = 0,
        protocolID: PayloadProtocolID,
        flags: DataFlags
    ) {
        self.tsn = tsn
        self.stream = stream
        self.message = message
        self.fragment = fragment
        self.protocolID = protocolID
        self.flags = flags
    }

    /// The number of a message of a DATA chunk.
    package var ssn: SSN { SSN(UInt16(truncatingIfNeeded: self.message)) }

    /// Reads the value of a chunk up to its user data, which is the rest of `reader`.
    /// - Throws: `.truncated`, or `.noUserData` where there is none.
    package init(parsing reader: inout ByteReader, flags: UInt8, interleaved: Bool) throws(MalformedPacket) {
        do {
            self.flags = DataFlags(rawValue: flags)
            self.tsn = TSN(try reader.u32())
            self.stream = StreamID(try reader.u16())
            if interleaved {
                try reader.skip(2)
                self.message = try reader.u32()
                let shared = try reader.u32()
                let isFirst = self.flags.contains(.begin)
                self.protocolID = PayloadProtocolID(isFirst ? shared : 0)
                self.fragment = isFirst ? 0 : shared
            } else {
                self.message = UInt32(try reader.u16())
                self.protocolID = PayloadProtocolID(try reader.u32())
                self.fragment = 0
            }
        } catch {
            throw .truncated
        }
        guard reader.remaining > 0 else { throw .noUserData(self.tsn) }
    }
}

extension ByteWriter {
    /// Writes a DATA or I-DATA chunk.
    package mutating func dataChunk(_ header: DataChunkHeader, interleaved: Bool = false, payload: Span<UInt8>) {
        self.chunk(interleaved ? .interleavedData : .data, flags: header.flags.rawValue) { writer in
            writer.u32(header.tsn.rawValue)
            writer.u16(header.stream.rawValue)
            if interleaved {
                writer.u16(0)
                writer.u32(header.message)
                writer.u32(header.flags.contains(.begin) ? header.protocolID.rawValue : header.fragment)
            } else {
                writer.u16(header.ssn.rawValue)
                writer.u32(header.protocolID.rawValue)
            }
            writer.span(payload)
        }
    }
}
