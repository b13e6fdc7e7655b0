// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct IPAddressTests {
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
        ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("fe80::1%3", "fe80::1%3"),
        ("::ffff:192.0.2.9", "::ffff:192.0.2.9"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
        ("0:0:0:0:0:0:0:0", "::"),
    ])
    func `reads and prints the canonical form`(text: String, canonical: String) {
        #expect(IPAddress(text)?.description == canonical)
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.-4", "1..2.3", ":", ":::", "1:2",
        "1:2:3:4:5:6:7:8:9",
        "1::2::3", "12345::", "g::", "::1%eth0", "1:2:3:4:5:6:7:8::", ":1:2:3:4:5:6:7", "::1.2.3", "+1.2.3.4",
    ])
    func `refuses what is no address`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func `socket addresses keep brackets around IPv6 only`() {
        #expect(SocketAddress("[2001:db8::1]:5000")?.description == "[2001:db8::1]:5000")
        #expect(SocketAddress("192.0.2.1:80")?.description == "192.0.2.1:80")
        #expect(SocketAddress("2001:db8::1:5000") == nil)
        #expect(SocketAddress("[192.0.2.1]:80") == nil)
        #expect(SocketAddress("192.0.2.1:65536") == nil)
    }
}
