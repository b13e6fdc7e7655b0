// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

/// What to do with a chunk or parameter of an unknown type: its two highest bits say so (RFC 9260 §3.2, §3.2.1).
package enum UnrecognizedRule: UInt8, Sendable {
    /// 00: process nothing further of what holds it.
    case stop = 0
    /// 01: process nothing further, and report it.
    case stopAndReport = 1
    /// 10: go on with the next one.
    case skip = 2
    /// 11: go on with the next one, and report it.
    case skipAndReport = 3

    /// Whether what follows is processed.
    package var continues: Bool { self == .skip || self == .skipAndReport }
    /// Whether the sender is told.
    package var reports: Bool { self == .stopAndReport || self == .skipAndReport }

    /// Creates a rule from two bits.
    init(highBits: UInt8) {
        self =
            switch highBits & 3 {
            case 0: .stop
            case 1: .stopAndReport
            case 2: .skip
            default: .skipAndReport
            }
    }
}

/// The type of a chunk.
package struct ChunkType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    /// The number on the wire.
    package var rawValue: UInt8

    /// Creates a type.
    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// What to do when the type is unknown.
    package var unrecognizedRule: UnrecognizedRule { UnrecognizedRule(highBits: self.rawValue >> 6) }

    /// DATA (RFC 9260 §3.3.1).
    package static let data = ChunkType(rawValue: 0)
    /// INIT (RFC 9260 §3.3.2).
    package static let initiation = ChunkType(rawValue: 1)
    /// INIT ACK (RFC 9260 §3.3.3).
    package static let initiationAck = ChunkType(rawValue: 2)
    /// SACK (RFC 9260 §3.3.4).
    package static let sack = ChunkType(rawValue: 3)
    /// HEARTBEAT (RFC 9260 §3.3.5).
    package static let heartbeat = ChunkType(rawValue: 4)
    /// HEARTBEAT ACK (RFC 9260 §3.3.6).
    package static let heartbeatAck = ChunkType(rawValue: 5)
    /// ABORT (RFC 9260 §3.3.7).
    package static let abort = ChunkType(rawValue: 6)
    /// SHUTDOWN (RFC 9260 §3.3.8).
    package static let shutdown = ChunkType(rawValue: 7)
    /// SHUTDOWN ACK (RFC 9260 §3.3.9).
    package static let shutdownAck = ChunkType(rawValue: 8)
    /// ERROR (RFC 9260 §3.3.10).
    package static let error = ChunkType(rawValue: 9)
    /// COOKIE ECHO (RFC 9260 §3.3.11).
    package static let cookieEcho = ChunkType(rawValue: 10)
    /// COOKIE ACK (RFC 9260 §3.3.12).
    package static let cookieAck = ChunkType(rawValue: 11)
    /// SHUTDOWN COMPLETE (RFC 9260 §3.3.13).
    package static let shutdownComplete = ChunkType(rawValue: 14)
    /// I-DATA (RFC 8260 §2.1).
    package static let interleavedData = ChunkType(rawValue: 0x40)
    /// RE-CONFIG (RFC 6525 §3.1).
    package static let reconfig = ChunkType(rawValue: 0x82)
    /// PAD (RFC 4820 §3).
    package static let pad = ChunkType(rawValue: 0x84)
    /// FORWARD-TSN (RFC 3758 §3.2).
    package static let forwardTSN = ChunkType(rawValue: 0xC0)
    /// I-FORWARD-TSN (RFC 8260 §2.3.1).
    package static let interleavedForwardTSN = ChunkType(rawValue: 0xC2)
}

/// The type of a parameter of a chunk.
package struct ParameterType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
    /// The number on the wire.
    package var rawValue: UInt16

    /// Creates a type.
    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// What to do when the type is unknown.
    package var unrecognizedRule: UnrecognizedRule {
        UnrecognizedRule(highBits: UInt8(truncatingIfNeeded: self.rawValue >> 14))
    }

    /// Heartbeat Info (RFC 9260 §3.3.5).
    package static let heartbeatInfo = ParameterType(rawValue: 1)
    /// IPv4 Address (RFC 9260 §3.3.2.1): without meaning over DTLS (RFC 8261 §6.1).
    package static let ipv4Address = ParameterType(rawValue: 5)
    /// IPv6 Address (RFC 9260 §3.3.2.1): without meaning over DTLS (RFC 8261 §6.1).
    package static let ipv6Address = ParameterType(rawValue: 6)
    /// State Cookie (RFC 9260 §3.3.3.1).
    package static let stateCookie = ParameterType(rawValue: 7)
    /// Unrecognized Parameter (RFC 9260 §3.3.3.1).
    package static let unrecognized = ParameterType(rawValue: 8)
    /// Cookie Preservative (RFC 9260 §3.3.2.1): the life of a cookie is ours to choose.
    package static let cookiePreservative = ParameterType(rawValue: 9)
    /// Host Name Address (RFC 9260 §3.3.2.1): deprecated, and to be refused.
    package static let hostNameAddress = ParameterType(rawValue: 11)
    /// Supported Address Types (RFC 9260 §3.3.2.1).
    package static let supportedAddressTypes = ParameterType(rawValue: 12)
    /// Outgoing SSN Reset Request (RFC 6525 §4.1).
    package static let outgoingReset = ParameterType(rawValue: 13)
    /// Incoming SSN Reset Request (RFC 6525 §4.2).
    package static let incomingReset = ParameterType(rawValue: 14)
    /// SSN/TSN Reset Request (RFC 6525 §4.3).
    package static let associationReset = ParameterType(rawValue: 15)
    /// Re-configuration Response (RFC 6525 §4.4).
    package static let reconfigResponse = ParameterType(rawValue: 16)
    /// Add Outgoing Streams Request (RFC 6525 §4.5).
    package static let addOutgoingStreams = ParameterType(rawValue: 17)
    /// Add Incoming Streams Request (RFC 6525 §4.6).
    package static let addIncomingStreams = ParameterType(rawValue: 18)
    /// Zero Checksum Acceptable (RFC 9653 §4).
    package static let zeroChecksumAcceptable = ParameterType(rawValue: 0x8001)
    /// Supported Extensions (RFC 5061 §4.2.7).
    package static let supportedExtensions = ParameterType(rawValue: 0x8008)
    /// Forward-TSN-Supported (RFC 3758 §3.1).
    package static let forwardTSNSupported = ParameterType(rawValue: 0xC000)
    /// Unassigned, and skipped silently by those who do not know it: the sender is icetalk, whose congestion control does
    /// not need a SACK for every second packet.
    package static let coalescesSACKs = ParameterType(rawValue: 0x80C7)
}
