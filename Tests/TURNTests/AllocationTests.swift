// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import SimulatedNetwork
import TURN
import Testing
import Wire

@Suite struct AllocationTests {
    @Test func `an allocation has an address of each family that the server has`() throws {
        let rig = RelayRig()
        #expect(rig.run { !rig.grants.isEmpty })
        let grant = try #require(rig.grants.first)
        #expect(grant.relayed.map(\.ip) == [ip("198.51.100.1"), ip("2001:db8::1")])
        #expect(grant.mapped == RelayRig.client && grant.lifetime == 600 && grant.refusedFamily == nil)
        #expect(rig.requests(.allocate).count == 2)
        #expect(rig.requests(.allocate).allSatisfy { $0.requestedTransport == 17 })
    }

    @Test func `a family that the server lacks costs that family alone`() throws {
        let rig = RelayRig(relaying: ["198.51.100.1"])
        #expect(rig.run { !rig.grants.isEmpty })
        let grant = try #require(rig.grants.first)
        #expect(grant.relayed.map(\.ip) == [ip("198.51.100.1")])
        #expect(grant.refusedFamily == .addressFamilyNotSupported)
        #expect(rig.send([1], to: "[2001:db8::9]:9") == .dropped)
    }

    @Test func `a server without IPv4 gives what it has`() {
        let rig = RelayRig(relaying: ["2001:db8::1"])
        #expect(rig.run { !rig.grants.isEmpty })
        #expect(rig.grants.first?.relayed.map(\.ip) == [ip("2001:db8::1")])
        #expect(rig.requests(.allocate).last?.requestedAddressFamily == .ipv6)
    }

    @Test func `one family can be asked for`() {
        let rig = RelayRig { _, configuration in configuration.relay = .only(.ipv6) }
        #expect(rig.run { !rig.grants.isEmpty })
        #expect(rig.grants.first?.relayed.map(\.ip) == [ip("2001:db8::1")])
        let other = RelayRig(relaying: ["198.51.100.1"]) { _, configuration in configuration.relay = .only(.ipv6) }
        #expect(other.run { other.hasEnded })
        #expect(other.events == [.failed(.addressFamilyNotSupported)])
    }

    @Test(arguments: [
        SecurityFeatures.passwordAlgorithms, .usernameAnonymity, [.passwordAlgorithms, .usernameAnonymity],
    ])
    func `SHA-256 and hidden user names are used where the server offers them`(features: SecurityFeatures) throws {
        let rig = RelayRig(features: features)
        #expect(rig.run { !rig.grants.isEmpty })
        let request = try #require(rig.requests(.allocate).last)
        #expect((request.userHash != nil) == features.contains(.usernameAnonymity))
        #expect((request.username == nil) == features.contains(.usernameAnonymity))
        #expect((request.passwordAlgorithm == .sha256) == features.contains(.passwordAlgorithms))
        #expect(request.integrity == (features.contains(.passwordAlgorithms) ? .sha256 : .sha1))
    }

    @Test func `a wrong password is told, and not tried again and again`() {
        let rig = RelayRig(password: "guess")
        #expect(rig.run { rig.hasEnded })
        #expect(rig.events == [.failed(.unauthenticated(.wrongCredentials))])
        #expect(rig.requests(.allocate).count == 2)
        rig.run(for: .seconds(3600))
        #expect(rig.requests(.allocate).count == 2)
    }

    @Test(
        arguments: [
            (.forbidden, .forbidden), (.addressFamilyNotSupported, .addressFamilyNotSupported),
            (.wrongCredentials, .wrongCredentials), (.unsupportedTransport, .unsupportedTransport),
            (.peerAddressFamilyMismatch, .peerAddressFamilyMismatch), (.allocationQuotaReached, .quotaReached),
            (.insufficientCapacity, .insufficientCapacity), (.badRequest, .refused(.badRequest)),
        ] as [(ErrorCode, AllocationFailure)]
    )
    func `each refusal has its name`(error: ErrorCode, failure: AllocationFailure) {
        let rig = RelayRig { server, _ in server.refusal = { _ in (error, []) } }
        #expect(rig.run { rig.hasEnded })
        #expect(rig.events == [.failed(failure)])
        #expect(!failure.description.isEmpty)
    }

    @Test func `a server that never answers is given up after 39.5 seconds`() {
        let rig = RelayRig { server, _ in server.isRunning = false }
        let start = rig.now
        #expect(rig.run { rig.hasEnded })
        #expect(rig.events == [.failed(.timedOut)])
        #expect(rig.now - start == .milliseconds(39_500))
    }

    @Test func `a lost answer does not cost the allocation`() {
        let rig = RelayRig { server, _ in
            server.remembersTransactions = false
            var isFirst = true
            server.losesAnswer = { request in
                defer { if request.method == .allocate { isFirst = false } }
                return request.method == .allocate && isFirst
            }
        }
        // The server takes the repeated request for a second one: what it has must go first.
        #expect(rig.run { !rig.grants.isEmpty })
        #expect(rig.server.allocations == 1)
        #expect(rig.grants.count == 1)
    }

    @Test func `a port that stays somebody else's is a failure of its own`() {
        let rig = RelayRig { server, _ in
            server.refusal = { $0.method == .allocate ? (.allocationMismatch, []) : nil }
        }
        #expect(rig.run { rig.hasEnded })
        #expect(rig.events == [.failed(.addressInUse)])
        #expect(rig.requests(.allocate).count == 5)
    }

    @Test func `what is not understood about fragments is not asked for again`() {
        let rig = RelayRig { server, configuration in
            configuration.wantsDontFragment = true
            server.refusal = { request in
                request.raw(.dontFragment) == nil
                    ? nil : (.unknownAttribute, [.unknownAttributes([.dontFragment])])
            }
        }
        #expect(rig.run { !rig.grants.isEmpty })
        #expect(rig.requests(.allocate).count == 3)
    }

    @Test func `an allocation is refreshed in time for hours, also when nothing is sent`() {
        let rig = RelayRig { server, _ in server.maximumLifetime = 120 }
        #expect(rig.run { !rig.grants.isEmpty })
        rig.run(for: .seconds(7200))
        #expect(rig.events.count == 1 && rig.server.allocations == 1)
        #expect(rig.spins == 0 && rig.wakeups < 2000)
        // A NAT that forgets after 30 s never does.
        #expect(rig.requests(.refresh).count >= 7200 / 16)
    }

    @Test func `a busy allocation is refreshed before it ends`() {
        let rig = RelayRig()
        #expect(rig.run { !rig.grants.isEmpty })
        for _ in 0..<1300 {
            rig.send([1, 2, 3], to: "192.0.2.9:9")
            rig.sendBack([4], from: "192.0.2.9:9")
            rig.run(for: .seconds(1))
        }
        #expect(rig.events.count == 1)
        #expect((2...3).contains(rig.requests(.refresh).count))
        #expect(rig.atPeers.count == 1300)
    }

    @Test func `closing lets the allocation go`() {
        let rig = RelayRig(nonceLifetime: .seconds(5))
        #expect(rig.run { !rig.grants.isEmpty })
        rig.run(for: .seconds(10))
        rig.change { $0.close(at: $1) }
        #expect(rig.run { rig.hasEnded })
        #expect(rig.events.last == .closed)
        #expect(rig.server.allocations == 0 && rig.nextTimeout == nil)
        #expect(rig.requests(.refresh).last?.lifetime == 0)
    }

    @Test func `closing ends also without an answer`() {
        let rig = RelayRig()
        #expect(rig.run { !rig.grants.isEmpty })
        rig.server.isRunning = false
        rig.change { $0.close(at: $1) }
        #expect(rig.run { rig.hasEnded })
        #expect(rig.events.last == .closed)
    }

    @Test func `the response of the same server to somebody else is left alone`() {
        let rig = RelayRig()
        var random = RandomSource.seeded(4)
        let response = STUNMessage(
            .binding,
            .success,
            TransactionID(random: &random),
            attributes: [.xorMappedAddress(RelayRig.client)]
        )
        #expect(!rig.inject(response.encoded(fingerprint: true)))
    }
}

@Suite struct RedirectionTests {
    private func redirect(_ rig: RelayRig, to other: String) {
        rig.server.earlyRefusal = { _ in (.tryAlternate, [.alternateServer(address(other))]) }
    }

    @Test func `another server is named, with what it takes to go there`() throws {
        let rig = RelayRig()
        self.redirect(rig, to: "198.51.100.2:3478")
        #expect(rig.run { rig.hasEnded })
        #expect(rig.events == [.redirected(to: address("198.51.100.2:3478"), domain: nil)])
        let next = try #require(rig.configuration.redirected(to: address("198.51.100.2:3478")))
        #expect(next.server == address("198.51.100.2:3478") && next.username == "ann")
        #expect(next.redirected(to: address("198.51.100.1:3478")) == nil)
    }

    @Test(arguments: ["198.51.100.1:3478", "[2001:db8::2]:3478", "198.51.100.2:0", "0.0.0.0:3478", "224.0.0.1:3478"])
    func `a redirection in a circle or to nowhere is a failure`(other: String) {
        let rig = RelayRig()
        self.redirect(rig, to: other)
        #expect(rig.run { rig.hasEnded })
        #expect(rig.events == [.failed(.uselessRedirection)])
    }

    @Test func `redirections end after three`() throws {
        var configuration = RelayRig().configuration
        for hop in 0..<Allocation.Configuration.maximumRedirections {
            configuration = try #require(configuration.redirected(to: address("198.51.100.\(20 + hop):3478")))
        }
        #expect(configuration.redirected(to: address("198.51.100.99:3478")) == nil)
        #expect(!String(describing: configuration).contains("secret"))
        #expect(!String(reflecting: configuration).contains("secret"))
    }
}
