// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ICE
import Wire

/// Which of this host's addresses are used for reaching a peer: what `--interface`, `-4` and `-6` ask for.
package struct AddressSelection: Hashable, Sendable {
    /// The only interface to be used; nil for all that lead anywhere.
    package var interface: String?
    /// Whether IPv4 is used.
    package var usesIPv4: Bool
    /// Whether IPv6 is used.
    package var usesIPv6: Bool

    /// Creates a selection, of everything unless told otherwise.
    package init(interface: String? = nil, usesIPv4: Bool = true, usesIPv6: Bool = true) {
        self.interface = interface
        self.usesIPv4 = usesIPv4
        self.usesIPv6 = usesIPv6
    }

    /// The addresses to bind, the most useful first (RFC 8445 §5.1.1.1).
    ///
    /// Interfaces towards containers count only where there is nothing better, and loopback only where there is nothing
    /// else; an interface that was asked for by name always counts. A link-local address counts where its interface has
    /// no other of the family. Where an interface has temporary addresses, those that would give the host away are left
    /// out.
    package func select(from addresses: [InterfaceAddress]) -> [InterfaceAddress] {
        let usable = self.withoutGiveaways(addresses.filter(self.isUsable))
        if self.interface != nil {
            return Self.sorted(usable)
        }
        for limit in [InterfaceClass.tunnel, .container, .loopback] {
            let found = usable.filter { $0.interfaceClass <= limit }
            if !found.isEmpty {
                return Self.sorted(found)
            }
        }
        return []
    }

    private func isUsable(_ address: InterfaceAddress) -> Bool {
        if let interface = self.interface, address.interface != interface {
            return false
        }
        return address.isUp && !address.isDeprecated && !address.isTentative
            && !address.ip.isUnspecified && !address.ip.isMulticast
            && (address.ip.isIPv4 ? self.usesIPv4 : self.usesIPv6)
    }

    private func withoutGiveaways(_ addresses: [InterfaceAddress]) -> [InterfaceAddress] {
        addresses.filter { address in
            let siblings = addresses.filter { $0.index == address.index && $0.ip.isIPv4 == address.ip.isIPv4 }
            if address.ip.isLinkLocal {
                return siblings.allSatisfy(\.ip.isLinkLocal)
            }
            // The stable address names this host wherever it goes; the temporary ones of the same network do not.
            return !address.hasTemporary
                || !siblings.contains { $0.isTemporary && Self.shareNetwork($0.ip, address.ip) }
        }
    }

    private static func shareNetwork(_ left: IPAddress, _ right: IPAddress) -> Bool {
        guard case .v6(let first, _, _) = left, case .v6(let second, _, _) = right else { return false }
        return first == second
    }

    /// By class; within it as the kernel had them.
    private static func sorted(_ addresses: [InterfaceAddress]) -> [InterfaceAddress] {
        InterfaceClass.allCases.flatMap { wanted in
            addresses.filter { $0.interfaceClass == wanted }
        }
    }
}
