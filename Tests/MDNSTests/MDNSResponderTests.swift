// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import MDNS
import Testing
import Wire

@Suite struct MDNSResponderTests {
    private static let here = name("ours.local")
    private static let ours = DNSRecord.address(of: "ours.local", "10.0.0.1")
    private static let group = address("10.0.0.2:5353")
    private static let legacy = address("10.0.0.2:40000")
    private static let question = DNSQuestion(Self.here, .a)

    /// A responder in virtual time that has announced its name.
    private struct Rig {
        var responder = MDNSResponder()
        var now = Instant.zero

        init(_ address: String = "10.0.0.1", milliseconds: UInt64 = 60_000) {
            self.responder.publish(ip(address), as: here, at: .zero)
            _ = self.sent(after: 0)
            _ = self.sent(after: milliseconds)
        }

        /// What is sent until some time has passed.
        mutating func sent(after milliseconds: UInt64) -> [MDNSResponder.Transmit] {
            let end = self.now.advanced(byNanoseconds: milliseconds * 1_000_000)
            var sent: [MDNSResponder.Transmit] = []
            repeat {
                while let transmit = self.responder.pollTransmit(at: self.now) { sent.append(transmit) }
                self.now = min(end, self.responder.nextTimeout ?? end)
            } while self.now < end
            while let transmit = self.responder.pollTransmit(at: self.now) { sent.append(transmit) }
            return sent
        }

        mutating func ask(_ query: DNSMessage, from source: SocketAddress = group) -> [MDNSResponder.Transmit] {
            self.responder.handle(query, from: source, at: self.now)
            return self.sent(after: 0)
        }
    }

    private func message(_ transmit: MDNSResponder.Transmit?) throws -> DNSMessage {
        let bytes = try #require(transmit).bytes
        return try #require(read(bytes))
    }

    @Test func `a name is announced twice, a second apart`() throws {
        var rig = Rig(milliseconds: 0)
        #expect(rig.sent(after: 999).isEmpty)
        let second = rig.sent(after: 1)
        #expect(second.count == 1 && second[0].destination == nil)
        let announcement = try self.message(second.first)
        #expect(announcement.isResponse && announcement.answers == [Self.ours])
        #expect(announcement.answers[0].flushesCache && announcement.answers[0].timeToLive == 120)
        #expect(rig.sent(after: 100_000).isEmpty)
        #expect(rig.responder.nextTimeout == nil)
    }

    @Test(arguments: [DNSType.a, .aaaa, .any])
    func `a question is answered to the group, with what the name lacks`(type: DNSType) throws {
        var rig = Rig()
        let sent = rig.ask(.query(DNSQuestion(name("OURS.local"), type)))
        #expect(sent.count == 1 && sent[0].destination == nil)
        let response = try self.message(sent.first)
        #expect(response.identifier == 0 && response.questions.isEmpty)
        #expect(response.answers == [Self.ours])
        #expect(response.additionals.map(\.content) == [.existence([.a])])
    }

    @Test func `what is not asked for is not told`() {
        var rig = Rig()
        #expect(rig.ask(.query(DNSQuestion(name("theirs.local"), .a), DNSQuestion(Self.here, .nsec))).isEmpty)
        #expect(rig.ask(.response(Self.ours)).isEmpty)
        #expect(rig.ask(.query(Self.question), from: address("0.0.0.0:5353")).isEmpty)
        #expect(rig.ask(.query(Self.question), from: address("224.0.0.251:4000")).isEmpty)
        #expect(rig.ask(.query(Self.question), from: address("10.0.0.2:0")).isEmpty)
    }

    @Test func `the group is told of a name once a second at most`() {
        var rig = Rig()
        #expect(rig.ask(.query(Self.question)).count == 1)
        #expect(rig.sent(after: 100).isEmpty)
        for _ in 0..<50 { #expect(rig.ask(.query(Self.question)).isEmpty) }
        #expect(rig.sent(after: 899).isEmpty)
        #expect(rig.sent(after: 1).count == 1)
        #expect(rig.sent(after: 10_000).isEmpty)
    }

    @Test func `a question that comes over both families is answered once`() {
        var rig = Rig()
        #expect(rig.ask(.query(Self.question)).count == 1)
        #expect(rig.ask(.query(Self.question), from: address("[fe80::2%3]:5353")).isEmpty)
        #expect(rig.sent(after: 10_000).isEmpty)
    }

    @Test func `an answer that is known is not told, unless it is about to be forgotten`() {
        var rig = Rig()
        let known = { DNSMessage.query(Self.question, knowing: [.address(of: "ours.local", $0, timeToLive: $1)]) }
        #expect(rig.ask(known("10.0.0.1", 60)).isEmpty)
        #expect(rig.ask(known("10.0.0.1", 59)).count == 1)
        var other = Rig()
        #expect(other.ask(known("10.0.0.9", 120)).count == 1)
    }

    @Test func `who asks for unicast gets it when the group was told lately`() throws {
        let query = DNSMessage.query(DNSQuestion(Self.here, .a, wantsUnicast: true))
        var rig = Rig(milliseconds: 20_000)
        let sent = rig.ask(query)
        #expect(sent.map(\.destination) == [Self.group])
        #expect(try self.message(sent.first).answers == [Self.ours])
        var other = Rig(milliseconds: 40_000)
        #expect(other.ask(query).map(\.destination) == [nil])
    }

    @Test func `a legacy query is answered as by a server: its number, its question, and briefly`() throws {
        var rig = Rig()
        var query = DNSMessage.query(DNSQuestion(name("Ours.local"), .a), DNSQuestion(name("theirs.local"), .a))
        query.identifier = 4_711
        let sent = rig.ask(query, from: Self.legacy)
        #expect(sent.map(\.destination) == [Self.legacy])
        let response = try self.message(sent.first)
        #expect(response.identifier == 4_711 && response.questions == [query.questions[0]])
        let records = response.answers + response.additionals
        #expect(records.count == 2 && records.allSatisfy { $0.timeToLive == 10 && !$0.flushesCache })
    }

    @Test func `names are taken back, each once`() throws {
        var rig = Rig()
        rig.responder.publish(ip("fd00::1"), as: name("six.local"), at: rig.now)
        _ = rig.sent(after: 5_000)
        rig.responder.withdraw(ip("fd00::1"))
        rig.responder.withdraw(ip("fd00::1"))
        var sent = rig.sent(after: 0)
        #expect(sent.count == 1 && sent[0].destination == nil)
        #expect(try self.message(sent.first).answers == [.address(of: "six.local", "fd00::1", timeToLive: 0)])
        rig.responder.withdrawAll()
        sent = rig.sent(after: 0)
        #expect(try self.message(sent.first).answers == [.address(of: "ours.local", "10.0.0.1", timeToLive: 0)])
        #expect(rig.responder.isEmpty && rig.ask(.query(Self.question)).isEmpty)
    }

    @Test func `names are bounded, and messages fit into packets`() {
        var rig = Rig()
        var random = RandomSource.seeded(1)
        for number in 0..<100 {
            rig.responder.publish(
                ip("fd00::\(number)"),
                as: DNSName(hidingBehind: UUIDv4(random: &random)),
                at: rig.now
            )
        }
        let announcements = rig.sent(after: 0)
        rig.responder.withdrawAll()
        let goodbyes = rig.sent(after: 0)
        for sent in [announcements, goodbyes] {
            let answers = sent.compactMap { read($0.bytes)?.answers.count }
            #expect(answers.reduce(0, +) >= MDNSResponder.maximumNames - 1)
            #expect(sent.allSatisfy { $0.bytes.count <= 1_232 })
        }
    }

    @Test func `a link-local address is told without its scope`() throws {
        var rig = Rig("fe80::1%3")
        let response = try self.message(rig.ask(.query(DNSQuestion(Self.here, .aaaa))).first)
        #expect(response.answers.map(\.content) == [.address(ip("fe80::1"))])
    }
}
