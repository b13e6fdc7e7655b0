// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// What an interface leads to, the most useful first.
package enum InterfaceClass: Int, Hashable, Sendable, CaseIterable, Comparable {
    /// A cable, or what a machine without cables takes for one.
    case wired
    /// Wi-Fi.
    case wireless
    /// A tunnel: a VPN, a modem, an overlay network; its packets travel over one of the interfaces above.
    case tunnel
    /// A network between this host and its containers or virtual machines.
    case container
    /// This host alone.
    case loopback

    /// Whether `left` is the more useful one.
    package static func < (left: InterfaceClass, right: InterfaceClass) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// An address and what its interface leads to.
package struct ClassifiedAddress: Hashable, Sendable {
    /// The address.
    package var address: IPAddress
    /// What the interface leads to.
    package var interfaceClass: InterfaceClass

    /// Creates a value.
    package init(_ address: IPAddress, _ interfaceClass: InterfaceClass) {
        self.address = address
        self.interfaceClass = interfaceClass
    }
}

extension ICEAgent {
    /// Local preferences (RFC 8445 §5.1.2.1), one for each interface in the order given, no two alike.
    ///
    /// Real interfaces come before tunnels and bridges, whatever their family; inside each of these groups the families are
    /// interleaved (RFC 8421 §4), so that a broken IPv6 costs a few checks and not all of them.
    package static func localPreferences(for interfaces: [ClassifiedAddress]) -> [UInt16] {
        let order = interfaces.indices.sorted { left, right in
            (interfaces[left].rank, left) < (interfaces[right].rank, right)
        }
        let groups = [
            order.filter { interfaces[$0].interfaceClass < .tunnel },
            order.filter { interfaces[$0].interfaceClass == .tunnel },
            order.filter { interfaces[$0].interfaceClass > .tunnel },
        ]
        var preferences = [UInt16](repeating: 0, count: interfaces.count)
        var next = UInt16.max
        for group in groups {
            for index in Self.interleaved(group, in: interfaces) {
                preferences[index] = next
                next = next > 0 ? next - 1 : 0
            }
        }
        return preferences
    }

    /// RFC 8421 §4: with N6 and N4 addresses, one IPv4 address follows each (N4 + N6) / N4 IPv6 addresses.
    private static func interleaved(_ order: [Int], in interfaces: [ClassifiedAddress]) -> [Int] {
        var version6 = order.filter { interfaces[$0].address.isIPv6 }[...]
        var version4 = order.filter { interfaces[$0].address.isIPv4 }[...]
        guard !version4.isEmpty else { return Array(version6) }
        let run = (version4.count + version6.count) / version4.count
        var result: [Int] = []
        while !version6.isEmpty || !version4.isEmpty {
            result += version6.prefix(run)
            version6 = version6.dropFirst(run)
            result += version4.prefix(1)
            version4 = version4.dropFirst()
        }
        return result
    }
}

extension ClassifiedAddress {
    /// Lower is better: the class, then whether the address works beyond one link.
    fileprivate var rank: Int {
        self.interfaceClass.rawValue * 2 + (self.address.isLinkLocal ? 1 : 0)
    }
}
