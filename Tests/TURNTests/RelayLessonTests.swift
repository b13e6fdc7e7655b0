// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import SimulatedNetwork
import TURN
import Testing
import Wire

/// What other stacks learned the hard way.
@Suite struct RelayLessonTests {
    private static let peer = "192.0.2.9:9"

    private func allocated(
        nonceLifetime: Duration = .seconds(600),
        prepare: (RelayServer, inout Allocation.Configuration) -> Void = { _, _ in }
    ) -> RelayRig {
        let rig = RelayRig(nonceLifetime: nonceLifetime, prepare: prepare)
        #expect(rig.run { !rig.grants.isEmpty })
        return rig
    }

    @Test func `a stale nonce costs one more round trip, whatever was asked for`() {
        let rig = self.allocated(nonceLifetime: .milliseconds(100))
        rig.run(for: .seconds(1))
        rig.send([1], to: Self.peer)
        rig.run(for: .seconds(1))
        rig.sendBack([2], from: Self.peer)
        rig.change { $0.bindChannel(to: address(Self.peer), at: $1) }
        rig.run(for: .seconds(20))
        rig.change { $0.close(at: $1) }
        rig.run(for: .seconds(1))
        #expect(rig.requests(.createPermission).count == 2)
        #expect(rig.requests(.channelBind).count == 2)
        #expect(rig.requests(.refresh).count == 4)
        #expect(rig.server.allocations == 0 && rig.events.count == 2)
        #expect(rig.atPeers.map(\.bytes) == [[1]])
    }

    @Test func `a server whose nonces are always stale is not asked for ever`() {
        let rig = RelayRig(nonceLifetime: .milliseconds(1))
        #expect(rig.run { rig.hasEnded })
        #expect(rig.events == [.failed(.unauthenticated(.tooManyChallenges))])
        #expect(rig.requests(.allocate).count == LongTermCredentials.maximumAttempts)
    }

    @Test func `requests that come too late for their nonces time and again are not given up`() {
        let rig = self.allocated(nonceLifetime: .milliseconds(900))
        rig.run(for: .seconds(1))
        var transmissions: [[UInt8]: Int] = [:]
        // Of each request the third transmission arrives, 1.5 s after the first; at last, one at once.
        rig.losesUpward = { bytes in
            transmissions[bytes, default: 0] += 1
            return transmissions.count < 6 && transmissions[bytes, default: 0] < 3
        }
        #expect(rig.send([1], to: Self.peer) == .waiting)
        rig.run(for: .seconds(20))
        #expect(rig.requests(.createPermission).count == 6)
        #expect(rig.atPeers.map(\.bytes) == [[1]])
    }

    @Test func `a server that was restarted is noticed soon after data gets no answer`() {
        let rig = self.allocated()
        rig.send([1], to: Self.peer)
        rig.run(for: .seconds(1))
        rig.server.restart()
        let restart = rig.now
        rig.send([2], to: Self.peer)
        #expect(rig.run { rig.grants.count == 2 })
        #expect(rig.events.contains(.lost(.mismatch)))
        #expect(rig.now.nanoseconds(since: restart) < 2_000_000_000)
    }

    @Test func `a peer that never answers costs few requests to the server`() {
        let rig = self.allocated()
        for _ in 0..<600 {
            rig.send([1], to: Self.peer)
            rig.run(for: .milliseconds(100))
        }
        #expect((4...7).contains(rig.requests(.refresh).count))
    }

    @Test func `data that waits for a permission is sent after its nonce was stale`() {
        let rig = self.allocated(nonceLifetime: .milliseconds(100))
        rig.run(for: .seconds(1))
        #expect(rig.send([1], to: Self.peer) == .waiting)
        #expect(rig.send([2], to: Self.peer) == .waiting)
        rig.run(for: .seconds(1))
        #expect(rig.atPeers.map(\.bytes) == [[1], [2]])
        #expect(rig.send([3], to: Self.peer) == .sent)
        #expect(rig.server.violations == [])
    }

    @Test func `permissions and channels in use are refreshed in time`() {
        let rig = self.allocated()
        rig.change { $0.bindChannel(to: address(Self.peer), at: $1) }
        rig.run(for: .seconds(1))
        for _ in 0..<3600 {
            #expect(rig.send([7], to: Self.peer) == .sent)
            rig.run(for: .seconds(1))
        }
        #expect(rig.atPeers.count == 3600)
        #expect(rig.server.channelDatagrams == 3600)
        #expect(rig.server.violations == [])
        #expect((6...8).contains(rig.requests(.channelBind).count))
        #expect(Set(rig.requests(.channelBind).compactMap(\.channelNumber)) == [0x4000])
        #expect((13...16).contains(rig.requests(.createPermission).count))
    }

    @Test func `permissions and channels that nobody uses lapse`() {
        let rig = self.allocated()
        rig.change { $0.bindChannel(to: address(Self.peer), at: $1) }
        rig.run(for: .seconds(3600))
        #expect(rig.requests(.channelBind).count == 1)
        #expect(rig.requests(.createPermission).isEmpty)
        #expect(rig.send([1], to: Self.peer) == .waiting)
        rig.run(for: .seconds(1))
        #expect(rig.atPeers.map(\.bytes) == [[1]])
        #expect(rig.server.indications == 1 && rig.server.violations == [])
    }

    @Test func `a lapsed channel gets its number back and no other peer gets it`() {
        let rig = self.allocated()
        rig.change { $0.bindChannel(to: address(Self.peer), at: $1) }
        rig.run(for: .seconds(700))
        rig.change { $0.bindChannel(to: address("192.0.2.10:9"), at: $1) }
        rig.change { $0.bindChannel(to: address(Self.peer), at: $1) }
        rig.run(for: .seconds(1))
        #expect(rig.requests(.channelBind).compactMap(\.channelNumber) == [0x4000, 0x4001, 0x4000])
        #expect(rig.server.violations == [])
    }

    @Test func `a binding whose answer is lost is never made differently`() {
        let rig = self.allocated { server, _ in server.losesAnswer = { $0.method == .channelBind } }
        rig.change { $0.bindChannel(to: address(Self.peer), at: $1) }
        rig.run(for: .seconds(45))
        #expect(rig.send([1], to: Self.peer) == .waiting)
        rig.run(for: .seconds(1))
        rig.sendBack([9], from: Self.peer)
        rig.run(for: .seconds(60))
        #expect(rig.atClient.map(\.bytes) == [[9]])
        rig.server.losesAnswer = { _ in false }
        rig.change { $0.bindChannel(to: address("192.0.2.10:9"), at: $1) }
        rig.change { $0.bindChannel(to: address(Self.peer), at: $1) }
        rig.run(for: .seconds(1))
        rig.send([2], to: Self.peer)
        rig.run(for: .seconds(1))
        let bound = rig.requests(.channelBind).compactMap { request in
            request.channelNumber.map { "\($0) \(request.peerAddresses)" }
        }
        #expect(Set(bound).count == 2)
        #expect(rig.server.violations == [] && rig.server.channelDatagrams == 1)
        #expect(rig.atPeers.map(\.bytes) == [[1], [2]])
    }

    @Test(arguments: [true, false])
    func `a server that was restarted gives another address`(isBusy: Bool) throws {
        let rig = self.allocated()
        rig.change { $0.bindChannel(to: address(Self.peer), at: $1) }
        rig.run(for: .seconds(2))
        rig.server.restart()
        for second in 0..<20 {
            if isBusy { rig.send([UInt8(second)], to: "192.0.2.\(second + 20):9") }
            rig.run(for: .seconds(1))
        }
        #expect(rig.grants.count == 2)
        #expect(rig.events.count == 3 && rig.events[1] == .lost(.mismatch))
        #expect(rig.grants[0].relayed != rig.grants[1].relayed)
        rig.change { $0.bindChannel(to: address(Self.peer), at: $1) }
        rig.run(for: .seconds(1))
        rig.send([77], to: Self.peer)
        rig.run(for: .seconds(1))
        #expect(rig.atPeers.last?.bytes == [77])
        #expect(rig.requests(.channelBind).last?.channelNumber == 0x4001)
    }

    @Test func `a minute without a network does not cost the allocation`() {
        let rig = self.allocated()
        rig.run(for: .seconds(100))
        rig.losesUpward = { _ in true }
        rig.losesDownward = { _ in true }
        rig.run(for: .seconds(60))
        rig.losesUpward = { _ in false }
        rig.losesDownward = { _ in false }
        rig.run(for: .seconds(60))
        #expect(rig.events.count == 1)
        rig.send([1], to: Self.peer)
        rig.run(for: .seconds(1))
        #expect(rig.atPeers.map(\.bytes) == [[1]] && rig.spins == 0)
    }

    @Test func `a server that comes back after an hour is used again`() {
        let rig = self.allocated()
        rig.server.isRunning = false
        rig.run(for: .seconds(3600))
        #expect(rig.events.count == 2 && rig.events.last == .lost(.expired))
        rig.server.restart()
        rig.server.isRunning = true
        rig.run(for: .seconds(90))
        #expect(rig.grants.count == 2)
        #expect(rig.spins == 0 && rig.wakeups < 1500)
    }

    @Test func `a server that forgets at once is not asked without pause`() {
        let rig = self.allocated { server, _ in
            server.refusal = { $0.method == .createPermission ? (.allocationMismatch, []) : nil }
        }
        for _ in 0..<10_000 {
            rig.send([1], to: Self.peer)
            rig.run(for: .milliseconds(1))
        }
        #expect(rig.requests(.allocate).count < 20)
    }

    @Test(arguments: [1, 3, 7, 64, 1 << 16])
    func `frames of a stream may come in any pieces, and padding is nobody's data`(chunk: Int) {
        let rig = RelayRig(transport: .stream)
        rig.chunk = chunk
        #expect(rig.run { !rig.grants.isEmpty })
        rig.change { $0.bindChannel(to: address(Self.peer), at: $1) }
        rig.run(for: .seconds(1))
        let payloads = (0..<9).map { [UInt8](repeating: UInt8($0 + 1), count: $0 * 7) }
        for payload in payloads {
            rig.send(payload, to: Self.peer)
            rig.sendBack(payload, from: Self.peer)
        }
        rig.run(for: .seconds(1))
        #expect(rig.atPeers.map(\.bytes) == payloads)
        #expect(rig.atClient.map(\.bytes) == payloads)
        #expect(rig.server.violations == [] && rig.server.channelDatagrams == payloads.count)
    }
}
