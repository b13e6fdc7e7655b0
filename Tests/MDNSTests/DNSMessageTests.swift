// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import MDNS
import Testing
import Wire

@Suite struct DNSMessageTests {
    // MARK: Vectors

    /// What avahi-daemon 0.8 answers with to a query for both types.
    private static let avahi = bytes(
        """
        0000 8400 0000 0002 0000 0000 08 617661686962 6f78 056c6f63616c 00 001c 8001 00000078 0010
        fd99 0000 0000 0000 0000 0000 0000 0002 c00c 0001 8001 00000078 0004 0a090002
        """
    )

    @Test func `an answer of avahi is read`() throws {
        let message = try #require(read(Self.avahi))
        #expect(message.isResponse && message.questions.isEmpty && message.additionals.isEmpty)
        #expect(
            message.answers == [.address(of: "avahibox.local", "fd99::2"), .address(of: "avahibox.local", "10.9.0.2")]
        )
        #expect(message.encoded == Self.avahi)
    }

    @Test func `a query is written as RFC 1035 has it, with the bit for unicast`() {
        let questions = [DNSQuestion(name("a.local"), .a, wantsUnicast: true), DNSQuestion(name("b.local"), .aaaa)]
        let query = DNSMessage.query(questions[0], questions[1])
        let expected = bytes(
            "0000 0000 0002 0000 0000 0000 01 61 05 6c6f63616c 00 0001 8001 01 62 c00e 001c 0001"
        )
        #expect(query.encoded == expected)
        #expect(read(expected) == query)
    }

    @Test func `that there is no other type is written as a bit map`() {
        var message = DNSMessage(isResponse: true)
        message.additionals = [DNSRecord(name("a.local"), .existence([.aaaa]), timeToLive: 120)]
        let expected = bytes(
            "0000 8400 0000 0000 0000 0001 01 61 05 6c6f63616c 00 002f 8001 00000078 0008 c00c 00 04 00 00 00 08"
        )
        #expect(message.encoded == expected)
        #expect(read(expected) == message)
    }

    @Test func `records of unknown types and classes are skipped`() throws {
        let mixed = bytes(
            """
            0000 8400 0000 0003 0000 0000 01 61 05 6c6f63616c 00 0010 8001 00000078 0003 02 7878
            c00c 0001 0003 00000078 0004 0a000001 c00c 0001 0001 00000078 0004 0a000002
            """
        )
        let message = try #require(read(mixed))
        #expect(message.answers.map(\.content) == [.address(ip("10.0.0.2"))])
        #expect(message.answers.first?.flushesCache == false)
    }

    // MARK: Names

    @Test func `names are compared without regard to case, and keep it`() {
        #expect(name("HoSt.LOCAL") == name("host.local"))
        #expect(Set([name("A.local"), name("a.Local")]).count == 1)
        #expect(name("HoSt.local").description == "HoSt.local")
        #expect(name("host.local") != name("host.locals"))
    }

    @Test(arguments: ["", ".", "a..local", ".local", "local.", String(repeating: "a", count: 64) + ".local"])
    func `what is no name is none`(text: String) {
        #expect(DNSName(text) == nil)
    }

    @Test func `a name has 255 bytes at most`() {
        let label = String(repeating: "a", count: 63)
        #expect(DNSName([label, label, label, String(repeating: "a", count: 61)].joined(separator: ".")) != nil)
        #expect(DNSName([label, label, label, String(repeating: "a", count: 62)].joined(separator: ".")) == nil)
    }

    @Test(arguments: [
        // To itself, forward, to each other, beyond the end; labels of an unknown kind.
        "c00c", "c00e", "0161 c00c", "c0ff", "ffff", "4161", "8161", "01",
    ])
    func `pointers that do not lead backwards make no message`(name: String) {
        let message = bytes("0000 8400 0001 0000 0000 0000" + name + "0001 0001")
        #expect(read(message) == nil)
    }

    @Test func `a pointer may lead to a pointer, but not for ever`() {
        var chain = bytes("0000 0000 0012 0000 0000 0000 0161 00 0001 0001")
        for _ in 1..<18 {
            // Each question refers to the one before it.
            let target = UInt16(chain.count == 19 ? 12 : chain.count - 6)
            chain += [0xC0 | UInt8(target >> 8), UInt8(target & 0xFF), 0, 1, 0, 1]
        }
        #expect(read(chain) == nil)
        chain.removeLast(6)
        chain[5] = 17
        #expect(read(chain)?.questions.map(\.name) == Array(repeating: name("a"), count: 17))
    }

    // MARK: Limits

    @Test func `no part of a message is a message`() {
        for count in 0..<Self.avahi.count {
            #expect(read(Self.avahi[..<count]) == nil, "\(count) bytes")
        }
    }

    @Test func `messages with other operations, errors, too many records or too many bytes are ignored`() {
        for (index, value) in [(2, 0x8C), (3, 0x03), (2, 0x90), (5, 200), (6, 1)] as [(Int, UInt8)] {
            var message = Self.avahi
            message[index] = value
            #expect(read(message) == nil, "byte \(index)")
        }
        let padding = [UInt8](repeating: 0, count: DNSMessage.maximumSize)
        #expect(read(Self.avahi + padding) == nil)
        #expect(read(Self.avahi + padding.prefix(100)) != nil)
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `what is written is read as the same`(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        let names = ["a.local", "b.a.local", "x._udp.local", "local", "A.B.local"].map(name)
        func record() -> DNSRecord {
            let contents: [DNSRecord.Content] = [
                .address(.v4(UInt32.random(in: 0 ... .max, using: &random))),
                .address(.v6(high: random.next(), low: random.next())),
                .existence([.a, .nsec]),
            ]
            let content = contents[Int(random.next() % 3)]
            return DNSRecord(
                names[Int(random.next() % 5)],
                content,
                timeToLive: UInt32.random(in: 0 ... .max, using: &random),
                flushesCache: random.next() & 1 == 0
            )
        }
        var message = DNSMessage(isResponse: random.next() & 1 == 0)
        message.identifier = UInt16.random(in: 0 ... .max, using: &random)
        for _ in 0..<(random.next() % 4) {
            message.questions.append(
                DNSQuestion(names[Int(random.next() % 5)], .any, wantsUnicast: random.next() & 1 == 0)
            )
        }
        for _ in 0..<(random.next() % 8) { message.answers.append(record()) }
        for _ in 0..<(random.next() % 8) { message.additionals.append(record()) }
        #expect(read(message.encoded) == message)
    }
}
