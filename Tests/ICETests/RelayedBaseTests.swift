// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

@testable import ICE

@Suite struct RelayedBaseTests {
    private static let relayed = socket("198.51.100.1:50000")

    private func rig() -> Rig {
        let rig = Rig(role: .controlling)
        rig.agent.addRelayedAddress(
            Self.relayed,
            by: socket("198.51.100.1:3478"),
            relatedAddress: socket("203.0.113.1:5000"),
            localPreference: 65_535,
            at: rig.now
        )
        return rig
    }

    @Test func `a relayed address is a candidate of the lowest rank and a base of its own`() throws {
        let rig = self.rig()
        let candidate = try #require(rig.agent.localCandidates.last)
        #expect(candidate.kind == .relayed && candidate.address == Self.relayed)
        #expect(candidate.relatedAddress == socket("203.0.113.1:5000"))
        let others = rig.agent.localCandidates.dropLast()
        #expect(others.allSatisfy { $0.priority > candidate.priority && $0.foundation != candidate.foundation })
    }

    @Test func `no STUN server is asked from a relayed address`() {
        let rig = self.rig()
        rig.agent.addSTUNServer(socket("198.51.100.2:3478"), at: rig.now)
        var sources: Set<SocketAddress> = []
        while let transmit = rig.agent.pollTransmit() { sources.insert(transmit.source) }
        #expect(!sources.contains(Self.relayed))
    }

    @Test func `a relay that is gone takes its candidate with it`() {
        let rig = self.rig()
        rig.agent.removeLocalAddress(Self.relayed, at: rig.now)
        let candidates = rig.agent.localCandidates
        #expect(candidates.allSatisfy { $0.kind != .relayed })
        var isStale = false
        while let event = rig.agent.pollEvent() {
            if case .localCandidateStale(let candidate) = event { isStale = candidate.kind == .relayed }
        }
        #expect(isStale)
    }
}
