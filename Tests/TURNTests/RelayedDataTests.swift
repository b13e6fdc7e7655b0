// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import SimulatedNetwork
import TURN
import Testing
import Wire

@Suite struct RelayedDataTests {
    private func allocated(_ transport: Allocation.Transport = .datagram) -> RelayRig {
        let rig = RelayRig(transport: transport)
        #expect(rig.run { !rig.grants.isEmpty })
        return rig
    }

    @Test(arguments: [Allocation.Transport.datagram, .stream], ["192.0.2.9:9", "[2001:db8::9]:9"])
    func `data goes both ways, with a channel and without`(transport: Allocation.Transport, peer: String) {
        let rig = self.allocated(transport)
        rig.send([1, 2, 3], to: peer)
        rig.run(for: .seconds(1))
        rig.sendBack([4, 5], from: peer)
        rig.run(for: .seconds(1))
        #expect(rig.server.indications == 1 && rig.server.channelDatagrams == 0)
        rig.change { $0.bindChannel(to: address(peer), at: $1) }
        rig.run(for: .seconds(1))
        rig.send([6], to: peer)
        rig.sendBack([], from: peer)
        rig.run(for: .seconds(1))
        #expect(rig.server.indications == 1 && rig.server.channelDatagrams == 1)
        #expect(rig.atPeers.map(\.bytes) == [[1, 2, 3], [6]])
        #expect(rig.atClient.map(\.bytes) == [[4, 5], []])
        #expect(rig.atClient.allSatisfy { $0.peer == address(peer) })
        #expect(rig.server.violations == [])
    }

    @Test(arguments: [Allocation.Transport.datagram, .stream], [true, false])
    func `many datagrams of one size go at once`(transport: Allocation.Transport, hasChannel: Bool) {
        let rig = self.allocated(transport)
        let peer = "192.0.2.9:9"
        if hasChannel { rig.change { $0.bindChannel(to: address(peer), at: $1) } }
        rig.run(for: .seconds(1))
        let bytes = (0..<65_001).map { UInt8(truncatingIfNeeded: $0 / 1300) }
        rig.send(bytes, to: peer, segmentSize: 1300)
        rig.run(for: .seconds(1))
        #expect(rig.atPeers.count == 51)
        #expect(rig.atPeers.flatMap(\.bytes) == bytes)
        #expect(rig.atPeers.dropLast().allSatisfy { $0.bytes.count == 1300 })
        #expect(hasChannel ? rig.server.channelDatagrams == 51 : rig.server.indications == 51)
    }

    @Test func `nothing is sent before there is an allocation, and not without end while a permission is missing`() {
        let rig = RelayRig()
        #expect(rig.send([1], to: "192.0.2.9:9") == .dropped)
        #expect(rig.run { !rig.grants.isEmpty })
        rig.losesUpward = { method(of: $0) == .createPermission }
        let outcomes = (0..<1000).map { _ in rig.send([UInt8](repeating: 1, count: 1000), to: "192.0.2.9:9") }
        #expect(outcomes.filter { $0 == .waiting }.count == AllocationLimits.waitingBytes / 1000)
        #expect(outcomes.last == .dropped)
        #expect(rig.send([1], to: "192.0.2.9:0") == .dropped)
        rig.run(for: .seconds(41))
        rig.losesUpward = { _ in false }
        // After silence nothing is asked for a while; then it is.
        #expect(rig.send([1], to: "192.0.2.9:9") == .dropped)
        rig.run(for: .seconds(10))
        #expect(rig.send([2], to: "192.0.2.9:9") == .waiting)
        rig.run(for: .seconds(1))
        #expect(rig.atPeers.map(\.bytes) == [[2]])
    }

    @Test func `a peer that the server refuses is told, and does not disturb others`() {
        let rig = self.allocated()
        let bad = ip("192.0.2.66")
        rig.server.refusal = { $0.peerAddresses.first?.ip == bad ? (.forbidden, []) : nil }
        rig.send([1], to: "192.0.2.66:9")
        rig.send([2], to: "192.0.2.9:9")
        rig.run(for: .seconds(1))
        #expect(rig.events.last == .refusedPeer(bad, .forbidden))
        #expect(rig.atPeers.map(\.bytes) == [[2]])
        #expect(rig.send([3], to: "192.0.2.66:9") == .dropped)
        #expect(rig.grant != nil)
    }

    @Test func `a channel that is refused leaves indications`() {
        let rig = self.allocated()
        rig.server.refusal = { $0.method == .channelBind ? (.insufficientCapacity, []) : nil }
        rig.change { $0.bindChannel(to: address("192.0.2.9:9"), at: $1) }
        rig.run(for: .seconds(1))
        for _ in 0..<10 {
            rig.change { $0.bindChannel(to: address("192.0.2.9:9"), at: $1) }
            rig.send([2], to: "192.0.2.9:9")
            rig.run(for: .seconds(1))
        }
        #expect(rig.atPeers.count == 10 && rig.requests(.channelBind).count == 1)
    }

    @Test func `data of peers that were never let in is dropped`() throws {
        let rig = self.allocated()
        rig.change { $0.bindChannel(to: address("192.0.2.9:9"), at: $1) }
        rig.run(for: .seconds(1))
        var random = RandomSource.seeded(3)
        let id = TransactionID(random: &random)
        let stranger = STUNMessage(
            .data,
            .indication,
            id,
            attributes: [.xorPeerAddress(address("192.0.2.66:9"), in: id), .raw(.data, [1])]
        )
        rig.inject(stranger.encoded())
        rig.inject(channelData(0x4777, [1]))
        rig.inject([0x40, 0x00, 0x00, 0x09, 1])
        #expect(rig.atClient == [] && rig.rejected == 3)
        rig.inject([0x40, 0x00, 0x00, 0x01, 1, 0, 0, 0])
        #expect(rig.atClient.map(\.bytes) == [[1]])
    }

    @Test func `there are bounds to permissions and channels`() {
        let rig = self.allocated()
        for index in 0..<200 {
            rig.change { $0.bindChannel(to: address("192.0.2.\(index + 1):9"), at: $1) }
            rig.change { $0.permit(address("198.51.1.\(index + 1):9"), at: $1) }
            rig.run(for: .milliseconds(100))
        }
        #expect(rig.requests(.channelBind).count == AllocationLimits.channels)
        #expect(rig.requests(.createPermission).count == 200)
        #expect(rig.server.violations == [])
    }

    @Test func `a stream that does not flow is bounded, and says so`() {
        let rig = self.allocated(.stream)
        rig.change { $0.permit(address("192.0.2.9:9"), at: $1) }
        rig.run(for: .seconds(1))
        let payload = [UInt8](repeating: 5, count: 1200)
        var sent = 0
        for _ in 0..<2000 {
            let outcome = rig.allocation.send(payload.span, segmentSize: 1200, to: address("192.0.2.9:9"), at: rig.now)
            sent += outcome == .sent ? 1 : 0
        }
        #expect(rig.isCongested)
        #expect(rig.bufferedBytes <= AllocationLimits.queuedBytes + 1300)
        rig.change { _, _ in }
        rig.run(for: .seconds(1))
        #expect(!rig.isCongested && rig.atPeers.count == sent && sent > 100)
    }

    @Test func `a stream that makes no sense, or ends, takes the allocation with it`() {
        let rig = self.allocated(.stream)
        rig.inject([0xFF, 1, 2, 3])
        #expect(rig.events.last == .failed(.brokenStream(.unframed)) && rig.hasEnded)
        let other = self.allocated(.stream)
        other.change { allocation, now in allocation.disconnect(.reset, at: now) }
        #expect(other.events.last == .lost(.disconnected))
        other.run(for: .seconds(3))
        #expect(other.grant != nil)
    }
}

@Suite struct AllocationPropertyTests {
    @Test(arguments: 0..<40 as Range<UInt64>)
    func `noise does not disturb an allocation`(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        let rig = RelayRig(transport: .datagram)
        var recorded: [[UInt8]] = []
        rig.losesDownward = { bytes in
            recorded.append(bytes)
            return false
        }
        #expect(rig.run { !rig.grants.isEmpty })
        rig.change { $0.bindChannel(to: address("192.0.2.9:9"), at: $1) }
        rig.run(for: .seconds(1))
        rig.sendBack([1, 2, 3], from: "192.0.2.9:9")
        rig.send([1], to: "192.0.2.10:9")
        rig.run(for: .seconds(1))
        for _ in 0..<300 {
            var bytes = recorded[Int(random.next() % UInt64(recorded.count))]
            switch random.next() % 3 {
            case 0: bytes = random.bytes(Int(random.next() % 200))
            case 1: bytes = Array(bytes.prefix(Int(random.next() % UInt64(bytes.count + 1))))
            default:
                let index = Int(random.next() % UInt64(bytes.count))
                bytes[index] ^= 1 << UInt8(random.next() % 8)
            }
            rig.inject(bytes)
            rig.run(for: .milliseconds(Int(random.next() % 500)))
        }
        rig.run(for: .seconds(1))
        #expect(rig.grant != nil && rig.events.count == 1, "seed \(seed)")
        #expect(rig.spins == 0, "seed \(seed)")
        rig.send([42], to: "192.0.2.9:9")
        rig.run(for: .seconds(2))
        #expect(rig.atPeers.last?.bytes == [42], "seed \(seed)")
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `a noisy stream ends or goes on, and never traps`(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        let rig = RelayRig(transport: .stream)
        #expect(rig.run { !rig.grants.isEmpty })
        for _ in 0..<200 where !rig.hasEnded {
            rig.inject(random.bytes(Int(random.next() % 60)).map { random.next() % 4 == 0 ? 0x40 : $0 })
        }
        #expect(rig.bufferedBytes == 0, "seed \(seed)")
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func `whatever is lost, the client breaks no rule and data gets through in the end`(seed: UInt64) {
        let rig = RelayRig(nonceLifetime: .seconds(50))
        var random = RandomSource.seeded(seed)
        rig.losesUpward = { _ in random.next() % 100 < 30 }
        var other = RandomSource.seeded(seed &+ 1000)
        rig.losesDownward = { _ in other.next() % 100 < 30 }
        #expect(rig.run { !rig.grants.isEmpty }, "seed \(seed)")
        var choice = RandomSource.seeded(seed &+ 2000)
        for _ in 0..<600 {
            let peer = "192.0.2.\(1 + choice.next() % 12):9"
            if choice.next() % 3 == 0 { rig.change { $0.bindChannel(to: address(peer), at: $1) } }
            rig.send([1], to: peer)
            rig.run(for: .seconds(Int(choice.next() % 10)))
        }
        #expect(rig.server.violations.filter { !$0.hasPrefix("data for") } == [], "seed \(seed)")
        #expect(rig.spins == 0, "seed \(seed)")
        rig.losesUpward = { _ in false }
        rig.losesDownward = { _ in false }
        rig.run(for: .seconds(30))
        rig.send([99], to: "192.0.2.200:9")
        rig.run(for: .seconds(2))
        #expect(rig.atPeers.last?.bytes == [99], "seed \(seed)")
    }
}
