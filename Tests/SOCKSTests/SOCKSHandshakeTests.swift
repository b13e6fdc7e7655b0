// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SOCKS
import Testing
import Wire

@Suite
struct SOCKSHandshakeTests {
    @Test func `a name goes to the proxy as it is`() throws {
        var handshake = try self.handshake(to: .name("turn.example"), port: 3_478)
        #expect(sent(&handshake) == [5, 1, 0])
        #expect(try receive([5, 0], &handshake) == 2)
        #expect(sent(&handshake) == [5, 1, 0, 3, 12] + Array("turn.example".utf8) + [0x0D, 0x96])
        #expect(try receive([5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 7, 8], &handshake) == 10)
        let isDone = handshake.isDone
        #expect(isDone)
    }

    @Test func `addresses of both families go to the proxy as bytes`() throws {
        for (text, expected) in [
            ("192.0.2.1", [1, 192, 0, 2, 1]),
            ("2001:db8::1", [4, 0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        ] as [(String, [UInt8])] {
            let ip = try #require(IPAddress(text))
            var handshake = try self.handshake(to: .address(ip), port: 80)
            _ = sent(&handshake)
            _ = try receive([5, 0], &handshake)
            #expect(sent(&handshake) == [5, 1, 0] + expected + [0, 80])
        }
    }

    @Test func `a name and a password are given to a proxy that asks`() throws {
        let credentials = try #require(SOCKSCredentials(username: "ann", password: "pw"))
        var handshake = try self.handshake(to: .name("a"), port: 1, as: credentials)
        #expect(sent(&handshake) == [5, 2, 0, 2])
        _ = try receive([5, 2], &handshake)
        #expect(sent(&handshake) == [1, 3] + Array("ann".utf8) + [2] + Array("pw".utf8))
        _ = try receive([1, 0], &handshake)
        #expect(sent(&handshake) == [5, 1, 0, 3, 1, 0x61, 0, 1])
    }

    @Test func `each byte may come alone`() throws {
        var handshake = try self.handshake(to: .name("a"), port: 1)
        for byte in [5, 0, 5, 0, 0, 3, 2, 0x61, 0x62, 0, 1] as [UInt8] {
            let isDone = handshake.isDone
            #expect(!isDone)
            #expect(try receive([byte], &handshake) == 1)
        }
        let isDone = handshake.isDone
        #expect(isDone)
        #expect(try receive([1, 2, 3], &handshake) == 0)
    }

    @Test(
        arguments: [
            ([4], .notSOCKS),
            (Array("HTTP/1.1 400".utf8), .notSOCKS),
            ([5, 0xFF], .needsCredentials),
            ([5, 1], .notSOCKS),
            ([5, 2], .notSOCKS),
            ([5, 0, 5, 2], .refused(.notAllowed)),
            ([5, 0, 5, 4], .refused(.hostUnreachable)),
            ([5, 0, 5, 5], .refused(.connectionRefused)),
            ([5, 0, 5, 99], .refused(.other(99))),
            ([5, 0, 5, 0, 0, 9, 1], .notSOCKS),
            ([5, 0, 4, 0], .notSOCKS),
        ] as [([UInt8], SOCKSError)]
    )
    func `what goes wrong is told apart`(bytes: [UInt8], expected: SOCKSError) throws {
        var handshake = try self.handshake(to: .name("a"), port: 1)
        #expect(throws: expected) { try receive(bytes, &handshake) }
        let isDone = handshake.isDone
        #expect(!isDone)
        #expect(try receive([5, 0], &handshake) == 0)
    }

    @Test func `a name that has no place in a request is not asked for`() {
        for name in ["", String(repeating: "a", count: 256)] {
            let isRefused = SOCKSHandshake(to: .name(name), port: 1) == nil
            #expect(isRefused)
        }
    }

    @Test func `a password that is not taken is told`() throws {
        let credentials = try #require(SOCKSCredentials(username: "ann", password: "pw"))
        for bytes in [[5, 0xFF], [5, 2, 1, 1]] as [[UInt8]] {
            var handshake = try self.handshake(to: .name("a"), port: 1, as: credentials)
            #expect(throws: SOCKSError.badCredentials) { try receive(bytes, &handshake) }
        }
    }

    @Test func `a proxy is read as people write it`() throws {
        #expect(
            try SOCKSProxy(parsing: "127.0.0.1:9050").server == ServerAddress(.address(.v4(0x7F00_0001)), port: 9_050)
        )
        #expect(try SOCKSProxy(parsing: "socks5h://proxy.example").server == ServerAddress(.name("proxy.example")))
        let proxy = try SOCKSProxy(parsing: "ann:p@w:x@[::1]:1080")
        #expect(proxy.credentials == SOCKSCredentials(username: "ann", password: "p@w:x"))
        #expect(!"\(proxy)".contains("p@w"))
        #expect(!String(reflecting: proxy).contains("p@w"))
        #expect(throws: SOCKSProxy.Malformed.badCredentials) { try SOCKSProxy(parsing: "ann@host") }
        #expect(throws: SOCKSProxy.Malformed.address(.badPort)) { try SOCKSProxy(parsing: "host:0") }
    }

    private func handshake(
        to host: ServerAddress.Host,
        port: UInt16,
        as credentials: SOCKSCredentials? = nil
    ) throws -> SOCKSHandshake {
        guard let handshake = SOCKSHandshake(to: host, port: port, as: credentials) else { throw NoRoom() }
        return handshake
    }

    /// A name had no place in a request.
    private struct NoRoom: Error {}

    private func sent(_ handshake: inout SOCKSHandshake) -> [UInt8] {
        var bytes: [UInt8] = []
        handshake.takeOutgoing(into: &bytes)
        return bytes
    }

    private func receive(_ bytes: [UInt8], _ handshake: inout SOCKSHandshake) throws -> Int {
        try handshake.receive(bytes.span)
    }
}
