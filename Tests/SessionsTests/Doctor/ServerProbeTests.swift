// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Peering
import Reactor
import STUN
import SimulatedNetwork
import TURN
import Testing
import Wire

@testable import Sessions

@Suite
struct ServerProbeTests {
    private static let local = SocketAddress(.v4(0xC0A8_010A), port: 50_000)
    private static let address = SocketAddress(.v4(0xC000_0201), port: 3_478)
    private static let start = Instant(nanoseconds: 1_000_000_000)

    private func server() -> RelayServer {
        RelayServer(
            at: Self.address,
            relaying: [.v4(0xC000_0202), .v6(high: 0x2001_0DB8_0000_0000, low: 1)],
            username: "ann",
            password: "secret"
        )
    }

    private func probe(_ transport: RelayTransport, password: String = "secret") throws -> RelayProbe {
        let point = ServerPoint(address: Self.address, transport: transport)
        let login = TURNServer(address: try TURNAddress(parsing: "192.0.2.1"), username: "ann", password: password)
        return RelayProbe(point, login, from: Self.local, at: Self.start)
    }

    /// Carries what a probe and a server say to and fro, each in 10 ms, until neither says more.
    private func carry(_ probe: inout RelayProbe, _ server: RelayServer) -> Instant {
        var now = Self.start
        let buffer = DatagramBuffer()
        let stream = ByteStreamID(number: 0)
        while probe.pollTransmit(into: buffer, at: now) != nil || probe.pollBytes(of: stream, into: buffer) {
            now = now + .milliseconds(20)
            let answers = server.take(buffer.bytes, from: Self.local, at: now)
            buffer.removeAll()
            for answer in answers {
                if server.isStream {
                    probe.handle(answer.bytes.span, of: stream, at: now)
                } else {
                    probe.handle(answer.bytes.span, from: Self.address, on: Self.local, at: now)
                }
            }
        }
        return now
    }

    @Test(arguments: [RelayTransport.udp, .tcp, .tls(.name("relay.example"))])
    func `An allocation is asked for, told, and let go`(_ transport: RelayTransport) throws {
        let server = self.server()
        server.isStream = transport.isStream
        var probe = try self.probe(transport)
        let request = probe.pollStreamRequest()
        #expect((request != nil) == transport.isStream)
        _ = self.carry(&probe, server)
        let (outcome, isFinished) = (probe.outcome, probe.isFinished)
        let reached = try #require(try outcome?.get())
        #expect(reached.time == .milliseconds(40) && reached.relayed.count == 2 && reached.mapped == Self.local)
        #expect(isFinished && server.allocations == 0 && server.violations.isEmpty)
    }

    @Test
    func `A wrong password is named`() throws {
        var probe = try self.probe(.udp, password: "wrong")
        _ = self.carry(&probe, self.server())
        let (outcome, isFinished) = (probe.outcome, probe.isFinished)
        #expect(outcome == .failure(.useless(.unauthenticated(.wrongCredentials))))
        #expect(isFinished)
    }

    @Test
    func `Silence is over in 5 s, and what ICMP says is the reason`() throws {
        for reason in [nil, DatagramFailure.Reason.refused] {
            var probe = try self.probe(.udp)
            if let reason {
                probe.handle(DatagramFailure(to: Self.address, reason), on: Self.local, at: Self.start)
            }
            var now = Self.start
            while let next = probe.nextTimeout {
                now = next
                probe.handleTimeout(at: now)
            }
            let (outcome, isFinished) = (probe.outcome, probe.isFinished)
            #expect(now == Self.start + .seconds(5) && isFinished)
            #expect(outcome == .failure(reason.map { .undeliverable($0) } ?? .silent))
        }
    }

    @Test
    func `A redirection over a stream is followed on another stream`() throws {
        let other = SocketAddress(.v4(0xC000_0207), port: 3_478)
        let server = self.server()
        server.isStream = true
        server.earlyRefusal = { _ in (.tryAlternate, [.alternateServer(other)]) }
        var probe = try self.probe(.tcp)
        _ = probe.pollStreamRequest()
        _ = self.carry(&probe, server)
        let (closing, opening) = (probe.pollStreamRequest(), probe.pollStreamRequest())
        #expect(closing == .close(ByteStreamID(number: 0)))
        let next = ByteStreamID(number: 1)
        let local = SocketAddress(Self.local.ip, port: 0)
        #expect(opening == .open(next, from: local, to: other, secureFor: nil))
        probe.handle(.failed(.refused), of: next, at: Self.start)
        let (outcome, isFinished) = (probe.outcome, probe.isFinished)
        #expect(outcome == .failure(.disconnected(.refused)) && isFinished)
    }

    @Test
    func `A STUN server is asked over a stream`() throws {
        let point = ServerPoint(address: Self.address, transport: .tcp)
        let stream = try #require(ProbeStream(to: point, from: Self.local))
        var probe = BindingProbe(stream, at: Self.start)
        let requests = [probe.pollStreamRequest(), probe.pollStreamRequest()]
        #expect(requests[0] != nil && requests[1] == nil)
        let buffer = DatagramBuffer()
        let isAsking = probe.pollBytes(of: stream.id, into: buffer)
        let response = BindingServer().answer(buffer.bytes.span, from: Self.local)
        let answer = try #require(response)
        #expect(isAsking)
        let now = Self.start + .milliseconds(30)
        probe.handle(answer.span.extracting(first: 7), of: stream.id, at: now)
        let early = probe.outcome
        probe.handle(answer.span.extracting(droppingFirst: 7), of: stream.id, at: now)
        let outcome = probe.outcome
        #expect(early == nil)
        #expect(outcome == .success(.init(time: .milliseconds(30), mapped: Self.local)))
    }

    @Test
    func `What does not speak STUN is found out`() throws {
        let point = ServerPoint(address: Self.address, transport: .tcp)
        let stream = try #require(ProbeStream(to: point, from: Self.local))
        var probe = BindingProbe(stream, at: Self.start)
        probe.handle(Array("SSH-2.0-".utf8).span, of: stream.id, at: Self.start)
        let outcome = probe.outcome
        #expect(outcome == .failure(.senseless))
    }

    @Test(
        arguments: [
            ("192.0.2.1", nil, ["UDP 192.0.2.1:3478", "TCP 192.0.2.1:3478", "TLS 192.0.2.1:5349"]),
            ("192.0.2.1:99", nil, ["UDP 192.0.2.1:99", "TCP 192.0.2.1:99"]),
            ("192.0.2.1", "turn:192.0.2.1", ["UDP 192.0.2.1:3478", "TCP 192.0.2.1:3478", "TLS 192.0.2.1:5349"]),
            ("192.0.2.1", "turn:192.0.2.1?transport=tcp", ["TCP 192.0.2.1:3478"]),
            ("192.0.2.1", "turns:192.0.2.1", ["TLS 192.0.2.1:5349"]),
            ("192.0.2.1:443", "turns:192.0.2.1:443", ["TLS 192.0.2.1:443"]),
        ] as [(String, String?, [String])]
    )
    func `A server is reached as it was named`(_ server: String, _ relay: String?, _ expected: [String]) throws {
        let address = try ServerAddress(parsing: server)
        let login = try relay.map {
            TURNServer(address: try TURNAddress(parsing: $0), username: "ann", password: "secret")
        }
        let target = ServerTarget(server: address, login: login, addresses: .success([Self.address.ip]))
        let points = target.transports.map { transport in
            "\(transport.rawValue) \((try? target.point(transport, .ipv4).get().address.description) ?? "-")"
        }
        #expect(points == expected)
        if relay == "turn:192.0.2.1" {
            #expect(target.uri(.tcp) == "turn:192.0.2.1?transport=tcp" && target.uri(.tls) == "turns:192.0.2.1")
        } else {
            #expect(target.transports.allSatisfy { target.uri($0) == nil })
        }
        #expect(target.point(.udp, .ipv6) == .failure(.noAddress))
    }
}
