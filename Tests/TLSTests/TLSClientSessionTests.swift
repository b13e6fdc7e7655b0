// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import TLS
import Testing
import Wire

@Suite(.serialized) struct TLSClientSessionTests {
    /// A client that trusts an authority and a server, until both are silent; what came back to the client is returned.
    private func talk(
        _ authority: Authority,
        _ server: TLSServer,
        as name: ServerName,
        verifies: Bool = true,
        saying text: [UInt8] = [],
        chunk: Int = .max
    ) throws -> (state: TLSClientSession.State, received: [UInt8]) {
        setenv("SSL_CERT_FILE", authority.certificate, 1)
        defer { unsetenv("SSL_CERT_FILE") }
        var session = try TLSClientSession(try TLSClientContext(verifies: verifies), with: name)
        var received: [UInt8] = []
        var hasSpoken = false
        while true {
            if session.state == .established, !hasSpoken {
                hasSpoken = true
                try session.send(text.span)
            }
            var bytes: [UInt8] = []
            session.takeOutgoing(into: &bytes)
            guard !bytes.isEmpty else { return (session.state, received) }
            var answer = server.exchange(bytes)[...]
            while !answer.isEmpty {
                let piece = Array(answer.prefix(chunk))
                answer = answer.dropFirst(chunk)
                try session.receive(piece.span) { received.append(copying: $0) }
            }
        }
    }

    @Test(arguments: [1, 7, 1000, Int.max])
    func `what is said comes back, however the bytes arrive`(chunk: Int) throws {
        let authority = try Authority()
        let server = try TLSServer(authority.issue(for: "DNS:relay.example"))
        let text = (0..<40_000).map { UInt8(truncatingIfNeeded: $0) }
        let (state, received) = try self.talk(
            authority,
            server,
            as: .name("relay.example"),
            saying: text,
            chunk: chunk
        )
        #expect(state == .established && received == text)
        #expect(server.askedName == "relay.example")
    }

    @Test(arguments: ["192.0.2.1", "2001:db8::1"])
    func `a certificate may be for an address, which is no name for SNI`(address: String) throws {
        let authority = try Authority()
        let server = try TLSServer(authority.issue(for: "IP:\(address)"))
        let ip = try #require(IPAddress(address))
        #expect(try self.talk(authority, server, as: .address(ip)).state == .established)
        #expect(server.askedName == nil)
        let other = try TLSServer(authority.issue(for: "IP:192.0.2.77"))
        #expect(throws: TLSError.certificate(.wrongName)) { try self.talk(authority, other, as: .address(ip)) }
    }

    @Test func `a certificate for another name is refused`() throws {
        let authority = try Authority()
        let server = try TLSServer(authority.issue(for: "DNS:other.example"))
        #expect(throws: TLSError.certificate(.wrongName)) {
            try self.talk(authority, server, as: .name("relay.example"))
        }
    }

    @Test func `a certificate whose time is over is refused`() throws {
        let authority = try Authority()
        let server = try TLSServer(authority.issue(for: "DNS:relay.example", isExpired: true))
        #expect(throws: TLSError.certificate(.expired)) {
            try self.talk(authority, server, as: .name("relay.example"))
        }
    }

    @Test func `an authority that nobody trusts is refused, unless nothing is to be verified`() throws {
        let stranger = try Authority()
        let trusted = try Authority()
        let server = try TLSServer(stranger.issue(for: "DNS:relay.example"))
        #expect(throws: TLSError.certificate(.unknownIssuer)) {
            try self.talk(trusted, server, as: .name("relay.example"))
        }
        let again = try TLSServer(stranger.issue(for: "DNS:other.example"))
        let talk = try self.talk(trusted, again, as: .name("relay.example"), verifies: false)
        #expect(talk.state == .established)
    }

    @Test func `the end that the server says is told from an error`() throws {
        let authority = try Authority()
        setenv("SSL_CERT_FILE", authority.certificate, 1)
        defer { unsetenv("SSL_CERT_FILE") }
        let server = try TLSServer(authority.issue(for: "DNS:relay.example"))
        var session = try TLSClientSession(try TLSClientContext(), with: .name("relay.example"))
        for round in 0..<3 {
            var bytes: [UInt8] = []
            session.takeOutgoing(into: &bytes)
            try session.receive(server.exchange(bytes, closes: round == 2).span) { _ in }
        }
        #expect(session.state == .ended)
    }

    @Test func `what does not speak TLS is told`() throws {
        var session = try TLSClientSession(try TLSClientContext(), with: .name("relay.example"))
        #expect(throws: TLSError.notTLS) {
            try session.receive(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8).span) { _ in }
        }
        #expect(session.state == .ended)
    }

    @Test func `noise ends a session and never traps`() throws {
        let authority = try Authority()
        let identity = try authority.issue(for: "DNS:relay.example")
        setenv("SSL_CERT_FILE", authority.certificate, 1)
        defer { unsetenv("SSL_CERT_FILE") }
        let context = try TLSClientContext()
        for seed in 0..<300 as Range<UInt64> {
            var random = RandomSource.seeded(seed)
            let server = try TLSServer(identity)
            var session = try TLSClientSession(context, with: .name("relay.example"))
            var hello: [UInt8] = []
            session.takeOutgoing(into: &hello)
            var flight = server.exchange(hello)
            flight[Int(random.next() % UInt64(flight.count))] ^= UInt8(1 + random.next() % 255)
            try? session.receive(flight.span) { _ in }
            try? session.receive(random.bytes(64).span) { _ in }
            #expect(session.state != .established, "seed \(seed)")
        }
    }
}
