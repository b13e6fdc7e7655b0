// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DataChannels
import ICE
import Peering
import SimulatedNetwork
import Testing
import Wire

/// Datagrams that nobody should send, from the very addresses of the peers.
@Suite struct HostileTests {
    /// What is put beside each datagram of a peer.
    enum Companion: String, CaseIterable {
        case flippedBit, truncated, extended, garbage, replayed, fatalAlert, closeNotify, swappedType, emptyRecords,
            forgedFinished
    }

    static let cases = Companion.allCases.flatMap { companion in (0..<4).map { (companion, UInt64($0)) } }

    @Test(arguments: cases)
    func `forged datagrams on the path itself neither end a session nor change its data`(
        companion: Companion,
        seed: UInt64
    ) throws {
        let world = PeerWorld(seed: 500 + seed, link: Link(delay: .milliseconds(15), jitter: .milliseconds(5)))
        var random = RandomSource.seeded(seed)
        world.companions = { datagram in
            (0..<2).map { _ in Self.forge(companion, datagram, random: &random) }
        }
        let ann = try world.addSide("ann", at: "10.0.0.1", usesServers: false)
        let bob = try world.addSide("bob", at: "10.0.0.2", usesServers: false)
        #expect(try world.meet(ann, bob, limit: .seconds(30)), "\(companion), seed \(seed)")
        let channel = try ann.connection.openChannel(DataChannelParameters(label: "data"), at: world.now)
        #expect(world.run { ann.opened.contains(channel) && bob.channel(labelled: "data") != nil })
        let messages = (0..<20).map { _ in random.bytes(5_000) }
        for message in messages {
            try ann.connection.send(message, as: .binary, on: channel, at: world.now)
        }
        #expect(world.run { bob.received.count == messages.count }, "\(companion), seed \(seed)")
        #expect(bob.received.map(\.bytes) == messages)
        world.run(for: .seconds(90))
        #expect(ann.closeReason == nil && bob.closeReason == nil, "\(companion), seed \(seed)")
        try ImpostorTests.expectTalk(ann, bob, in: world)
        #expect(ann.impostors.isEmpty && bob.impostors.isEmpty)
        #expect(ann.connection.pairReports.count <= 4 && ann.connection.rememberedStrangers <= 8)
        #expect(world.spinning.isEmpty)
    }

    private static func forge(_ companion: Companion, _ datagram: [UInt8], random: inout RandomSource) -> [UInt8] {
        var forged = datagram
        let record: [UInt8] = [0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2]
        switch companion {
        case .flippedBit:
            guard !forged.isEmpty else { return [0] }
            forged[Int(random.next() % UInt64(forged.count))] ^= 1 << UInt8(random.next() % 8)
        case .truncated: forged.removeLast(Int(random.next() % UInt64(forged.count + 1)))
        case .extended: forged += random.bytes(Int(random.next() % 64))
        case .garbage: forged = random.bytes(Int(random.next() % 1_500))
        case .replayed: break
        case .fatalAlert: forged = [21] + record + [2, 40]
        case .closeNotify: forged = [21] + record + [1, 0]
        case .swappedType:
            guard let first = forged.first, first >= 20 else { return [64] + forged }
            forged[0] = 20 + UInt8(random.next() % 8)
        case .emptyRecords:
            forged = Array(repeating: [23, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0], count: 90).flatMap { $0 }
        case .forgedFinished:
            forged = (0..<20).flatMap { _ in [22, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 0, 0, 48] + random.bytes(48) }
        }
        return forged
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `random bytes change nothing, at any time`(seed: UInt64) throws {
        let world = PeerWorld(seed: seed)
        var random = RandomSource.seeded(seed)
        let ann = try world.addSide("ann", at: "10.0.0.1", usesServers: false)
        let bob = try world.addSide("bob", at: "10.0.0.2", usesServers: false)
        for phase in 0..<3 {
            if phase == 1 { try world.introduce(ann, bob) }
            if phase == 2 { #expect(world.run { ann.isEstablished && bob.isEstablished }, "seed \(seed)") }
            for index in 0..<500 {
                var bytes = random.bytes(Int(random.next() % 300))
                if !bytes.isEmpty, index % 2 == 0 { bytes[0] = [0, 1, 20, 21, 22, 23, 63, 64, 128][index % 9] }
                world.inject(bytes, from: bob.addresses[0], to: ann.addresses[0])
            }
            world.run(for: .milliseconds(20))
        }
        try ImpostorTests.expectTalk(ann, bob, in: world)
        #expect(world.spinning.isEmpty && ann.closeReason == nil)
    }

    @Test func `checks with a wrong password are refused and lead nowhere`() throws {
        let world = PeerWorld(seed: 61)
        let ann = try world.addSide("ann", at: "10.0.0.1", usesServers: false)
        let bob = try world.addSide("bob", at: "10.0.0.2", usesServers: false)
        let mallory = try world.addSide("mallory", at: "10.0.0.3", usesServers: false) {
            $0.credentials = bob.connection.localDescription.credentials
        }
        var line = ann.connection.localDescription
        line.credentials.password = String(repeating: "x", count: 24)
        try mallory.connection.setRemote(line, at: world.now)
        world.run(for: .seconds(2))
        #expect(ann.connection.rejectedDatagrams > 0 && mallory.paths.isEmpty)
        try world.introduce(ann, bob)
        #expect(world.run(limit: .seconds(3)) { ann.isEstablished && bob.isEstablished })
        #expect(ann.connection.pairReports.count == 1)
    }
}
