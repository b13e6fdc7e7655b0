// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import MDNS
import Testing
import Wire

@Suite struct MDNSResolverTests {
    private static let source = address("10.0.0.2:5353")

    /// A resolver in virtual time, whose queries are noted with their milliseconds.
    private struct Rig {
        var resolver = MDNSResolver()
        var queries: [(milliseconds: UInt64, message: DNSMessage)] = []
        var events: [MDNSResolver.Event] = []

        mutating func search(_ names: String..., milliseconds: UInt64 = 0) {
            for text in names {
                self.resolver.search(for: name(text), at: Instant(nanoseconds: milliseconds * 1_000_000))
            }
            self.run(until: milliseconds)
            self.drain(at: Instant(nanoseconds: milliseconds * 1_000_000))
        }

        mutating func take(_ message: DNSMessage, from source: SocketAddress = source) {
            self.resolver.handle(message, from: source)
            self.drain(at: .zero)
        }

        /// Lets time pass.
        mutating func run(until milliseconds: UInt64) {
            let end = Instant(nanoseconds: milliseconds * 1_000_000)
            while let next = self.resolver.nextTimeout, next <= end {
                self.resolver.handleTimeout(at: next)
                self.drain(at: next)
                guard let following = self.resolver.nextTimeout else { return }
                #expect(following > next, "it spins")
                guard following > next else { return }
            }
        }

        private mutating func drain(at now: Instant) {
            while let bytes = self.resolver.pollTransmit() {
                guard let message = read(bytes) else {
                    Issue.record("no message")
                    return
                }
                #expect(bytes.count <= 1_232)
                self.queries.append((now.nanoseconds / 1_000_000, message))
            }
            while let event = self.resolver.pollEvent() { self.events.append(event) }
        }
    }

    private static let both = ["a.local", "b.local"].flatMap { text in
        [DNSQuestion(name(text), .a), DNSQuestion(name(text), .aaaa)]
    }

    @Test func `names are asked for together, at 0, 1 and 3 seconds, and given up at 5`() {
        var rig = Rig()
        rig.search("a.local", "b.local")
        #expect(rig.queries.map(\.message.questions) == [Self.both])
        rig.run(until: 4_999)
        #expect(rig.queries.map(\.milliseconds) == [0, 1_000, 3_000])
        #expect(rig.queries.allSatisfy { $0.message.questions == Self.both && !$0.message.isResponse })
        #expect(rig.events.isEmpty)
        rig.run(until: 60_000)
        #expect(rig.queries.count == 3)
        #expect(rig.events == [.notFound(name("a.local")), .notFound(name("b.local"))])
        #expect(rig.resolver.nextTimeout == nil)
    }

    @Test func `an answer after two were lost is an answer`() {
        var rig = Rig()
        rig.search("a.local")
        rig.run(until: 3_000)
        rig.take(.response(.address(of: "A.LOCAL", "10.0.0.2")))
        #expect(rig.events == [.found(name("a.local"), ip("10.0.0.2"))])
        rig.run(until: 60_000)
        #expect(rig.events.count == 1, "a name with an address was called not found")
    }

    @Test func `only what was not told is asked for again`() {
        var rig = Rig()
        rig.search("a.local")
        rig.take(.response(.address(of: "a.local", "10.0.0.2")))
        rig.run(until: 1_000)
        #expect(rig.queries.last?.message.questions == [DNSQuestion(name("a.local"), .aaaa)])
        rig.search("a.local", milliseconds: 1_000)
        #expect(rig.events == Array(repeating: .found(name("a.local"), ip("10.0.0.2")), count: 2), "it is told again")
        rig.events.removeLast()
        rig.take(.response(.address(of: "a.local", "fd00::2")))
        #expect(rig.events == [.found(name("a.local"), ip("10.0.0.2")), .found(name("a.local"), ip("fd00::2"))])
        #expect(rig.resolver.nextTimeout == nil)
    }

    @Test func `an assertion that there is no other type ends the search`() {
        var rig = Rig()
        rig.search("a.local", "b.local")
        var response = DNSMessage.response(.address(of: "a.local", "10.0.0.2"))
        response.additionals = [
            DNSRecord(name("a.local"), .existence([.a]), timeToLive: 120),
            DNSRecord(name("b.local"), .existence([]), timeToLive: 120),
        ]
        rig.take(response)
        #expect(rig.events == [.found(name("a.local"), ip("10.0.0.2")), .notFound(name("b.local"))])
        #expect(rig.resolver.nextTimeout == nil)
    }

    @Test func `what was not asked for, is taken back, or does not come from the port is ignored`() {
        var rig = Rig()
        rig.search("a.local")
        rig.take(.response(.address(of: "b.local", "10.0.0.2"), .address(of: "a.a.local", "10.0.0.2")))
        rig.take(.response(.address(of: "a.local", "10.0.0.2", timeToLive: 0)))
        rig.take(.response(.address(of: "a.local", "10.0.0.2")), from: address("10.0.0.2:5354"))
        rig.take(.query(DNSQuestion(name("a.local"), .a), knowing: [.address(of: "a.local", "10.0.0.2")]))
        #expect(rig.events.isEmpty)
    }

    @Test func `the same answer again, from any number of hosts, is one answer`() {
        var rig = Rig()
        rig.search("a.local")
        for _ in 0..<10 { rig.take(.response(.address(of: "a.local", "10.0.0.2"))) }
        #expect(rig.events.count == 1)
        for number in 0..<100 { rig.take(.response(.address(of: "a.local", "10.0.1.\(number)"))) }
        #expect(rig.events.count == MDNSResolver.maximumAddresses)
    }

    @Test func `a name that is asked for is not asked for twice, and one that was given up is asked for anew`() {
        var rig = Rig()
        rig.search("a.local", "A.local")
        #expect(rig.queries.map(\.message.questions.count) == [2])
        rig.run(until: 10_000)
        rig.search("a.local", milliseconds: 20_000)
        #expect(rig.queries.map(\.milliseconds) == [0, 1_000, 3_000, 20_000])
    }

    @Test func `names are bounded, and messages fit into packets`() {
        var rig = Rig()
        let label = String(repeating: "x", count: 60)
        for number in 0...MDNSResolver.maximumNames {
            rig.resolver.search(for: name("\(number).\(label).\(label).\(label).local"), at: .zero)
        }
        rig.run(until: 0)
        #expect(rig.events.count == 1, "one name too many is not found")
        #expect(rig.queries.reduce(0) { $0 + $1.message.questions.count } == 2 * MDNSResolver.maximumNames)
    }

    @Test func `a late timeout asks once`() {
        var rig = Rig()
        rig.search("a.local")
        rig.resolver.handleTimeout(at: Instant(nanoseconds: 100_000_000_000))
        #expect(rig.resolver.pollTransmit() != nil)
        #expect(rig.resolver.pollTransmit() == nil)
    }
}
