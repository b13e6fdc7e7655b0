// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct HexadecimalTests {
    @Test func `every byte is written in two digits, and read again in either case`() {
        let bytes = Array(UInt8.min...UInt8.max)
        let text = hexadecimal(bytes)
        #expect(text.hasPrefix("000102") && text.hasSuffix("fdfeff") && text.utf8.count == 512)
        #expect(hexadecimalBytes(text) == bytes)
        #expect(hexadecimalBytes(text.uppercased()) == bytes)
        #expect(hexadecimalBytes("") == [])
    }

    @Test(arguments: ["0", "0g", "g0", " 00", "é", "-1", "+1"])
    func `what is not pairs of digits is refused`(text: String) {
        #expect(hexadecimalBytes(text) == nil)
    }
}
