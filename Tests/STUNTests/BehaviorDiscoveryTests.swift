// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import SimulatedNetwork
import Testing
import Wire

@Suite
struct BehaviorDiscoveryTests {
    private static let mappings: [(NATBehaviour.Dependence, MappingBehavior)] = [
        (.endpointIndependent, .endpointIndependent),
        (.addressDependent, .addressDependent),
        (.addressAndPortDependent, .addressAndPortDependent),
    ]
    private static let filters: [(NATBehaviour.Dependence, FilteringBehavior)] = [
        (.endpointIndependent, .endpointIndependent),
        (.addressDependent, .addressDependent),
        (.addressAndPortDependent, .addressAndPortDependent),
    ]

    /// Every mapping with every filter, and what must be found.
    private func expectAll(seeds: ClosedRange<UInt64>, loss: Double) {
        for (mapping, foundMapping) in Self.mappings {
            for (filtering, foundFiltering) in Self.filters {
                for seed in seeds {
                    let behaviour = NATBehaviour(mapping: mapping, filtering: filtering)
                    var world = DiscoveryWorld(behaviour, seed: seed, loss: loss)
                    let findings = world.discover()
                    #expect(findings.mapping == foundMapping, "\(behaviour), seed \(seed)")
                    #expect(findings.filtering == foundFiltering, "\(behaviour), seed \(seed)")
                    #expect(findings.mapped?.ip == DiscoveryWorld.outside)
                    #expect(findings.reference == world.servers[0].primary)
                }
            }
        }
    }

    @Test
    func `Every mapping with every filter is found`() {
        self.expectAll(seeds: 1...1, loss: 0)
    }

    @Test
    func `Every mapping with every filter is found although a tenth of all datagrams is lost`() {
        self.expectAll(seeds: 1...20, loss: 0.1)
    }

    @Test
    func `A host without a NAT sees itself`() {
        var world = DiscoveryWorld(nil)
        let findings = world.discover()
        #expect(findings.mapped == DiscoveryWorld.sockets.mapping)
        #expect(findings.mapping == .untranslated)
        #expect(findings.filtering == .endpointIndependent)
        #expect(findings.preservesPorts == nil && findings.hairpins == nil)
    }

    @Test(arguments: [true, false])
    func `Whether a host reaches its own mapping is found`(hairpinning: Bool) {
        for (filtering, _) in Self.filters {
            var world = DiscoveryWorld(
                NATBehaviour(mapping: .endpointIndependent, filtering: filtering, hairpinning: hairpinning)
            )
            let findings = world.discover()
            #expect(findings.hairpins == hairpinning)
            #expect(findings.preservesPorts == false)
        }
    }

    @Test
    func `Two servers that know nothing of each other tell whether the mapping depends on them`() {
        let servers = [DiscoveryWorld.plainServer(1), DiscoveryWorld.plainServer(2)]
        for (behaviour, expected) in [
            (NATBehaviour.portRestricted, MappingBehavior.endpointIndependent),
            (.symmetric, .endpointDependent),
        ] {
            var world = DiscoveryWorld(behaviour, servers: servers)
            let findings = world.discover()
            #expect(findings.mapping == expected)
            #expect(findings.filtering == .unknown && findings.reference == nil)
            #expect(findings.hairpins == false)
        }
    }

    @Test
    func `One plain server tells that there is a NAT, and no more`() {
        var world = DiscoveryWorld(.symmetric, servers: [DiscoveryWorld.plainServer(1)])
        let findings = world.discover()
        #expect(findings.mapping == .unknown && findings.filtering == .unknown)
        #expect(findings.mapped?.ip == DiscoveryWorld.outside)
    }

    @Test
    func `A server that can answer from elsewhere is used, whichever of them it is`() {
        var world = DiscoveryWorld(.fullCone, servers: [DiscoveryWorld.plainServer(1), DiscoveryWorld.server(2)])
        let findings = world.discover()
        #expect(findings.reference == world.servers[1].primary)
        #expect(findings.mapping == .endpointIndependent && findings.filtering == .endpointIndependent)
    }

    @Test
    func `Where nothing answers it is over in 3 s`() {
        var world = DiscoveryWorld(.fullCone)
        world.internet.cut(DiscoveryWorld.host, world.servers[0].primary.ip)
        let start = world.now
        let findings = world.discover()
        #expect(world.now - start == .seconds(3))
        #expect(findings.responses == [world.servers[0].primary: .silent])
        #expect(findings.mapped == nil && findings.mapping == .unknown && findings.hairpins == nil)
    }

    @Test
    func `A dead other address is not taken for a filter`() {
        var world = DiscoveryWorld(.fullCone)
        world.internet.cut(DiscoveryWorld.host, world.servers[0].alternate.ip)
        let findings = world.discover()
        #expect(findings.filtering == .unknown && findings.mapping == .unknown)
    }

    @Test
    func `A server that ignores what it is asked is not believed`() {
        var server = DiscoveryWorld.server(1)
        server.ignoresChange = true
        var world = DiscoveryWorld(.symmetric, servers: [server])
        let findings = world.discover()
        #expect(findings.filtering == .unknown)
        #expect(findings.mapping == .addressAndPortDependent)
    }

    @Test(arguments: ["192.0.2.2:3479", "192.0.2.3:3478", "0.0.0.0:3479", "224.0.0.1:3479", "127.0.0.1:3479"])
    func `Another address that is none is left alone`(_ told: String) {
        var server = DiscoveryWorld.server(1)
        server.told = SocketAddress(told)
        var world = DiscoveryWorld(.fullCone, servers: [server])
        #expect(world.discover().reference == nil)
    }

    @Test
    func `A server that does not know where it is is not believed`() {
        var server = DiscoveryWorld.server(1)
        server.origin = SocketAddress("10.0.0.5:3478")
        var world = DiscoveryWorld(.fullCone, servers: [server])
        #expect(world.discover().reference == nil)
    }

    @Test
    func `An answer to nobody's question, or from somebody else, changes nothing`() {
        let world = DiscoveryWorld(nil)
        let server = world.servers[0].primary
        let random = RandomSource.seeded(1)
        var discovery = BehaviorDiscovery(
            servers: [server],
            sockets: DiscoveryWorld.sockets,
            random: random,
            at: world.now
        )
        let buffer = DatagramBuffer()
        #expect(discovery.pollTransmit(into: buffer, at: world.now) != nil)
        let answer = world.servers[0].take(buffer.bytes, from: DiscoveryWorld.sockets.mapping, to: server)?.bytes ?? []
        var forged = answer
        forged[12] ^= 1
        let local = DiscoveryWorld.sockets.mapping
        discovery.handle(forged.span, from: server, on: local, at: world.now)
        discovery.handle(answer.span, from: world.servers[0].alternate, on: local, at: world.now)
        discovery.handle(answer.span, from: server, on: DiscoveryWorld.sockets.neighbour, at: world.now)
        #expect(discovery.findings.mapped == nil)
        discovery.handle(answer.span, from: server, on: local, at: world.now)
        #expect(discovery.findings.mapped == local)
    }
}

@Suite
struct LifetimeDiscoveryTests {
    private func behaviour(_ lifetime: Int) -> NATBehaviour {
        NATBehaviour(
            mapping: .addressAndPortDependent,
            filtering: .addressAndPortDependent,
            lifetime: .seconds(lifetime)
        )
    }

    @Test(arguments: [(30, 25, 35), (60, 50, 70), (120, 100, 140), (300, 280, 320)])
    func `The time that a mapping lives is found`(lifetime: Int, atLeast: Int, below: Int) {
        for loss in [0, 0.1] {
            var world = DiscoveryWorld(self.behaviour(lifetime), loss: loss)
            let findings = world.measureLifetime()
            #expect(findings.atLeast == .seconds(atLeast) && findings.below == .seconds(below), "loss \(loss)")
        }
    }

    @Test
    func `It is over once a mapping is gone`() {
        var world = DiscoveryWorld(self.behaviour(20))
        let start = world.now
        _ = world.measureLifetime()
        #expect(world.now - start < .seconds(35))
    }

    @Test
    func `A mapping that outlives the measurement is at least that old`() {
        var world = DiscoveryWorld(self.behaviour(3_600))
        let findings = world.measureLifetime()
        #expect(findings.atLeast == LifetimeDiscovery.waits.last && findings.below == nil)
    }

    @Test
    func `What is known can be told before the end`() {
        var world = DiscoveryWorld(self.behaviour(3_600))
        let findings = world.measureLifetime(until: world.now + .seconds(60))
        #expect(findings.atLeast == .seconds(50) && findings.below == nil)
    }

    @Test
    func `A server that cannot do it is found out at once`() {
        var world = DiscoveryWorld(self.behaviour(120), servers: [DiscoveryWorld.plainServer(1)])
        let start = world.now
        let findings = world.measureLifetime()
        #expect(findings.atLeast == nil && findings.below == nil)
        #expect(world.now - start < .seconds(10))
    }
}
