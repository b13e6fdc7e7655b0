// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct ByteReaderTests {
    @Test func `reads what the writer wrote`() throws {
        var writer = ByteWriter()
        writer.u8(1)
        writer.u16(0x0203)
        writer.u32(0x0405_0607)
        writer.u64(0x0809_0A0B_0C0D_0E0F)
        #expect(writer.bytes == Array(1...15))
        var reader = ByteReader(writer.bytes.span)
        #expect(try reader.u8() == 1)
        #expect(try reader.u16() == 0x0203)
        #expect(try reader.u32() == 0x0405_0607)
        #expect(try reader.u64() == 0x0809_0A0B_0C0D_0E0F)
        try reader.finish()
    }

    @Test func `a sub-reader cannot leave its bounds, and an outer one steps over it`() throws {
        let bytes: [UInt8] = [1, 2, 3, 4, 5]
        var outer = ByteReader(bytes.span)
        var inner = try outer.sub(2)
        #expect(try inner.u8() == 1)
        let failure = #expect(throws: Truncated.self) { try inner.u16() }
        #expect(failure == Truncated(needed: 2, available: 1))
        #expect(try outer.u8() == 3)
        #expect(throws: TrailingBytes(count: 2)) { try outer.finish() }
        #expect(throws: Truncated.self) { try outer.skip(-1) }
        #expect(throws: Truncated.self) { try outer.array(3) }
    }
}
