// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct UUIDv4Tests {
    @Test(arguments: 0..<100 as Range<UInt64>)
    func `what is drawn is of version 4, and read as it is written`(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        let identifier = UUIDv4(random: &random)
        let text = Array(identifier.description)
        #expect(text.count == 36 && text[14] == "4" && "89ab".contains(text[19]))
        #expect(UUIDv4(identifier.description) == identifier)
        #expect(UUIDv4(identifier.description.uppercased()) == identifier)
        #expect(UUIDv4(high: identifier.high, low: identifier.low) == identifier)
        #expect(UUIDv4(random: &random) != identifier)
    }

    @Test func `leading zeros are written`() {
        #expect(UUIDv4(high: 0x4000, low: 0x80 << 56)?.description == "00000000-0000-4000-8000-000000000000")
    }

    @Test(arguments: [
        "", "ecb3b7a5-7ebc-19fc-82ec-fe6bb11e21d0", "ecb3b7a5-7ebc-49fc-c2ec-fe6bb11e21d0",
        "ecb3b7a57ebc49fc82ecfe6bb11e21d0", "ecb3b7a5-7ebc-49fc-82ec-fe6bb11e21d",
        "+cb3b7a5-7ebc-49fc-82ec-fe6bb11e21d0",
        "ecb3b7a5-7ebc-49fc-82ec-fe6bb11e21d0-", "ecb3b7a-57ebc-49fc-82ec-fe6bb11e21d0",
    ])
    func `what is no such identifier is none`(text: String) {
        #expect(UUIDv4(text) == nil)
    }
}
