// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import ICE
import Peering
import Rendezvous
import SDP
import Testing
import Wire

@testable import Rendezvous

@Suite struct InvitationTests {
    private static let description = Sample.description(candidates: 6, seed: 7)
    private static let line = Invitation.line(for: Self.description)
    private static let payload = String(Self.line.dropFirst(Invitation.prefix.count))

    // MARK: Round trips

    @Test(arguments: 0..<100 as Range<UInt64>)
    func `reads what it writes`(seed: UInt64) throws {
        var description = Sample.description(candidates: Int(seed % 17), ipv6Only: seed % 3 == 0, seed: seed)
        var random = RandomSource.seeded(seed)
        if seed % 2 == 0 {
            description.maxMessageSize = UInt32.random(in: 0 ... .max, using: &random)
            description.sctpPort = UInt16.random(in: 0 ... .max, using: &random)
            for index in description.candidates.indices {
                description.candidates[index].priority = UInt32.random(in: 0 ... .max, using: &random)
            }
        }
        #expect(try Invitation.description(in: Invitation.line(for: description)) == description)
    }

    @Test(arguments: 4...255)
    func `credentials may have any length`(count: Int) throws {
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        let text = String(String(repeating: alphabet, count: 4).dropFirst(count % 64).prefix(count))
        var description = Self.description
        description.credentials.usernameFragment = String(text.prefix(max(4, count / 2)))
        description.credentials.password = count < 22 ? text + String(repeating: "+", count: 22) : text
        let line = Invitation.line(for: description)
        #expect(try Invitation.description(in: line) == description)
    }

    @Test func `a line with six candidates stays short`() {
        #expect(Self.line.count <= 300)
        #expect(Invitation.line(for: Sample.description(candidates: 6, ipv6Only: true, seed: 1)).count <= 350)
    }

    @Test func `a line is made of what a QR code calls alphanumeric, once it is in upper case`() {
        #expect(Self.line.hasPrefix("icetalk1:"))
        let alphanumeric = Set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
        #expect(Self.line.uppercased().allSatisfy { alphanumeric.contains($0) })
    }

    @Test func `the format stays as it is`() throws {
        let fingerprint = try #require(Fingerprint(bytes: Array(0..<32)))
        let description = PeerDescription(
            credentials: ICECredentials(usernameFragment: "abcdEFGH", password: "0123456789+/0123456789+/"),
            fingerprint: fingerprint,
            candidates: [
                Candidate(
                    kind: .serverReflexive,
                    address: try #require(SocketAddress("192.0.2.1:5000")),
                    foundation: "1",
                    priority: Candidate.priority(kind: .serverReflexive, localPreference: 65_535)
                )
            ]
        )
        let line =
            "icetalk1:AEAEUAIHBBU3OHIQKGDQEEYY2NO3PY46XPZ57P6TLW36HHV36PP36AZAAAAQEAYEAUDAOCA"
            + "JBIFQYDIOB4IBCEQTCQKRMFYYDENBWHA5DYP2ACH777AAAAQBCOEF3CIV74"
        #expect(Invitation.line(for: description) == line)
        #expect(try Invitation.description(in: line) == description)
    }

    @Test func `foundations become numbers, related addresses and scopes stay at home`() throws {
        var description = Self.description
        description.candidates = Array(description.candidates.prefix(3))
        description.candidates[0].foundation = "9a/+"
        description.candidates[0].relatedAddress = SocketAddress("192.168.1.1:9")
        description.candidates[1].foundation = "x"
        description.candidates[1].address.ip = .v6(high: 0xFE80 << 48, low: 1, scope: 3)
        description.candidates[2].foundation = "9a/+"
        let read = try Invitation.description(in: Invitation.line(for: description)).candidates
        #expect(read.map(\.foundation) == ["1", "2", "1"])
        #expect(read[0].relatedAddress == nil)
        #expect(read[1].address.ip == .v6(high: 0xFE80 << 48, low: 1))
    }

    // MARK: Names

    private static let name = "ecb3b7a5-7ebc-49fc-82ec-fe6bb11e21d0.local"

    private static func named(_ name: String?, at address: String) throws -> PeerDescription {
        var description = Self.description
        description.candidates = [
            Candidate(
                kind: .host,
                address: try #require(SocketAddress(address)),
                name: name,
                foundation: "1",
                priority: Candidate.priority(kind: .host, localPreference: 65_535)
            )
        ]
        return description
    }

    @Test(arguments: ["10.0.0.1:5000", "[fd00::1]:5000"])
    func `a line with a name does not tell the address`(address: String) throws {
        let line = Invitation.line(for: try Self.named(Self.name, at: address))
        let unresolved = try Self.named(Self.name, at: "0.0.0.0:5000")
        #expect(try Invitation.description(in: line) == unresolved)
        #expect(line == Invitation.line(for: unresolved))
    }

    @Test func `a candidate with another name is left out, not told by its address`() throws {
        let line = Invitation.line(for: try Self.named("printer.local", at: "10.0.0.1:5000"))
        #expect(try Invitation.description(in: line).candidates.isEmpty)
    }

    @Test(arguments: [UInt32.max, 1, 2_130_706_431])
    func `a name may have any priority`(priority: UInt32) throws {
        var description = try Self.named(Self.name, at: "0.0.0.0:5000")
        description.candidates[0].priority = priority
        #expect(try Invitation.description(in: Invitation.line(for: description)) == description)
    }

    @Test func `the form of names stays as it is`() throws {
        let body = InvitationBody.bytes(of: try Self.named(Self.name, at: "0.0.0.0:5000"))
        let field: [UInt8] = [
            0x80, 20, 0xFF, 0xFF, 0xEC, 0xB3, 0xB7, 0xA5, 0x7E, 0xBC, 0x49, 0xFC, 0x82, 0xEC, 0xFE, 0x6B, 0xB1, 0x1E,
            0x21, 0xD0, 0x13, 0x88,
        ]
        #expect(Array(body.suffix(22)) == field)
        for (index, value) in [(0, 0xA0), (10, 0x19), (12, 0x02)] as [(Int, UInt8)] {
            var other = body
            other[body.count - 22 + index] = value
            #expect(try InvitationBody.description(of: other).candidates.isEmpty, "byte \(index)")
        }
    }

    @Test(arguments: ["192.0.2.1:6000", "[2001:db8::1]:6000"])
    func `passive TCP candidates are in a line, active ones are not`(address: String) throws {
        var description = Self.description
        let before = description
        let place = try #require(SocketAddress(address))
        for (type, port) in [(CandidateAttribute.TCPType.active, 9 as UInt16), (.passive, place.port)] {
            description.candidates.append(
                Candidate(
                    kind: .host,
                    transport: .tcp(type),
                    address: SocketAddress(place.ip, port: port),
                    foundation: "\(before.candidates.count + 1)",
                    priority: Candidate.priority(kind: .host, over: .tcp(type), localPreference: 0x9FFF)
                )
            )
        }
        let line = Invitation.line(for: description)
        let read = try Invitation.description(in: line).candidates
        #expect(read.dropLast() == before.candidates[...])
        #expect(read.last == description.candidates.last)
        #expect(line.count - Invitation.line(for: before).count < 50)
    }

    @Test func `of too many candidates some of each kind are kept`() throws {
        var description = Sample.description(candidates: 40, seed: 3)
        description.candidates.sort { $0.priority > $1.priority }
        let read = try Invitation.description(in: Invitation.line(for: description)).candidates
        #expect(read.count == 16)
        for kind in [CandidateKind.host, .serverReflexive, .relayed] {
            #expect(read.count { $0.kind == kind } >= 5)
        }
    }

    // MARK: What is around it

    @Test(
        arguments: [
            { $0 },
            { $0.uppercased() },
            { $0.lowercased() },
            { "  \($0)  " },
            { "\"\($0)\"" },
            { "`\($0)`" },
            { "**\($0)**" },
            { "<\($0)>" },
            { "> > \($0)" },
            { "Alice: icetalk chat \($0) please" },
            { "icetalk chat '\($0)'" },
            { "(\($0))." },
            { "What is icetalk1: ? Here: \($0)" },
            { $0.replacing("icetalk1:", with: "icetalk1: ") },
            { $0 + $0 },
            { Self.wrapped($0, at: 72, with: "\n") },
            { Self.wrapped($0, at: 60, with: "\r\n> ") },
            { Self.wrapped($0, at: 76, with: "=\r\n") },
            { Self.wrapped($0, at: 4, with: " ") },
            { Self.wrapped($0, at: 30, with: "\u{200B}") },
            { Self.wrapped($0, at: 40, with: "\u{A0}\n| ") },
            { String($0.dropFirst("icetalk1:".count)) },
        ] as [@Sendable (String) -> String]
    )
    func `a line is found in what is around it`(surround: @Sendable (String) -> String) throws {
        let text = surround(Self.line)
        #expect(try Invitation.description(in: text) == Self.description)
        #expect(Invitation.isLikely(in: text))
    }

    /// Breaks what follows the prefix.
    private static func wrapped(_ line: String, at width: Int, with separator: String) -> String {
        var result = Invitation.prefix
        for (index, character) in line.dropFirst(result.count).enumerated() {
            if index > 0, index % width == 0 { result += separator }
            result.append(character)
        }
        return result
    }

    @Test(arguments: [
        "", "hello", "icetalk", "icetalk1", "icetalk1:", "what is icetalk1: for?", "icetalk:abcdefghijklmnopqrst",
        "AEAAA", "see icetalk12 and icetalk1:foo", "\u{212A}icetalk",
    ])
    func `a message that only mentions the program is a message`(text: String) {
        #expect(!Invitation.isLikely(in: text))
        #expect(throws: InvitationError.self) { try Invitation.description(in: text) }
    }

    @Test func `a part of a line is likely enough not to be sent as a message`() {
        for count in 12...Self.line.count {
            #expect(Invitation.isLikely(in: "so: " + Self.line.prefix(count)))
        }
        #expect(Invitation.isLikely(in: "icetalk2:ABCDEFGHIJKLMNOPQRSTUV"))
    }

    // MARK: Errors

    @Test func `a line that was cut short says how much is missing`() {
        for count in 5..<Self.payload.count {
            let text = Invitation.prefix + Self.payload.prefix(count)
            #expect(throws: InvitationError.cutShort(missing: Self.payload.count - count)) {
                try Invitation.description(in: text)
            }
            #expect(throws: InvitationError.cutShort(missing: Self.payload.count - count)) {
                try Invitation.description(in: text + "...")
            }
        }
        #expect(throws: InvitationError.cutShort(missing: 5)) { try Invitation.description(in: Invitation.prefix) }
    }

    @Test func `every mistyped character is noticed`() {
        let characters = Array(Self.payload)
        for index in characters.indices {
            for replacement in ["A", "Z", "2", "7", "0", "1", "8", "9"] as [Character]
            where replacement != characters[index] {
                var altered = characters
                altered[index] = replacement
                let failure = Self.failure(of: Invitation.prefix + String(altered))
                #expect(failure.map(Self.isDamage) == true, "at \(index): \(replacement)")
            }
        }
    }

    @Test func `every lost, doubled and exchanged character is noticed`() {
        let characters = Array(Self.payload)
        for index in characters.indices.dropLast() where characters[index] != characters[index + 1] {
            var exchanged = characters
            exchanged.swapAt(index, index + 1)
            #expect(Self.failure(of: Invitation.prefix + String(exchanged)).map(Self.isDamage) == true)
            var lost = characters
            lost.remove(at: index)
            #expect(Self.failure(of: Invitation.prefix + String(lost)).map(Self.isDamage) == true)
            var doubled = characters
            doubled.insert(characters[index], at: index)
            #expect(Self.failure(of: Invitation.prefix + String(doubled)).map(Self.isDamage) == true)
        }
    }

    @Test func `a later version is told from damage`() {
        #expect(throws: InvitationError.tooNew(version: 2)) {
            try Invitation.description(in: "icetalk2:QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ")
        }
        let later = Frame.line(version: 3, body: [1, 2, 3])
        #expect(throws: InvitationError.tooNew(version: 3)) { try Invitation.description(in: later) }
    }

    @Test func `fields of later versions are skipped`() throws {
        let body = Frame.body(of: Self.line)
        let unknown: [UInt8] = [0x7F, 3, 1, 2, 3, 0x06, 0, 0xFF, 1, 9]
        #expect(try Invitation.description(in: Frame.line(version: 1, body: unknown + body)) == Self.description)
        #expect(try Invitation.description(in: Frame.line(version: 1, body: body + unknown)) == Self.description)
    }

    @Test func `a frame that is whole but says nothing of use was altered`() {
        let body = Frame.body(of: Self.line)
        for count in 0..<30 {
            #expect(throws: InvitationError.altered) {
                try Invitation.description(in: Frame.line(version: 1, body: Array(body.prefix(count))))
            }
        }
        #expect(throws: InvitationError.altered) {
            try Invitation.description(in: Frame.line(version: 1, body: body + [1]))
        }
        #expect(throws: InvitationError.altered) {
            try Invitation.description(in: Frame.line(version: 1, body: [UInt8](repeating: 0, count: 1_026)))
        }
    }

    @Test func `one's own line is recognised by its fingerprint`() throws {
        let read = try Invitation.description(in: Self.line)
        #expect(read.belongs(to: Self.description.fingerprint))
        #expect(!read.belongs(to: Sample.description(candidates: 0, seed: 8).fingerprint))
    }

    @Test func `errors are sentences`() {
        #expect(InvitationError.cutShort(missing: 9).description.contains("at least 9 characters"))
        #expect(InvitationError.tooNew(version: 2).description.contains("version 2"))
        #expect(InvitationError.altered.description.contains("altered"))
        #expect(InvitationError.notAnInvitation.description.contains("icetalk1:"))
    }

    // MARK: Properties

    @Test(arguments: 0..<400 as Range<UInt64>)
    func `a damaged line never describes somebody else`(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        let description = Sample.description(candidates: Int(seed % 9), seed: seed)
        var bytes = Array(Invitation.line(for: description).utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0...7, using: &random)
        }
        let read = try? Invitation.description(in: String(decoding: bytes, as: UTF8.self))
        // Damage to the number in the prefix, or to the case of a letter, is none.
        #expect(read == nil || read == description)
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `random text is refused, and a whole frame around random bytes does no harm`(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        let bytes = random.bytes(Int.random(in: 0...1_000, using: &random))
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(throws: InvitationError.self) { try Invitation.description(in: text) }
        #expect(throws: InvitationError.self) { try Invitation.description(in: Invitation.prefix + text) }
        #expect(throws: InvitationError.self) { try Invitation.description(in: Frame.line(version: 1, body: bytes)) }
        let body = Frame.body(of: Invitation.line(for: Sample.description(candidates: 1, seed: seed)))
        let mixed = try? Invitation.description(in: Frame.line(version: 1, body: body + bytes))
        #expect(mixed == nil || (mixed?.candidates.count ?? 0) <= 64)
    }

    private static func failure(of text: String) -> InvitationError? {
        do throws(InvitationError) {
            _ = try Invitation.description(in: text)
            return nil
        } catch {
            return error
        }
    }

    private static func isDamage(_ error: InvitationError) -> Bool {
        switch error {
        case .altered, .cutShort: true
        case .notAnInvitation, .tooNew: false
        }
    }
}

/// A second, slow way to build and open the frame of a line.
private enum Frame {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")

    static func line(version: UInt8, body: [UInt8]) -> String {
        var bytes = [version, UInt8(body.count >> 8), UInt8(body.count & 255)] + body
        var checksum: UInt32 = .max
        for byte in bytes {
            checksum ^= UInt32(byte)
            for _ in 0..<8 { checksum = checksum & 1 == 1 ? checksum >> 1 ^ 0xEDB8_8320 : checksum >> 1 }
        }
        for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(~checksum >> shift & 255)) }
        var bits = bytes.flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }
        while bits.count % 5 != 0 { bits.append(0) }
        var text = Invitation.prefix
        for start in stride(from: 0, to: bits.count, by: 5) {
            text.append(Self.alphabet[bits[start..<(start + 5)].reduce(0) { $0 << 1 | Int($1) }])
        }
        return text
    }

    static func body(of line: String) -> [UInt8] {
        let bits = line.dropFirst(Invitation.prefix.count).flatMap { character in
            let value = Self.alphabet.firstIndex(of: character) ?? 0
            return (0..<5).map { UInt8(value >> (4 - $0) & 1) }
        }
        let bytes = (0..<(bits.count / 8)).map { index in bits[(index * 8)..<(index * 8 + 8)].reduce(0) { $0 << 1 | $1 }
        }
        return Array(bytes.dropFirst(3).dropLast(4))
    }
}
