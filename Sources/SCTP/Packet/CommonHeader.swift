// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The 12 bytes that begin each packet (RFC 9260 §3.1), without the checksum, which is not of interest once verified.
package struct CommonHeader: Hashable, Sendable, BitwiseCopyable {
    /// How many bytes the header takes.
    package static let size = 12

    /// The port of the sender.
    package var sourcePort: UInt16
    /// The port of the receiver.
    package var destinationPort: UInt16
    /// The tag that the receiver chose; 0 on a packet with INIT.
    package var verificationTag: UInt32

    /// Creates a header.
    package init(sourcePort: UInt16, destinationPort: UInt16, verificationTag: UInt32) {
        self.sourcePort = sourcePort
        self.destinationPort = destinationPort
        self.verificationTag = verificationTag
    }

    /// Reads the header of a packet and verifies the checksum of all of it.
    ///
    /// A checksum of zero is taken for right only with `acceptsZeroChecksum`: after we declared so to the peer, on a
    /// transport that has an integrity check of its own (RFC 9653 §5.3).
    /// - Throws: `.truncated` or `.checksum`.
    package init(verifying packet: Span<UInt8>, acceptsZeroChecksum: Bool = false) throws(MalformedPacket) {
        var reader = ByteReader(packet)
        let checksum: UInt32
        do {
            self.sourcePort = try reader.u16()
            self.destinationPort = try reader.u16()
            self.verificationTag = try reader.u32()
            checksum = try reader.u32().byteSwapped
        } catch {
            throw .truncated
        }
        if acceptsZeroChecksum, checksum == 0 { return }
        guard checksum == Checksum.compute(over: packet) else { throw .checksum }
    }
}

extension ByteWriter {
    /// Begins a packet: the writer holds nothing but this packet until it is finished.
    package mutating func beginPacket(_ header: CommonHeader) {
        self.removeAll()
        self.u16(header.sourcePort)
        self.u16(header.destinationPort)
        self.u32(header.verificationTag)
        self.u32(0)
    }

    /// Ends a packet with its CRC32C, which stands least significant byte first (RFC 9260 §6.8).
    ///
    /// Without one only where the peer accepts that (RFC 9653 §5.2), and never on a packet with INIT or COOKIE ECHO.
    package mutating func finishPacket(zeroChecksum: Bool = false) {
        self.pad(to: 4)
        if zeroChecksum { return }
        let crc = Checksum.compute(over: self.bytes.span)
        self.patch(u32: crc.byteSwapped, at: Checksum.offset)
    }
}
