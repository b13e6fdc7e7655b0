// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Peering
import Rendezvous
import Wire

// The input is a text that may hold a line, and the body of a line whose checksum is right.
fuzz { bytes in
    check(String(decoding: [UInt8](copying: bytes), as: UTF8.self))
    check(Invitation.prefix + base32(framed([UInt8](copying: bytes))))
}

private func check(_ text: String) {
    let isLikely = Invitation.isLikely(in: text)
    do throws(InvitationError) {
        let description = try Invitation.description(in: text)
        require(isLikely, "a line with a password could have been sent as chat")
        requireRoundTrip(description)
    } catch {
        require(!error.description.isEmpty)
    }
}

/// What was read is written, with fewer candidates at most, and what was written is read as the same.
private func requireRoundTrip(_ description: PeerDescription) {
    let line = Invitation.line(for: description)
    do throws(InvitationError) {
        let again = try Invitation.description(in: line)
        requireEqual(again.credentials, description.credentials)
        requireEqual(again.fingerprint, description.fingerprint)
        requireEqual(again.maxMessageSize, description.maxMessageSize)
        requireEqual(again.sctpPort, description.sctpPort)
        requireEqual(Invitation.line(for: again), line)
    } catch {
        fail("\(error) in \(line)")
    }
}

private func framed(_ body: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    writer.u8(1)
    writer.u16(UInt16(clamping: body.count))
    writer.array(body)
    writer.u32(crc32(writer.bytes))
    return writer.bytes
}

private func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(UInt32.max) { crc, byte in
        (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }
}

private func base32(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
    var characters: [UInt8] = []
    var bits: UInt32 = 0
    var count: UInt32 = 0
    for byte in bytes + [0] {
        bits = bits << 8 | UInt32(byte)
        count += 8
        while count >= 5, characters.count < (bytes.count * 8 + 4) / 5 {
            count -= 5
            characters.append(alphabet[Int(bits >> count & 31)])
        }
        bits &= 0xFFFF
    }
    return String(decoding: characters, as: UTF8.self)
}
