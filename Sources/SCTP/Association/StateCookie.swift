// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Wire

/// What the peer said in INIT or INIT ACK.
struct PeerEndpoint: Hashable, Sendable {
    /// The tag that goes into each packet to the peer.
    var tag: UInt32
    /// The first TSN of the peer.
    var initialTSN: TSN
    /// a_rwnd before any data.
    var window: UInt32
    /// On how many streams the peer sends.
    var outboundStreams: UInt16
    /// On how many streams the peer can receive.
    var inboundStreams: UInt16
    /// What the peer supports.
    var extensions: SupportedExtensions
    /// Whether the peer accepts packets without checksum.
    var acceptsZeroChecksum: Bool
    /// Whether the peer is content with one SACK for many packets.
    var coalescesSACKs: Bool

    /// Takes over what a chunk says.
    init(_ chunk: InitChunk) {
        self.tag = chunk.initiateTag
        self.initialTSN = chunk.initialTSN
        self.window = chunk.advertisedWindow
        self.outboundStreams = chunk.outboundStreams
        self.inboundStreams = chunk.inboundStreams
        self.extensions = chunk.extensions
        self.acceptsZeroChecksum = chunk.acceptsZeroChecksum
        self.coalescesSACKs = chunk.coalescesSACKs
    }

    /// Reads what `write(to:)` wrote.
    init(parsing reader: inout ByteReader) throws(Truncated) {
        self.tag = try reader.u32()
        self.initialTSN = TSN(try reader.u32())
        self.window = try reader.u32()
        self.outboundStreams = try reader.u16()
        self.inboundStreams = try reader.u16()
        self.extensions = SupportedExtensions(rawValue: try reader.u8())
        let flags = try reader.u8()
        self.acceptsZeroChecksum = flags & 1 != 0
        self.coalescesSACKs = flags & 2 != 0
    }

    /// Writes all of it into a cookie.
    func write(to writer: inout ByteWriter) {
        writer.u32(self.tag)
        writer.u32(self.initialTSN.rawValue)
        writer.u32(self.window)
        writer.u16(self.outboundStreams)
        writer.u16(self.inboundStreams)
        writer.u8(self.extensions.rawValue)
        writer.u8((self.acceptsZeroChecksum ? 1 : 0) | (self.coalescesSACKs ? 2 : 0))
    }
}

/// All that is needed to make an association when it comes back (RFC 9260 §5.1.3): nothing is kept until then.
struct StateCookie: Hashable, Sendable {
    /// When it was made.
    var createdAt: Instant
    /// The tag that this side chose.
    var localTag: UInt32
    /// The first TSN of this side.
    var localInitialTSN: TSN
    /// The tags of the association that existed already; zeros if there was none (RFC 9260 §5.2.2).
    var tieTags: TieTags
    /// What the INIT said.
    var peer: PeerEndpoint

    /// The two tags of an association that an INIT arrived for.
    struct TieTags: Hashable, Sendable {
        /// The tag of this side.
        var local: UInt32 = 0
        /// The tag of the peer.
        var peer: UInt32 = 0
    }

    /// Creates a cookie.
    init(createdAt: Instant, localTag: UInt32, localInitialTSN: TSN, tieTags: TieTags, peer: PeerEndpoint) {
        self.createdAt = createdAt
        self.localTag = localTag
        self.localInitialTSN = localInitialTSN
        self.tieTags = tieTags
        self.peer = peer
    }

    /// Reads a cookie that came back.
    ///
    /// - Returns: nil if it was not signed with `key`.
    init?(_ bytes: Span<UInt8>, key: Key) {
        let count = bytes.count - Self.signatureSize
        guard count > 0 else { return nil }
        let signature = key.sign([UInt8](copying: bytes.extracting(0..<count)))
        guard constantTimeEqual(signature.span, bytes.extracting(count..<bytes.count)) else { return nil }
        var reader = ByteReader(bytes.extracting(0..<count))
        do {
            self.createdAt = Instant(nanoseconds: try reader.u64())
            self.localTag = try reader.u32()
            self.localInitialTSN = TSN(try reader.u32())
            self.tieTags = TieTags(local: try reader.u32(), peer: try reader.u32())
            self.peer = try PeerEndpoint(parsing: &reader)
        } catch {
            return nil
        }
    }

    /// The cookie as bytes, signed.
    func signed(with key: Key) -> [UInt8] {
        var writer = ByteWriter()
        writer.u64(self.createdAt.nanoseconds)
        writer.u32(self.localTag)
        writer.u32(self.localInitialTSN.rawValue)
        writer.u32(self.tieTags.local)
        writer.u32(self.tieTags.peer)
        self.peer.write(to: &writer)
        let signature = key.sign(writer.bytes)
        writer.array(signature)
        return writer.bytes
    }

    /// The secret that cookies of one association object are signed with.
    struct Key: Sendable {
        private let key: SymmetricKey

        /// Draws a key.
        init(random: inout RandomSource) {
            self.key = SymmetricKey(data: random.bytes(32))
        }

        /// HMAC-SHA256 of `bytes`.
        func sign(_ bytes: [UInt8]) -> [UInt8] {
            [UInt8](HMAC<SHA256>.authenticationCode(for: bytes, using: self.key))
        }
    }

    /// Bytes of HMAC-SHA256.
    private static let signatureSize = 32
}
