// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import STUN
package import Wire

extension Method {
    /// Allocate (RFC 8656 §17).
    package static let allocate = Method(rawValue: 0x003)
    /// Refresh (RFC 8656 §17).
    package static let refresh = Method(rawValue: 0x004)
    /// Send, an indication (RFC 8656 §17).
    package static let send = Method(rawValue: 0x006)
    /// Data, an indication (RFC 8656 §17).
    package static let data = Method(rawValue: 0x007)
    /// CreatePermission (RFC 8656 §17).
    package static let createPermission = Method(rawValue: 0x008)
    /// ChannelBind (RFC 8656 §17).
    package static let channelBind = Method(rawValue: 0x009)
}

extension AttributeType {
    /// CHANNEL-NUMBER (RFC 8656 §18.1).
    package static let channelNumber = AttributeType(rawValue: 0x000C)
    /// LIFETIME (RFC 8656 §18.2).
    package static let lifetime = AttributeType(rawValue: 0x000D)
    /// XOR-PEER-ADDRESS (RFC 8656 §18.3).
    package static let xorPeerAddress = AttributeType(rawValue: 0x0012)
    /// DATA (RFC 8656 §18.4).
    package static let data = AttributeType(rawValue: 0x0013)
    /// XOR-RELAYED-ADDRESS (RFC 8656 §18.5).
    package static let xorRelayedAddress = AttributeType(rawValue: 0x0016)
    /// REQUESTED-ADDRESS-FAMILY (RFC 8656 §18.6).
    package static let requestedAddressFamily = AttributeType(rawValue: 0x0017)
    /// EVEN-PORT (RFC 8656 §18.7), which is understood nowhere here.
    package static let evenPort = AttributeType(rawValue: 0x0018)
    /// REQUESTED-TRANSPORT (RFC 8656 §18.8).
    package static let requestedTransport = AttributeType(rawValue: 0x0019)
    /// DONT-FRAGMENT (RFC 8656 §18.9).
    package static let dontFragment = AttributeType(rawValue: 0x001A)
    /// ADDITIONAL-ADDRESS-FAMILY (RFC 8656 §18.11).
    package static let additionalAddressFamily = AttributeType(rawValue: 0x8000)
    /// ADDRESS-ERROR-CODE (RFC 8656 §18.12).
    package static let addressErrorCode = AttributeType(rawValue: 0x8001)
    /// ICMP (RFC 8656 §18.13).
    package static let icmp = AttributeType(rawValue: 0x8004)
}

extension Set<AttributeType> {
    /// What a relay and its clients understand beyond the attributes of STUN.
    package static let relaying: Set<AttributeType> = basic.union([
        .channelNumber, .lifetime, .xorPeerAddress, .data, .xorRelayedAddress, .requestedAddressFamily,
        .requestedTransport, .dontFragment,
    ])
}

extension ErrorCode {
    /// There is no allocation for this 5-tuple, or already one.
    package static let allocationMismatch = ErrorCode(437, "Allocation Mismatch")
    /// The server has no addresses of this family.
    package static let addressFamilyNotSupported = ErrorCode(440, "Address Family not Supported")
    /// The credentials are not those with which the allocation was made.
    package static let wrongCredentials = ErrorCode(441, "Wrong Credentials")
    /// The server does not relay by this transport.
    package static let unsupportedTransport = ErrorCode(442, "Unsupported Transport Protocol")
    /// The peer has an address of another family than the relay.
    package static let peerAddressFamilyMismatch = ErrorCode(443, "Peer Address Family Mismatch")
    /// The user has too many allocations.
    package static let allocationQuotaReached = ErrorCode(486, "Allocation Quota Reached")
    /// The server has no room.
    package static let insufficientCapacity = ErrorCode(508, "Insufficient Capacity")
}

/// A family of addresses, as RFC 8656 §18.6 numbers them.
package enum AddressFamily: UInt8, Hashable, Sendable, CaseIterable {
    /// IPv4.
    case ipv4 = 0x01
    /// IPv6.
    case ipv6 = 0x02

    /// The family of an address.
    package init(of ip: IPAddress) {
        self = ip.isIPv4 ? .ipv4 : .ipv6
    }
}

extension Attribute {
    /// The number of UDP among transports: "only UDP is allowed" (RFC 8656 §18.8).
    package static let udp: UInt8 = 17

    /// CHANNEL-NUMBER: the number, then 16 bits that are reserved.
    package static func channelNumber(_ number: UInt16) -> Attribute {
        .raw(
            .channelNumber,
            written {
                $0.u16(number)
                $0.u16(0)
            }
        )
    }

    /// LIFETIME, in seconds.
    package static func lifetime(_ seconds: UInt32) -> Attribute {
        .raw(.lifetime, written { $0.u32(seconds) })
    }

    /// XOR-PEER-ADDRESS; it depends on the transaction of its message.
    package static func xorPeerAddress(_ address: SocketAddress, in id: TransactionID) -> Attribute {
        .raw(.xorPeerAddress, written { $0.stunAddress(address, xor: id) })
    }

    /// XOR-RELAYED-ADDRESS; it depends on the transaction of its message.
    package static func xorRelayedAddress(_ address: SocketAddress, in id: TransactionID) -> Attribute {
        .raw(.xorRelayedAddress, written { $0.stunAddress(address, xor: id) })
    }

    /// REQUESTED-ADDRESS-FAMILY.
    package static func requestedAddressFamily(_ family: AddressFamily) -> Attribute {
        .raw(.requestedAddressFamily, [family.rawValue, 0, 0, 0])
    }

    /// ADDITIONAL-ADDRESS-FAMILY.
    package static func additionalAddressFamily(_ family: AddressFamily) -> Attribute {
        .raw(.additionalAddressFamily, [family.rawValue, 0, 0, 0])
    }

    /// REQUESTED-TRANSPORT.
    package static func requestedTransport(_ number: UInt8) -> Attribute {
        .raw(.requestedTransport, [number, 0, 0, 0])
    }

    /// ADDRESS-ERROR-CODE.
    package static func addressErrorCode(_ family: AddressFamily, _ error: ErrorCode) -> Attribute {
        let numbers = [family.rawValue, 0, UInt8(error.number / 100), UInt8(error.number % 100)]
        return .raw(.addressErrorCode, numbers + Array(error.reason.utf8))
    }

    /// DONT-FRAGMENT.
    package static let dontFragment = Attribute.raw(.dontFragment, [])

    private static func written(_ body: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter(capacity: 20)
        body(&writer)
        return writer.bytes
    }
}

extension STUNMessage {
    /// CHANNEL-NUMBER.
    package var channelNumber: UInt16? {
        guard let value = self.raw(.channelNumber), value.count == 4 else { return nil }
        return UInt16(value[0]) << 8 | UInt16(value[1])
    }

    /// LIFETIME, in seconds.
    package var lifetime: UInt32? {
        guard let value = self.raw(.lifetime), value.count == 4 else { return nil }
        return value.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// The addresses of all XOR-PEER-ADDRESS attributes: a CreatePermission request may have several.
    package var peerAddresses: [SocketAddress] { self.addresses(of: .xorPeerAddress) }

    /// The addresses of all XOR-RELAYED-ADDRESS attributes: an allocation may have one of each family.
    package var relayedAddresses: [SocketAddress] { self.addresses(of: .xorRelayedAddress) }

    /// REQUESTED-ADDRESS-FAMILY.
    package var requestedAddressFamily: AddressFamily? { self.family(of: .requestedAddressFamily) }

    /// ADDITIONAL-ADDRESS-FAMILY.
    package var additionalAddressFamily: AddressFamily? { self.family(of: .additionalAddressFamily) }

    /// REQUESTED-TRANSPORT.
    package var requestedTransport: UInt8? {
        guard let value = self.raw(.requestedTransport), value.count == 4 else { return nil }
        return value[0]
    }

    /// ADDRESS-ERROR-CODE: the family that was not allocated, and why.
    package var addressError: (family: AddressFamily, error: ErrorCode)? {
        guard let value = self.raw(.addressErrorCode), value.count >= 4, let family = AddressFamily(rawValue: value[0])
        else { return nil }
        let number = Int(value[2] & 0b111) * 100 + Int(value[3])
        return (family, ErrorCode(number, String(decoding: value.dropFirst(4), as: UTF8.self)))
    }

    private func addresses(of type: AttributeType) -> [SocketAddress] {
        self.attributes.compactMap { attribute in
            guard case .raw(type, let value) = attribute else { return nil }
            return SocketAddress(stunValue: value.span, xor: self.transactionID)
        }
    }

    private func family(of type: AttributeType) -> AddressFamily? {
        guard let value = self.raw(type), value.count == 4 else { return nil }
        return AddressFamily(rawValue: value[0])
    }
}
