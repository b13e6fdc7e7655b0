// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ICE
import Reactor
import Testing
import Wire

@Suite
struct AddressSelectionTests {
    private let lan = entry("eth0", .wired, "192.168.1.5")
    private let wifi = entry("wlan0", .wireless, "192.168.2.5", index: 3)
    private let vpn = entry("wg0", .tunnel, "10.8.0.2", index: 4)
    private let docker = entry("docker0", .container, "172.17.0.1", index: 5)
    private let loopback4 = entry("lo", .loopback, "127.0.0.1", index: 1)
    private let loopback6 = entry("lo", .loopback, "::1", index: 1)

    @Test
    func `the useful come first, containers and loopback not at all`() {
        let all = [self.loopback4, self.docker, self.vpn, self.wifi, self.lan, self.loopback6]
        #expect(AddressSelection().select(from: all) == [self.lan, self.wifi, self.vpn])
    }

    @Test
    func `containers count where there is nothing better, loopback where there is nothing else`() {
        #expect(AddressSelection().select(from: [self.loopback4, self.docker]) == [self.docker])
        let loopback = [self.loopback4, self.loopback6]
        #expect(AddressSelection().select(from: loopback) == loopback)
        #expect(AddressSelection().select(from: []) == [])
    }

    @Test
    func `an interface that was named is the only one, whatever it is`() {
        let all = [self.loopback4, self.docker, self.lan, self.loopback6]
        #expect(AddressSelection(interface: "lo").select(from: all) == [self.loopback4, self.loopback6])
        #expect(AddressSelection(interface: "docker0").select(from: all) == [self.docker])
        #expect(AddressSelection(interface: "eth7").select(from: all) == [])
    }

    @Test
    func `a family can be left out`() {
        let global = entry("eth0", .wired, "2001:db8::5")
        let all = [self.lan, global, self.loopback4, self.loopback6]
        #expect(AddressSelection(usesIPv6: false).select(from: all) == [self.lan])
        #expect(AddressSelection(usesIPv4: false).select(from: all) == [global])
        #expect(AddressSelection(interface: "lo", usesIPv4: false).select(from: all) == [self.loopback6])
    }

    @Test
    func `addresses that are down, deprecated, tentative or no hosts are left out`() {
        var down = self.lan
        down.isUp = false
        var deprecated = entry("eth0", .wired, "2001:db8::1")
        deprecated.isDeprecated = true
        var tentative = entry("eth0", .wired, "2001:db8::2")
        tentative.isTentative = true
        let unspecified = entry("eth0", .wired, "0.0.0.0")
        #expect(AddressSelection().select(from: [down, deprecated, tentative, unspecified]) == [])
    }

    @Test
    func `a link-local address counts only where its interface has no other`() {
        let local6 = entry("eth0", .wired, "fe80::1%2")
        let local4 = entry("eth0", .wired, "169.254.7.7")
        let global = entry("eth0", .wired, "2001:db8::5")
        let elsewhere = entry("wlan0", .wireless, "fe80::1%3", index: 3)
        #expect(AddressSelection().select(from: [local6, self.lan]) == [local6, self.lan])
        #expect(AddressSelection().select(from: [local6, global, elsewhere]) == [global, elsewhere])
        #expect(AddressSelection().select(from: [local4, self.lan]) == [self.lan])
        #expect(AddressSelection().select(from: [local4]) == [local4])
    }

    @Test
    func `where there are temporary addresses, the ones that stay are not shown`() {
        var stable = entry("eth0", .wired, "2001:db8::5")
        stable.hasTemporary = true
        var temporary = entry("eth0", .wired, "2001:db8::aaaa")
        temporary.isTemporary = true
        let manual = entry("eth0", .wired, "2001:db8:1::5")
        #expect(AddressSelection().select(from: [stable, temporary, manual]) == [temporary, manual])
        #expect(AddressSelection().select(from: [stable, manual]) == [stable, manual])
        temporary.isDeprecated = true
        #expect(AddressSelection().select(from: [stable, temporary]) == [stable])
    }
}

@Suite
struct InterfaceAddressTests {
    @Test
    func `the kernel lists the loopback interface`() throws {
        let addresses = try InterfaceAddress.all()
        let loopback = try #require(addresses.first { $0.ip == .v4(0x7F00_0001) })
        #expect(loopback.interface == "lo")
        #expect(loopback.interfaceClass == .loopback)
        #expect(loopback.isUp)
        #expect(!loopback.isPointToPoint)
        #expect(!loopback.isTentative)
        #expect(!AddressSelection(interface: "lo").select(from: addresses).isEmpty)
    }

    @Test
    func `link-local addresses carry the index of their interface, others none`() throws {
        for address in try InterfaceAddress.all() {
            guard case .v6(_, _, let scope) = address.ip else { continue }
            #expect(scope == (address.ip.isLinkLocal ? address.index : 0))
        }
    }

    @Test
    func `each selected address can be bound`() throws {
        for address in AddressSelection().select(from: try InterfaceAddress.all()) {
            let socket = try UDPSocket(bindingTo: SocketAddress(address.ip, port: 0))
            #expect(socket.localAddress.ip == address.ip)
        }
    }

    @Test(arguments: [
        ("eth0", "", InterfaceClass.wired), ("enp3s0", "", .wired), ("eth0", "veth", .wired), ("br0", "bridge", .wired),
        ("bond0", "bond", .wired), ("eth0.5", "vlan", .wired), ("wg0", "wireguard", .tunnel), ("mytun", "tun", .tunnel),
        ("tailscale0", "tun", .tunnel), ("ppp0", "ppp", .tunnel), ("tun3", "", .tunnel),
        ("docker0", "bridge", .container),
        ("br-5f2a9c", "bridge", .container), ("veth12ab", "veth", .container), ("virbr0", "bridge", .container),
        ("lxcbr0", "bridge", .container), ("dummy0", "dummy", .container),
    ])
    func `names and kinds tell what an interface leads to`(_ name: String, kind: String, expected: InterfaceClass) {
        let found = InterfaceClass(
            name: name,
            kind: kind,
            isLoopback: false,
            isTunnelHardware: false,
            isWireless: false
        )
        #expect(found == expected)
    }

    @Test
    func `hardware tells the rest`() {
        func found(
            _ name: String,
            loopback: Bool = false,
            tunnel: Bool = false,
            wireless: Bool = false
        ) -> InterfaceClass {
            InterfaceClass(
                name: name,
                kind: "",
                isLoopback: loopback,
                isTunnelHardware: tunnel,
                isWireless: wireless
            )
        }
        #expect(found("wlp2s0", wireless: true) == .wireless)
        #expect(found("anything", tunnel: true) == .tunnel)
        #expect(found("lo", loopback: true) == .loopback)
    }
}

private func entry(
    _ interface: String,
    _ interfaceClass: InterfaceClass,
    _ ip: String,
    index: UInt32 = 2
) -> InterfaceAddress {
    InterfaceAddress(
        interface: interface,
        index: index,
        interfaceClass: interfaceClass,
        ip: IPAddress(ip) ?? .v4(0)
    )
}
