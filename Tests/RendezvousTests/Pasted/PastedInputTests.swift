// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Peering
import Rendezvous
import SDP
import Testing
import Wire

@Suite struct PastedInputTests {
    private static let description = Sample.description(candidates: 6, seed: 11)
    private static let line = Invitation.line(for: Self.description)
    private static let offer = PastedInput.Item.sessionDescription(.offer, text: Sample.text(Sample.offerLines))
    private static let answer = PastedInput.Item.sessionDescription(.answer, text: Sample.text(Sample.answerLines))
    private static let json = JSONMessage.line(kind: .offer, sdp: Sample.text(Sample.offerLines))

    private static var candidate: PastedInput.Item {
        get throws { .candidate(try #require(CandidateAttribute(Sample.candidate)), mid: nil) }
    }

    /// All that is recognised in a text that ends where the input ends.
    private static func items(in text: String) -> [PastedInput.Item] {
        var input = PastedInput()
        let bytes = Array(text.utf8)
        let items = input.take(bytes.span)
        return items + input.finish()
    }

    // MARK: Invitations

    @Test func `an invitation is recognised at the end of its line`() {
        var input = PastedInput()
        #expect(input.take(line: "icetalk chat " + Self.line) == [.invitation(Self.description)])
        #expect(input.pending == nil)
    }

    @Test func `an invitation may be wrapped, quoted, and followed by words`() {
        var input = PastedInput()
        #expect(input.take(line: "Here it is:") == [.unrecognised("Here it is:")])
        #expect(input.take(line: "> " + Self.line.prefix(100)).isEmpty)
        #expect(input.pending == .invitation(missing: Self.line.count - 100))
        #expect(input.take(line: "> " + Self.line.dropFirst(100).prefix(60)).isEmpty)
        #expect(input.pending == .invitation(missing: Self.line.count - 160))
        #expect(input.take(line: "> " + Self.line.dropFirst(160) + " Bye!") == [.invitation(Self.description)])
        #expect(input.pending == nil)
    }

    @Test func `an invitation may be wrapped right after its prefix`() {
        var input = PastedInput()
        #expect(input.take(line: "icetalk1:").isEmpty)
        #expect(input.take(line: String(Self.line.dropFirst(9))) == [.invitation(Self.description)])
    }

    @Test func `an invitation that was cut short is waited for until something else comes`() {
        let cut = String(Self.line.dropLast(20))
        let failure = PastedInput.Item.failure(.invitation(.cutShort(missing: 20)))
        #expect(Self.items(in: cut) == [failure])
        #expect(Self.items(in: cut + "\n\n") == [failure])
        #expect(Self.items(in: cut + "\n" + Self.line) == [failure, .invitation(Self.description)])
        #expect(Self.items(in: cut + "\n/help") == [failure, .unrecognised("/help")])
        #expect(Self.items(in: cut + "\n" + Self.json) == [failure, Self.offer])
        #expect(Self.items(in: cut + "\nv=0") == [failure, .failure(.sessionDescription(.noDataChannel))])
    }

    @Test func `an altered and a too new invitation are told`() {
        let altered = String(Self.line.dropLast(1)) + (Self.line.hasSuffix("A") ? "E" : "A")
        #expect(Self.items(in: altered) == [.failure(.invitation(.altered))])
        let wrapped = Self.line.prefix(50) + "\n" + Self.line.dropFirst(50).dropLast(30) + "1" + Self.line.suffix(29)
        #expect(Self.items(in: String(wrapped)) == [.failure(.invitation(.altered))])
        let later = "icetalk2:QQQQQQQQQQQQQQQQQQQQQQQQQQQQ"
        #expect(Self.items(in: later) == [.failure(.invitation(.tooNew(version: 2)))])
    }

    // MARK: JSON

    @Test(
        arguments: [
            { $0 },
            { "  \($0)  " },
            { "'\($0)'" },
            { "> \($0)" },
            { "Offer: \($0);" },
            { $0.replacing("{\"type\":\"offer\",", with: "{\n  \"type\": \"offer\",\n  ").dropLast() + "\n}" },
            { $0.replacing("{", with: "{\r\n").replacing("\",\"", with: "\",\r\n\"") },
            { "{\"sdp\":\($0)}" },
            { "{\"description\":\($0),\"to\":3}" },
            { $0.replacing("\"sdp\"", with: "\"description\"") },
            { $0.replacing("\"type\"", with: "\"kind\"") },
            { $0.replacing("{", with: "{\"extra\":[1,{\"a\":null}],\"more\":true,") },
            { "[\n\($0)\n]" },
            { $0.replacing("\\r\\n", with: "\\\\r\\\\n") },
            { "\"" + $0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\"" },
            { $0.replacing("/", with: "\\/").replacing(" ", with: "\\u0020") },
            { Self.wrapped($0, at: 80) },
            { Self.wrapped($0, at: 7) },
            { $0.replacing(" ", with: "\n> ") },
        ] as [@Sendable (String) -> String]
    )
    func `a description as JSON is recognised in every dress`(dress: @Sendable (String) -> String) {
        #expect(Self.items(in: dress(Self.json)) == [Self.offer])
    }

    private static func wrapped(_ text: String, at width: Int) -> String {
        var result = ""
        for (index, character) in text.enumerated() {
            if index > 0, index % width == 0, character != " ", result.last != " " { result += "\n" }
            result.append(character)
        }
        return result
    }

    @Test(arguments: ["answer", "pranswer", "ANSWER"])
    func `an answer as JSON is an answer`(type: String) {
        let json = JSONMessage.line(kind: .answer, sdp: Sample.text(Sample.answerLines))
        #expect(Self.items(in: json.replacing("\"answer\"", with: "\"\(type)\"")) == [Self.answer])
    }

    @Test(arguments: [
        #"{"candidate":"\#(Sample.candidate) ufrag x+3n","sdpMid":"0","sdpMLineIndex":0}"#,
        #"{"candidate":"\#(Sample.candidate)","sdpMid":"0","usernameFragment":"x+3n"}"#,
        #"{"candidate":"a=\#(Sample.candidate)","mid":"0","usernameFragment":"x+3n"}"#,
        #"{"type":"candidate","candidate":"\#(Sample.candidate) ufrag x+3n","mid":"0"}"#,
        #"{"candidate":{"candidate":"\#(Sample.candidate) ufrag x+3n","sdpMid":"0"}}"#,
        #"{"candidate":{"candidate":"\#(Sample.candidate) ufrag x+3n"},"sdpMid":"0"}"#,
    ])
    func `a trickled candidate is recognised`(json: String) throws {
        let candidate = try #require(CandidateAttribute(Sample.candidate + " ufrag x+3n"))
        #expect(candidate.usernameFragment == "x+3n")
        #expect(Self.items(in: json) == [.candidate(candidate, mid: "0")])
    }

    @Test func `several objects in a line are taken one after the other`() throws {
        let candidate = try Self.candidate
        let object = "{\"candidate\":\"\(Sample.candidate)\"}"
        #expect(Self.items(in: "[\(object),\(object)]") == [candidate, candidate])
        #expect(Self.items(in: Self.json + object) == [Self.offer, candidate])
        #expect(Self.items(in: "[\n  \(object),\n  \(object)\n]") == [candidate, candidate])
    }

    @Test(arguments: [#"{"candidate":""}"#, #"{"candidate":null}"#, "a=end-of-candidates"])
    func `the end of candidates is recognised`(text: String) {
        #expect(Self.items(in: text) == [.endOfCandidates])
    }

    @Test(
        arguments: [
            (#"{"candidate":"candidate:bogus"}"#, .candidate),
            (#"{"type":"rollback","sdp":""}"#, .json),
            (#"{"type":"offer"}"#, .json),
            (#"{"type":"offer","sdp":3}"#, .json),
            (#"{"type":"offer","sdp":"v=0"}"#, .sessionDescription(.noDataChannel)),
            (#"{"type":"offer","sdp":""}"#, .sessionDescription(.notADescription)),
            (#"{"type":"offer","sdp":"v=0"#, .json),
            (#"{"type" "offer"}"#, .json),
            (#"{"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":{"i":1}}}}}}}}}"#, .json),
            (#"{"sdp":{"sdp":{"sdp":{"sdp":"v=0"}}}}"#, .json),
            (#"{"sdp":"\ud800"}"#, .json),
            ("candidate:bogus", .candidate),
        ] as [(String, PasteError)]
    )
    func `what is of no use is told`(text: String, error: PasteError) {
        #expect(Self.items(in: text) == [.failure(error)])
    }

    @Test func `JSON that never ends is given up at an empty line and at an invitation`() {
        var input = PastedInput()
        #expect(input.take(line: "{").isEmpty)
        #expect(input.pending == .json)
        #expect(input.take(line: "") == [.failure(.json)])
        #expect(input.take(line: "{\"type\":\"offer\",\"sdp\":\"v=0").isEmpty)
        #expect(input.take(line: Self.line) == [.failure(.json), .invitation(Self.description)])
        #expect(input.pending == nil)
    }

    // MARK: Session descriptions as they are

    @Test(arguments: ["\n", "\r\n", "\r", "\n> ", " \n", "\n    "])
    func `lines of a description are collected until an empty one`(ending: String) {
        var input = PastedInput()
        let text = Array(Sample.offerLines.joined(separator: ending).utf8)
        #expect(input.take(text.span).isEmpty)
        #expect(input.pending == .sessionDescription)
        #expect(input.take([0x0A, 0x0A].span) == [Self.offer])
        #expect(input.pending == nil)
    }

    @Test func `a description ends where the input ends`() {
        #expect(Self.items(in: Sample.text(Sample.offerLines)) == [Self.offer])
        #expect(Self.items(in: Sample.answerLines.joined(separator: "\n")) == [Self.answer])
    }

    @Test func `a description ends where something else begins`() throws {
        let text = Sample.text(Sample.offerLines)
        #expect(Self.items(in: text + "/help") == [Self.offer, .unrecognised("/help")])
        #expect(Self.items(in: text + Self.line) == [Self.offer, .invitation(Self.description)])
        #expect(Self.items(in: text + Sample.candidate) == [Self.offer, try Self.candidate])
        #expect(Self.items(in: text + "{ \"candidate\": null }") == [Self.offer, .endOfCandidates])
        #expect(Self.items(in: text + Sample.text(Sample.answerLines)) == [Self.offer, Self.answer])
    }

    @Test func `a description with an empty line after each is whole at two`() {
        let text = Sample.offerLines.joined(separator: "\n\n")
        var input = PastedInput()
        let bytes = Array((text + "\n\n\n").utf8)
        #expect(input.take(bytes.span) == [Self.offer])
        #expect(Self.items(in: text) == [Self.offer])
    }

    @Test func `long lines that a mail program broke are joined`() {
        let broken = Sample.offerLines.map {
            $0.hasPrefix("a=fingerprint") || $0.hasPrefix("a=candidate") ? $0.replacing(" ", with: "\n") : $0
        }
        #expect(Self.items(in: broken.joined(separator: "\n")) == [Self.offer])
    }

    @Test func `a description in quotation marks or with its line endings written out is one`() {
        #expect(Self.items(in: Sample.offerLines.joined(separator: "\\r\\n") + "\\r\\n") == [Self.offer])
        #expect(Self.items(in: "\"" + Sample.offerLines.joined(separator: "\\n") + "\"") == [Self.offer])
        #expect(Self.items(in: "\"" + Sample.offerLines.joined(separator: "\n") + "\"") == [Self.offer])
        #expect(Self.items(in: "```\n" + Sample.offerLines.joined(separator: "\n") + "\n```") == [Self.offer])
    }

    @Test func `a description that lacks something says what`() {
        let lines = Sample.offerLines.filter { !$0.hasPrefix("a=fingerprint") }
        let failure = PastedInput.Item.failure(.sessionDescription(.missing(.fingerprint)))
        #expect(Self.items(in: Sample.text(lines)) == [failure])
        var input = PastedInput()
        let bytes = Array((Sample.text(lines) + "\n").utf8)
        #expect(input.take(bytes.span).isEmpty)
        #expect(input.take(line: "") == [failure])
    }

    @Test func `candidates are recognised as they are`() throws {
        #expect(Self.items(in: Sample.candidate) == [try Self.candidate])
        #expect(
            Self.items(in: "a=\(Sample.candidate)\n\(Sample.candidate)") == [try Self.candidate, try Self.candidate]
        )
    }

    @Test func `a text that only begins like a description is not tried forever`() {
        let items = Self.items(in: "v=0\n" + String(repeating: "word\n", count: 70))
        #expect(items.first == .failure(.sessionDescription(.notADescription)))
        #expect(items.dropFirst() == Array(repeating: .unrecognised("word"), count: 6)[...])
    }

    // MARK: Anything else

    @Test(arguments: ["hello", "{ hello", "{'type': 'offer'}", "v=1", "candidates?", "a=b", "what is icetalk1: for?"])
    func `words are not recognised`(text: String) {
        #expect(Self.items(in: text + "\n\n") == [.unrecognised(text)])
    }

    @Test func `empty lines and what is left around code are nothing`() {
        #expect(Self.items(in: "\n\r\n  \n```\n];\n> \n").isEmpty)
    }

    @Test func `no more than the limit is kept`() {
        let long = String(repeating: "a", count: PastedInput.maximumBytes + 1)
        #expect(Self.items(in: long) == [.failure(.tooLong)])
        #expect(Self.items(in: long + "\n" + Self.line) == [.failure(.tooLong), .invitation(Self.description)])
        var input = PastedInput()
        #expect(input.take(line: long) == [.failure(.tooLong)])
        let many = Array(repeating: "a=" + String(repeating: "b", count: 998), count: 70)
        #expect(Self.items(in: (["v=0"] + many).joined(separator: "\n")).first == .failure(.tooLong))
        let object =
            "{\n" + Array(repeating: "\"" + String(repeating: "b", count: 998), count: 70).joined(separator: "\n")
        #expect(Self.items(in: object).first == .failure(.tooLong))
    }

    @Test func `errors are sentences`() {
        #expect(PasteError.invitation(.altered).description == InvitationError.altered.description)
        #expect(PasteError.sessionDescription(.noDataChannel).description == SDPError.noDataChannel.description)
        #expect(PasteError.json.description.contains("JSON"))
        #expect(PasteError.candidate.description.contains("candidate"))
        #expect(PasteError.tooLong.description.contains("too long"))
    }

    // MARK: Properties

    @Test(arguments: 0..<100 as Range<UInt64>)
    func `it does not matter where the input is split`(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        let text = [
            Self.line, Self.json, Sample.text(Sample.offerLines), "hello", Sample.candidate, "",
            String(Self.line.prefix(90)) + "\r\n" + Self.line.dropFirst(90),
            Self.json.replacing(",", with: ",\n"), "{\"candidate\":null}",
        ].shuffled(using: &random).joined(separator: "\r\n")
        let whole = Self.items(in: text)
        var input = PastedInput()
        var items: [PastedInput.Item] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(Int.random(in: 1...200, using: &random)))
            rest = rest.dropFirst(part.count)
            items += input.take(part.span)
        }
        items += input.finish()
        #expect(items == whole)
        #expect(items.count >= 7)
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func `whatever is pasted, an invitation is recognised after it`(seed: UInt64) {
        var random = RandomSource.seeded(seed)
        let texts = [Self.line, Self.json, Sample.text(Sample.offerLines), Self.json.replacing(",", with: "\n,")]
        var bytes = Array(texts[Int(seed % 4)].utf8)
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
        if seed % 7 == 0 { bytes = random.bytes(3_000) }
        var input = PastedInput()
        _ = input.take(bytes.span)
        let other = Sample.description(candidates: 2, seed: seed &+ 1)
        _ = input.take([0x0A].span)
        let items = input.take(line: Invitation.line(for: other))
        #expect(items.last == .invitation(other))
        #expect(input.pending == nil)
        #expect(input.finish().isEmpty)
    }
}
