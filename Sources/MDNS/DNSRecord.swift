// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The type of a record (RFC 1035 §3.2.2, RFC 3596, RFC 4034).
package struct DNSType: RawRepresentable, Hashable, Sendable {
    /// The number.
    package let rawValue: UInt16

    /// Creates a type from its number.
    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// An IPv4 address.
    package static let a = DNSType(rawValue: 1)
    /// An IPv6 address.
    package static let aaaa = DNSType(rawValue: 28)
    /// Which types a name has; mDNS says with it which ones it lacks (RFC 6762 §6.1).
    package static let nsec = DNSType(rawValue: 47)
    /// In a question: whatever there is.
    package static let any = DNSType(rawValue: 255)

    /// The type of the records with an address of its family.
    package init(of ip: IPAddress) {
        self = ip.isIPv4 ? .a : .aaaa
    }
}

/// What is asked for (RFC 1035 §4.1.2).
package struct DNSQuestion: Hashable, Sendable {
    /// The name.
    package var name: DNSName
    /// The type.
    package var type: DNSType
    /// Whether the answer may come by unicast (RFC 6762 §5.4).
    package var wantsUnicast: Bool

    /// Creates a question.
    package init(_ name: DNSName, _ type: DNSType, wantsUnicast: Bool = false) {
        self.name = name
        self.type = type
        self.wantsUnicast = wantsUnicast
    }
}

/// A record of class IN (RFC 1035 §4.1.3).
package struct DNSRecord: Hashable, Sendable {
    /// What it says of its name.
    package enum Content: Hashable, Sendable {
        /// A or AAAA: an address, without a scope.
        case address(IPAddress)
        /// NSEC: the name has records of these types alone.
        case existence([DNSType])
    }

    /// The name.
    package var name: DNSName
    /// How long it may be remembered, in seconds; 0 takes it back (RFC 6762 §10.1).
    package var timeToLive: UInt32
    /// Whether it replaces what was known of its name and type (RFC 6762 §10.2).
    package var flushesCache: Bool
    /// What it says.
    package var content: Content

    /// Creates a record.
    package init(_ name: DNSName, _ content: Content, timeToLive: UInt32, flushesCache: Bool = true) {
        self.name = name
        self.content = content
        self.timeToLive = timeToLive
        self.flushesCache = flushesCache
    }

    /// The type.
    package var type: DNSType {
        switch self.content {
        case .address(let ip): DNSType(of: ip)
        case .existence: .nsec
        }
    }
}
