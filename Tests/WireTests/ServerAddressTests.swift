// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite
struct ServerAddressTests {
    @Test(arguments: [
        ("stun.example", ServerAddress(.name("stun.example")), "stun.example"),
        ("STUN.Example.:3479", ServerAddress(.name("stun.example."), port: 3_479), "stun.example.:3479"),
        ("_turn.a-b.example:1", ServerAddress(.name("_turn.a-b.example"), port: 1), "_turn.a-b.example:1"),
        ("localhost:65535", ServerAddress(.name("localhost"), port: 65_535), "localhost:65535"),
        ("192.0.2.1", ServerAddress(.address(.v4(0xC000_0201))), "192.0.2.1"),
        ("192.0.2.1:80", ServerAddress(.address(.v4(0xC000_0201)), port: 80), "192.0.2.1:80"),
        ("[::1]", ServerAddress(.address(.v6(high: 0, low: 1))), "::1"),
        ("[::1]:3478", ServerAddress(.address(.v6(high: 0, low: 1)), port: 3_478), "[::1]:3478"),
        (
            "2001:db8::5",
            ServerAddress(.address(.v6(high: 0x2001_0DB8 << 32, low: 5))),
            "2001:db8::5"
        ),
    ])
    func `what people write is read, and written back`(_ text: String, server: ServerAddress, canonical: String) throws
    {
        #expect(try ServerAddress(parsing: text) == server)
        #expect(server.description == canonical)
        #expect(try ServerAddress(parsing: canonical) == server)
    }

    @Test(arguments: [
        ("", ServerAddress.Malformed.missingHost),
        (":3478", .missingHost),
        ("host:", .badPort),
        ("host:0", .badPort),
        ("host:65536", .badPort),
        ("host:+80", .badPort),
        ("host:8a", .badPort),
        ("[::1", .misplacedBracket),
        ("[::1]3478", .misplacedBracket),
        ("::1]:3478", .misplacedBracket),
        ("[192.0.2.1]:3478", .badAddress),
        ("[host]:3478", .badAddress),
        ("a:b:c", .badAddress),
        ("stun:stun.example:3478", .badAddress),
        ("-a.example", .badName),
        ("a-.example", .badName),
        ("a..example", .badName),
        ("a b.example", .badName),
        ("höst.example", .badName),
        ("host\u{0}.example", .badName),
        ("300.1.1.1", .badName),
        ("1.2.3", .badName),
        ("0x7f000001", .badName),
        (".", .badName),
        (String(repeating: "a", count: 64) + ".example", .badName),
        (String(repeating: "a.", count: 127) + "example", .badName),
    ])
    func `what is none is refused with a reason`(_ text: String, reason: ServerAddress.Malformed) {
        #expect(throws: reason) {
            _ = try ServerAddress(parsing: text)
        }
    }

    @Test
    func `no text whatever does harm`() {
        let alphabet = Array("a0.:[]-%x_é\u{0} ")
        for seed in 0..<2_000 as Range<UInt64> {
            var random = RandomSource.seeded(seed)
            let length = Int(random.next() % 24)
            let text = String((0..<length).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] })
            guard let server = try? ServerAddress(parsing: text) else { continue }
            #expect((try? ServerAddress(parsing: server.description)) == server, "seed \(seed): \(text)")
        }
    }
}
