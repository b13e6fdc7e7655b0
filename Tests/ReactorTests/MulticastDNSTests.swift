// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import MDNS
import Reactor
import Testing
import Wire

/// On the loopback interface, whose multicast every socket of this host gets that joined there; Linux has it for IPv4 alone.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct MulticastDNSTests {
    private static func loopback() throws -> InterfaceAddress {
        let all = try InterfaceAddress.all()
        return try #require(all.first { $0.ip == .v4(0x7F00_0001) })
    }

    @Test func `a hidden address is found by its name, and sockets last as long as addresses`() async throws {
        let address = try Self.loopback()
        try await onLoop { isolation in
            let host = MulticastDNS(on: isolation.loop)
            let other = MulticastDNS(on: isolation.loop)
            other.add(address.ip, onInterface: address.index)
            host.add(address.ip, onInterface: address.index)
            let name = host.hide(address.ip)
            #expect(name.hasSuffix(".local") && UUIDv4(name.dropLast(6)) != nil)
            #expect(await isolation.result(of: name, from: other) == address.ip)
            host.remove(address.ip)
            #expect(!host.isUsable && other.isUsable)
            host.add(address.ip, onInterface: address.index)
            #expect(host.isUsable)
            host.close()
            other.close()
        }
    }

    @Test func `names are fresh, and one for each address`() async throws {
        let address = try Self.loopback()
        try await onLoop { isolation in
            let host = MulticastDNS(on: isolation.loop)
            host.add(address.ip, onInterface: address.index)
            let names = (0..<10).map { _ in host.hide(address.ip) }
            #expect(Set(names).count == 10)
            host.close()
        }
    }

    @Test func `an interface that does not exist costs nothing but its names`() async throws {
        try await onLoop { isolation in
            let host = MulticastDNS(on: isolation.loop)
            host.add(.v4(0x0A00_0001), onInterface: 999_999)
            #expect(host.hide(.v4(0x0A00_0001)).hasSuffix(".local"))
            #expect(!host.isUsable)
            host.remove(.v4(0x0A00_0001))
            host.close()
        }
    }
}

extension LoopActor {
    /// What becomes of a name first.
    fileprivate func result(of name: String, from multicast: MulticastDNS) async -> IPAddress? {
        await withCheckedContinuation { continuation in
            multicast.onResult = { found, ip in
                guard found == name else { return }
                multicast.onResult = nil
                continuation.resume(returning: ip)
            }
            multicast.resolve(name)
        }
    }
}
