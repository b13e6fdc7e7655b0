// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import ICE
import Peering
import SimulatedNetwork
import Testing
import Wire

/// Ten thousand datagrams of whoever saw the descriptions.
@Suite struct FloodTests {
    /// What comes in masses.
    enum Flood: String, CaseIterable {
        case junk, bindingsWithoutPassword, checks, nominations, clientHellos, checksAndClientHellos, records
    }

    /// When it comes.
    enum Phase: String, CaseIterable {
        case beforeTheDescription, whileConnecting, whileConnected
    }

    static let cases = Flood.allCases.flatMap { flood in Phase.allCases.map { (flood, $0) } }

    @Test(arguments: cases)
    func `ten thousand datagrams delay a session by seconds and leave memory bounded`(flood: Flood, phase: Phase) throws
    {
        let world = PeerWorld(seed: 77, link: Link(delay: .milliseconds(20)))
        let ann = try world.addSide("ann", at: "203.0.113.1")
        let bob = try world.addSide("bob", at: "192.168.1.2", behind: world.addNAT(at: "203.0.113.7"))
        world.gather()
        let start: Instant
        switch phase {
        case .beforeTheDescription:
            self.pour(flood, over: ann, as: bob, in: world)
            try world.introduce(ann, bob)
            start = world.now
        case .whileConnecting:
            try world.introduce(ann, bob)
            start = world.now
            self.pour(flood, over: ann, as: bob, in: world)
        case .whileConnected:
            #expect(try world.meet(ann, bob))
            start = world.now
            self.pour(flood, over: ann, as: bob, in: world)
        }
        #expect(world.run(limit: .seconds(15)) { ann.isEstablished && bob.isEstablished }, "\(flood) \(phase)")
        #expect(world.now - start < .seconds(15))
        try ImpostorTests.expectTalk(ann, bob, in: world)
        world.run(for: .seconds(60))
        #expect(ann.closeReason == nil && bob.closeReason == nil)
        try ImpostorTests.expectTalk(ann, bob, in: world)
        #expect(ann.connection.pairReports.count <= 100)
        #expect(ann.connection.rememberedStrangers <= 64 + 8 + 1_024)
        #expect(world.largestBurst < 2_000)
        #expect(world.spinning.isEmpty)
    }

    /// Sends the datagrams from ten thousand ports, ten in a millisecond.
    private func pour(_ flood: Flood, over ann: PeerSide, as bob: PeerSide, in world: PeerWorld) {
        let victim = ann.connection.localDescription
        let fragment = bob.connection.localDescription.credentials.usernameFragment
        for index in 0..<10_000 {
            let source = SocketAddress(.v4(0xC612_0000 + UInt32(index % 3)), port: UInt16(20_000 + index))
            for datagram in self.datagrams(flood, towards: victim, from: fragment, in: world) {
                world.inject(datagram, from: source, to: ann.addresses[0])
            }
            if index % 10 == 9 { world.run(for: .milliseconds(1)) }
        }
    }

    private func datagrams(
        _ flood: Flood,
        towards victim: PeerDescription,
        from fragment: String,
        in world: PeerWorld
    ) -> [[UInt8]] {
        let hello = Self.clientHello(random: world.random.bytes(32))
        switch flood {
        case .junk: return [world.random.bytes(Int(world.random.next() % 200))]
        case .bindingsWithoutPassword:
            var stranger = victim
            stranger.credentials.password = "this is not the password"
            return [Impostor.check(towards: stranger, from: fragment, random: &world.random)]
        case .checks:
            return [Impostor.check(towards: victim, from: fragment, random: &world.random)]
        case .nominations:
            return [Impostor.check(towards: victim, from: fragment, nominates: true, random: &world.random)]
        case .clientHellos: return [hello]
        case .checksAndClientHellos:
            return [Impostor.check(towards: victim, from: fragment, random: &world.random), hello]
        case .records:
            return [[23, 254, 253, 0, 1] + world.random.bytes(6) + [0, 40] + world.random.bytes(40)]
        }
    }

    /// A ClientHello of DTLS 1.2 with one cipher suite, complete enough to be answered.
    static func clientHello(random: [UInt8]) -> [UInt8] {
        let extensions: [UInt8] = [
            0, 10, 0, 4, 0, 2, 0, 23, 0, 11, 0, 2, 1, 0, 0, 13, 0, 4, 0, 2, 4, 3, 0, 23, 0, 0,
        ]
        let body: [UInt8] =
            [0xFE, 0xFD] + random + [0, 0, 0, 2, 0xC0, 0x2B, 1, 0, 0, UInt8(extensions.count)] + extensions
        let message: [UInt8] = [1, 0, 0, UInt8(body.count), 0, 0, 0, 0, 0, 0, 0, UInt8(body.count)] + body
        return [22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, UInt8(message.count)] + message
    }
}
