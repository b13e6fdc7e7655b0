// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// HEARTBEAT and HEARTBEAT ACK (RFC 9260 §3.3.5, §3.3.6): one parameter with bytes that only their sender understands.
package enum Heartbeat {
    /// Where the information stands in the value of a chunk.
    /// - Throws: `.truncated`, `.length`, or `.unexpectedValue` when the parameter is missing.
    package static func information(in value: Span<UInt8>) throws(MalformedPacket) -> Range<Int> {
        var fields = FieldReader()
        guard let field = try fields.next(in: value), field.tag == ParameterType.heartbeatInfo.rawValue else {
            throw .unexpectedValue
        }
        return field.value
    }
}

/// SHUTDOWN (RFC 9260 §3.3.8).
package struct ShutdownChunk: Hashable, Sendable, BitwiseCopyable {
    /// All TSNs up to this one arrived.
    package var cumulativeTSN: TSN

    /// Creates a chunk.
    package init(cumulativeTSN: TSN) {
        self.cumulativeTSN = cumulativeTSN
    }

    /// Reads the value of a chunk.
    /// - Throws: `.truncated`.
    package init(parsing value: Span<UInt8>) throws(MalformedPacket) {
        var reader = ByteReader(value)
        do {
            self.cumulativeTSN = TSN(try reader.u32())
        } catch {
            throw .truncated
        }
    }
}

extension ByteWriter {
    /// Writes a HEARTBEAT chunk, or with `isAck` the HEARTBEAT ACK that echoes one.
    package mutating func heartbeatChunk(information: Span<UInt8>, isAck: Bool = false) {
        self.field(UInt16((isAck ? ChunkType.heartbeatAck : .heartbeat).rawValue) << 8) { _ in }
        let start = self.count
        self.u16(ParameterType.heartbeatInfo.rawValue)
        self.u16(UInt16(truncatingIfNeeded: information.count + FieldReader.headerSize))
        self.span(information)
        self.patch(u16: UInt16(truncatingIfNeeded: self.count - start + FieldReader.headerSize), at: start - 2)
    }

    /// Writes a SHUTDOWN chunk.
    package mutating func shutdownChunk(_ chunk: ShutdownChunk) {
        self.chunk(.shutdown) { $0.u32(chunk.cumulativeTSN.rawValue) }
    }

    /// Writes a SHUTDOWN COMPLETE chunk; `reflectsTag` sets the T bit.
    package mutating func shutdownCompleteChunk(reflectsTag: Bool = false) {
        self.chunk(.shutdownComplete, flags: reflectsTag ? 1 : 0)
    }

    /// Writes a COOKIE ECHO chunk.
    package mutating func cookieEchoChunk(_ cookie: [UInt8]) {
        self.chunk(.cookieEcho) { $0.array(cookie) }
    }

    /// Writes a PAD chunk of `size` bytes with its header, rounded up to a multiple of four (RFC 4820 §3).
    package mutating func padChunk(size: Int) {
        self.chunk(.pad) { writer in
            for _ in 0..<max(0, size - FieldReader.headerSize) {
                writer.u8(0)
            }
        }
    }
}
