// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The protocol extensions that an endpoint says it supports (RFC 5061 §4.2.7, RFC 3758 §3.1).
package struct SupportedExtensions: OptionSet, Hashable, Sendable, BitwiseCopyable {
    /// One bit for each extension; not what is on the wire.
    package var rawValue: UInt8

    /// Creates a set.
    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// RE-CONFIG.
    package static let reconfig = SupportedExtensions(rawValue: 1)
    /// FORWARD-TSN, said by its own parameter as well as in the list.
    package static let forwardTSN = SupportedExtensions(rawValue: 2)
    /// I-DATA; used only if both sides list it (RFC 8260 §2.2.1).
    package static let interleavedData = SupportedExtensions(rawValue: 4)
    /// I-FORWARD-TSN.
    package static let interleavedForwardTSN = SupportedExtensions(rawValue: 8)
    /// PAD.
    package static let pad = SupportedExtensions(rawValue: 16)

    /// The chunk types, in the order in which they are listed on the wire.
    static let chunkTypes: [(SupportedExtensions, ChunkType)] = [
        (.reconfig, .reconfig),
        (.forwardTSN, .forwardTSN),
        (.interleavedData, .interleavedData),
        (.interleavedForwardTSN, .interleavedForwardTSN),
        (.pad, .pad),
    ]
}

/// INIT and INIT ACK (RFC 9260 §3.3.2, §3.3.3), which differ by the state cookie only.
package struct InitChunk: Hashable, Sendable {
    /// The tag that the receiver puts into each packet to the sender of this chunk.
    package var initiateTag: UInt32
    /// The receive window of the sender in bytes.
    package var advertisedWindow: UInt32
    /// How many streams the sender will send on.
    package var outboundStreams: UInt16
    /// On how many streams the sender lets the receiver send.
    package var inboundStreams: UInt16
    /// The TSN of the first DATA chunk of the sender.
    package var initialTSN: TSN
    /// What the sender supports.
    package var extensions: SupportedExtensions
    /// Whether the sender accepts packets without checksum because of DTLS (RFC 9653 §4, method 1).
    package var acceptsZeroChecksum: Bool
    /// Whether the sender is content with one SACK for many packets.
    package var coalescesSACKs: Bool
    /// The cookie of INIT ACK; empty in INIT.
    package var stateCookie: [UInt8]
    /// Whole parameters to be reported: what was unknown in a received chunk goes into the INIT ACK that answers it.
    package var unrecognized: [[UInt8]]

    /// Creates a chunk.
    package init(
        initiateTag: UInt32,
        advertisedWindow: UInt32,
        outboundStreams: UInt16,
        inboundStreams: UInt16,
        initialTSN: TSN,
        extensions: SupportedExtensions = [],
        acceptsZeroChecksum: Bool = false,
        coalescesSACKs: Bool = false,
        stateCookie: [UInt8] = [],
        unrecognized: [[UInt8]] = []
    ) {
        self.initiateTag = initiateTag
        self.advertisedWindow = advertisedWindow
        self.outboundStreams = outboundStreams
        self.inboundStreams = inboundStreams
        self.initialTSN = initialTSN
        self.extensions = extensions
        self.acceptsZeroChecksum = acceptsZeroChecksum
        self.coalescesSACKs = coalescesSACKs
        self.stateCookie = stateCookie
        self.unrecognized = unrecognized
    }

    /// Reads the value of an INIT chunk, or of an INIT ACK chunk with `isAck`.
    /// - Throws: `MalformedPacket`, of which some cases are answered with an ABORT.
    package init(parsing value: Span<UInt8>, isAck: Bool) throws(MalformedPacket) {
        var reader = ByteReader(value)
        do {
            self.init(
                initiateTag: try reader.u32(),
                advertisedWindow: try reader.u32(),
                outboundStreams: try reader.u16(),
                inboundStreams: try reader.u16(),
                initialTSN: TSN(try reader.u32())
            )
        } catch {
            throw .truncated
        }
        guard self.initiateTag != 0, self.outboundStreams != 0, self.inboundStreams != 0 else {
            throw .invalidMandatoryParameter
        }
        var parameters = FieldReader(at: reader.offset)
        while let parameter = try parameters.next(in: value) {
            guard try self.take(parameter, of: value) else { break }
        }
        if isAck, self.stateCookie.isEmpty { throw .missingStateCookie }
    }

    /// Takes over one parameter; false when the rest is not to be processed.
    private mutating func take(_ parameter: TaggedField, of chunk: Span<UInt8>) throws(MalformedPacket) -> Bool {
        let type = ParameterType(rawValue: parameter.tag)
        let value = chunk.extracting(parameter.value)
        switch type {
        case .stateCookie:
            self.stateCookie = [UInt8](copying: value)
        case .supportedExtensions:
            for index in 0..<value.count {
                for (option, listed) in SupportedExtensions.chunkTypes where listed.rawValue == value[index] {
                    self.extensions.insert(option)
                }
            }
        case .forwardTSNSupported:
            self.extensions.insert(.forwardTSN)
        case .zeroChecksumAcceptable:
            self.acceptsZeroChecksum = value.count == 4 && value[3] == 1 && value[0] | value[1] | value[2] == 0
        case .coalescesSACKs:
            self.coalescesSACKs = true
        case .hostNameAddress:
            throw .hostNameAddress
        case .ipv4Address, .ipv6Address, .cookiePreservative, .supportedAddressTypes, .unrecognized:
            break
        default:
            if type.unrecognizedRule.reports {
                guard self.unrecognized.count < Self.maximumUnrecognized else { throw .tooMany }
                self.unrecognized.append([UInt8](copying: chunk.extracting(parameter.whole)))
            }
            return type.unrecognizedRule.continues
        }
        return true
    }

    /// How many unknown parameters are kept for the report.
    package static let maximumUnrecognized = 16
}

extension ByteWriter {
    /// Writes an INIT chunk, or an INIT ACK chunk with `isAck`.
    package mutating func initChunk(_ chunk: InitChunk, isAck: Bool) {
        self.chunk(isAck ? .initiationAck : .initiation) { writer in
            writer.u32(chunk.initiateTag)
            writer.u32(chunk.advertisedWindow)
            writer.u16(chunk.outboundStreams)
            writer.u16(chunk.inboundStreams)
            writer.u32(chunk.initialTSN.rawValue)
            if !chunk.stateCookie.isEmpty {
                writer.parameter(.stateCookie) { $0.array(chunk.stateCookie) }
            }
            if chunk.extensions.contains(.forwardTSN) {
                writer.parameter(.forwardTSNSupported)
            }
            if !chunk.extensions.isEmpty {
                writer.parameter(.supportedExtensions) { writer in
                    for (option, type) in SupportedExtensions.chunkTypes where chunk.extensions.contains(option) {
                        writer.u8(type.rawValue)
                    }
                }
            }
            if chunk.acceptsZeroChecksum {
                writer.parameter(.zeroChecksumAcceptable) { $0.u32(1) }
            }
            if chunk.coalescesSACKs {
                writer.parameter(.coalescesSACKs)
            }
            for parameter in chunk.unrecognized {
                writer.parameter(.unrecognized) { $0.array(parameter) }
            }
        }
    }
}
