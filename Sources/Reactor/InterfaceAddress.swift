// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CLinux
package import ICE
package import Wire

extension InterfaceClass {
    /// Tells the class from what the kernel says of an interface; `kind` is that of a virtual one, otherwise empty.
    package init(name: String, kind: String, isLoopback: Bool, isTunnelHardware: Bool, isWireless: Bool) {
        if isLoopback {
            self = .loopback
        } else if Self.tunnelKinds.contains(kind) || isTunnelHardware || Self.matches(name, Self.tunnelNames) {
            self = .tunnel
        } else if Self.matches(name, Self.containerNames) || Self.containerKinds.contains(kind) {
            self = .container
        } else {
            self = isWireless ? .wireless : .wired
        }
    }

    /// Kinds (`IFLA_INFO_KIND`) of interfaces that encapsulate.
    private static let tunnelKinds: Set<String> = [
        "tun", "wireguard", "ppp", "ipip", "ip6tnl", "sit", "gre", "gretap", "ip6gre", "vti", "vti6", "xfrm", "l2tp",
        "amneziawg", "ovpn", "ovpn-dco", "bareudp",
    ]
    private static let tunnelNames = [
        "tun", "tap", "wg", "ppp", "tailscale", "zt", "utun", "ipsec", "nordlynx", "proton", "mullvad", "wwan", "wwp",
    ]
    /// The inner end of a pair (`veth`) is `eth0` in a container, and there it is the way out: so only names tell.
    private static let containerNames = [
        "docker", "veth", "br-", "virbr", "vnet", "lxc", "lxd", "incus", "podman", "cni", "cali", "flannel", "vmnet",
        "vboxnet", "kube", "weave", "cbr", "nerdctl", "waydroid", "anbox",
    ]
    private static let containerKinds: Set<String> = ["dummy", "ifb", "nlmon", "vcan"]

    /// Whether a name begins with one of these prefixes, followed by its number or by anything.
    private static func matches(_ name: String, _ prefixes: [String]) -> Bool {
        prefixes.contains { name.hasPrefix($0) }
    }
}

/// An address of this host and the interface that has it.
package struct InterfaceAddress: Hashable, Sendable {
    /// The name of the interface, for example `eth0`.
    package var interface: String
    /// Its index, which is the scope of link-local addresses.
    package var index: UInt32
    /// What it leads to.
    package var interfaceClass: InterfaceClass
    /// Whether it is up and has a carrier.
    package var isUp: Bool
    /// Whether it has exactly one other end.
    package var isPointToPoint: Bool
    /// The address, with its scope where it is link-local.
    package var ip: IPAddress
    /// A privacy address (RFC 8981), which changes with time.
    package var isTemporary: Bool
    /// An address that names this host for good, beside which there are temporary ones.
    package var hasTemporary: Bool
    /// Not for new conversations (RFC 4862 §5.5.4).
    package var isDeprecated: Bool
    /// Not ours yet: duplicates are looked for, or were found (RFC 4862 §5.4).
    package var isTentative: Bool

    /// Creates an entry.
    package init(
        interface: String,
        index: UInt32,
        interfaceClass: InterfaceClass,
        ip: IPAddress,
        isUp: Bool = true,
        isPointToPoint: Bool = false,
        isTemporary: Bool = false,
        hasTemporary: Bool = false,
        isDeprecated: Bool = false,
        isTentative: Bool = false
    ) {
        self.interface = interface
        self.index = index
        self.interfaceClass = interfaceClass
        self.isUp = isUp
        self.isPointToPoint = isPointToPoint
        self.ip = ip
        self.isTemporary = isTemporary
        self.hasTemporary = hasTemporary
        self.isDeprecated = isDeprecated
        self.isTentative = isTentative
    }
}

extension InterfaceAddress {
    /// How many interfaces and how many addresses are looked at; a host with more is not worth waiting for.
    private static let limit = 1_024

    /// All addresses of this host, as the kernel lists them.
    package static func all() throws(SystemError) -> [InterfaceAddress] {
        let links = try Self.list(clinux_link(), clinux_links)
        let addresses = try Self.list(clinux_link_address(), clinux_link_addresses)
        var byIndex: [UInt32: clinux_link] = [:]
        for link in links {
            byIndex[link.index] = link
        }
        return addresses.compactMap { address in
            guard let link = byIndex[address.index], let ip = SocketAddress(address.address)?.ip else { return nil }
            return InterfaceAddress(link, ip: ip, flags: Int(address.flags))
        }
    }

    private static func list<Entry>(
        _ empty: Entry,
        _ dump: (UnsafeMutablePointer<Entry>?, Int32) -> Int32
    ) throws(SystemError) -> [Entry] {
        var entries = [Entry](repeating: empty, count: Self.limit)
        let count = dump(&entries, Int32(Self.limit))
        guard count >= 0 else { throw SystemError(.interfaces, code: -count) }
        return Array(entries.prefix(Int(count)))
    }

    private init(_ link: clinux_link, ip: IPAddress, flags: Int) {
        let name = Self.text(link.name)
        let linkFlags = Int(link.flags)
        let hardware = Int(link.hardware)
        let isTentative = flags & CLINUX_ADDRESS_TENTATIVE != 0 && flags & CLINUX_ADDRESS_OPTIMISTIC == 0
        self.init(
            interface: name,
            index: link.index,
            interfaceClass: InterfaceClass(
                name: name,
                kind: Self.text(link.kind),
                isLoopback: linkFlags & CLINUX_LINK_LOOPBACK != 0,
                isTunnelHardware: hardware == CLINUX_HARDWARE_PPP || hardware == CLINUX_HARDWARE_NONE
                    || linkFlags & CLINUX_LINK_POINT_TO_POINT != 0,
                isWireless: clinux_link_is_wireless(name) != 0
            ),
            ip: ip,
            isUp: linkFlags & CLINUX_LINK_UP != 0 && linkFlags & CLINUX_LINK_RUNNING != 0,
            isPointToPoint: linkFlags & CLINUX_LINK_POINT_TO_POINT != 0,
            isTemporary: ip.isIPv6 && flags & CLINUX_ADDRESS_TEMPORARY != 0,
            hasTemporary: flags & CLINUX_ADDRESS_HAS_TEMPORARY != 0,
            isDeprecated: flags & CLINUX_ADDRESS_DEPRECATED != 0,
            isTentative: isTentative || flags & CLINUX_ADDRESS_DUPLICATE != 0
        )
    }

    /// The text in a fixed array of C, which Swift sees as a tuple.
    private static func text<Characters>(_ characters: Characters) -> String {
        withUnsafeBytes(of: characters) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
