// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SCTP
import Wire

/// A message of the Data Channel Establishment Protocol (RFC 8832 §5).
package enum EstablishmentMessage: Hashable, Sendable {
    /// DATA_CHANNEL_OPEN: the stream on which it comes is a channel from now on.
    case open(DataChannelParameters)
    /// DATA_CHANNEL_ACK.
    case acknowledgement

    /// Reads a message; what follows its last field is ignored.
    ///
    /// Names that are not UTF-8 are repaired: they are for people.
    /// - Throws: `MalformedEstablishment`.
    package init(parsing bytes: Span<UInt8>) throws(MalformedEstablishment) {
        var reader = ByteReader(bytes)
        do {
            switch try reader.u8() {
            case Self.openType:
                let type = try reader.u8()
                let priority = try reader.u16()
                let parameter = try reader.u32()
                let labelCount = Int(try reader.u16())
                let protocolCount = Int(try reader.u16())
                let label = String(decoding: try reader.array(labelCount), as: UTF8.self)
                let protocolName = String(decoding: try reader.array(protocolCount), as: UTF8.self)
                self = .open(
                    DataChannelParameters(
                        label: label,
                        protocolName: protocolName,
                        isOrdered: type & Self.unorderedBit == 0,
                        reliability: .reliable,
                        priority: priority
                    )
                )
                try self.setReliability(type: type, parameter: parameter)
            case Self.acknowledgementType:
                self = .acknowledgement
            case let other:
                throw MalformedEstablishment.unknownMessage(other)
            }
        } catch let error as MalformedEstablishment {
            throw error
        } catch {
            throw .truncated
        }
    }

    /// The message on the wire; its names must not be longer than 65,535 bytes each.
    package var bytes: [UInt8] {
        guard case .open(let parameters) = self else { return [Self.acknowledgementType] }
        var writer = ByteWriter(capacity: 64)
        writer.u8(Self.openType)
        let unordered = parameters.isOrdered ? 0 : Self.unorderedBit
        let parameter: UInt32
        switch parameters.reliability {
        case .reliable:
            writer.u8(unordered)
            parameter = 0
        case .retransmits(let count):
            writer.u8(unordered | Self.retransmitsType)
            parameter = count
        case .lifetime(let duration):
            writer.u8(unordered | Self.lifetimeType)
            parameter = UInt32(clamping: duration.wholeNanoseconds / 1_000_000)
        }
        writer.u16(parameters.priority)
        writer.u32(parameter)
        let label = [UInt8](parameters.label.utf8)
        let protocolName = [UInt8](parameters.protocolName.utf8)
        writer.u16(UInt16(clamping: label.count))
        writer.u16(UInt16(clamping: protocolName.count))
        writer.array(label)
        writer.array(protocolName)
        return writer.bytes
    }

    private mutating func setReliability(type: UInt8, parameter: UInt32) throws(MalformedEstablishment) {
        guard case .open(var parameters) = self else { return }
        switch type & ~Self.unorderedBit {
        case 0: parameters.reliability = .reliable
        case Self.retransmitsType: parameters.reliability = .retransmits(parameter)
        case Self.lifetimeType: parameters.reliability = .lifetime(.milliseconds(Int64(parameter)))
        default: throw .unknownChannelType(type)
        }
        self = .open(parameters)
    }

    private static let openType: UInt8 = 3
    private static let acknowledgementType: UInt8 = 2
    private static let unorderedBit: UInt8 = 0x80
    private static let retransmitsType: UInt8 = 1
    private static let lifetimeType: UInt8 = 2
}

/// What is wrong with a DCEP message of the peer.
package enum MalformedEstablishment: Error, Equatable, Sendable {
    /// It ends too early.
    case truncated
    /// It is neither OPEN nor ACK (RFC 8832 §8.2.1).
    case unknownMessage(UInt8)
    /// The channel type is not one of RFC 8832 §8.2.2.
    case unknownChannelType(UInt8)
}
