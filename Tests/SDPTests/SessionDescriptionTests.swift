// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SDP
import Testing
import Wire

@Suite struct SessionDescriptionTests {
    // MARK: What others write

    @Test(arguments: chromiumDescriptions + firefoxDescriptions)
    func `takes every captured description`(captured: CapturedDescription) throws {
        let description = try SessionDescription(parsing: captured.text)
        let section = description.dataChannel
        let candidateLines = captured.text.split(separator: "\n").count { $0.hasPrefix("a=candidate:") }
        #expect(section.candidates.count == candidateLines)
        #expect(section.ignoredCandidateCount == 0)
        #expect(section.mid == "0")
        #expect(section.sctpPort == 5000)
        #expect(section.maxMessageSize == (captured.writer == "firefox" ? 1_073_741_823 : 262_144))
        #expect(section.supportsTrickle == (captured.writer != "aiortc"))
        #expect(section.endOfCandidates == captured.text.contains("a=end-of-candidates"))
        #expect(captured.text.contains("a=fingerprint:sha-256 \(section.fingerprint.value)\n"))
        #expect(captured.text.contains("a=ice-ufrag:\(section.usernameFragment)\n"))
        #expect(captured.text.contains("a=ice-pwd:\(section.password)\n"))
        #expect(description.isBundled)
        #expect(description.sessionID != 0)
        #expect(description.likelyKind == captured.kind)
        #expect(try SessionDescription(parsing: description.text) == description)
    }

    @Test(arguments: ["\r\n", "\n", "\r", "\n\n", "  \r\n"])
    func `lines may end in any way, the last one in none`(ending: String) throws {
        let expected = try SessionDescription(parsing: Sample.text)
        let text = Sample.lines.joined(separator: ending)
        #expect(try SessionDescription(parsing: text) == expected)
        #expect(try SessionDescription(parsing: ending + text + ending) == expected)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `attributes may come in any order`(seed: UInt64) throws {
        var random = RandomSource.seeded(seed)
        let lines = Sample.lines[..<6] + Sample.lines[6...].shuffled(using: &random)
        #expect(try SessionDescription(parsing: Sample.joined(Array(lines))).text == Sample.text)
    }

    @Test(arguments: ["o=", "s=", "t=", "a=group", "c=", "a=ice-options", "a=mid", "a=sctp-port"])
    func `what can be done without may be missing`(prefix: String) throws {
        let description = try SessionDescription(parsing: Sample.without(prefix))
        #expect(description.dataChannel.sctpPort == 5000)
        #expect(description.dataChannel.maxMessageSize == 262_144)
    }

    @Test func `unknown lines and attributes are skipped`() throws {
        let expected = try SessionDescription(parsing: Sample.text)
        let unknown = [
            "x=?", "no equals sign", "a=", "=", "a=extmap-allow-mixed", "a=sctp-init:AQAA", "a=sendrecv", "b=AS:1",
        ]
        let lines = Sample.lines[..<5] + unknown + Sample.lines[5...] + unknown
        #expect(try SessionDescription(parsing: Sample.joined(Array(lines))) == expected)
    }

    @Test(arguments: ["a=ice-ufrag", "a=ice-pwd", "a=ice-options", "a=fingerprint", "a=setup"])
    func `what is said for the whole session holds for the section`(prefix: String) throws {
        let expected = try SessionDescription(parsing: Sample.text)
        let moved = Sample.lines.filter { $0.hasPrefix(prefix) }
        let rest = Sample.lines.filter { !$0.hasPrefix(prefix) }
        let lines = rest[..<4] + moved + rest[4...]
        #expect(moved.count == 1)
        #expect(try SessionDescription(parsing: Sample.joined(Array(lines))) == expected)
    }

    @Test func `what the section says itself hides what the session says`() throws {
        let session = ["a=ice-ufrag:other", "a=fingerprint:sha-256 00", "a=setup:holdconn"]
        let lines = Sample.lines[..<5] + session + Sample.lines[5...]
        let description = try SessionDescription(parsing: Sample.joined(Array(lines)))
        #expect(description.text == Sample.text)
    }

    @Test(arguments: ["UDP/DTLS/SCTP", "udp/dtls/sctp", "TCP/DTLS/SCTP", "DTLS/SCTP"])
    func `protocols are compared without regard to case and echoed`(proto: String) throws {
        let text = Sample.replacing("m=", with: "m=application 54321 \(proto) webrtc-datachannel")
        let description = try SessionDescription(parsing: text)
        #expect(description.dataChannel.mediaProtocol == proto)
        #expect(description.dataChannel.dialect == .standard)
    }

    @Test func `the dialect of the drafts is read and answered in kind`() throws {
        let lines = Sample.lines.filter { !$0.hasPrefix("a=sctp-port") && !$0.hasPrefix("a=max-message-size") }
            .map { $0.hasPrefix("m=") ? "m=application 9 DTLS/SCTP 5001" : $0 }
        let text = Sample.joined(lines + ["a=sctpmap:5001 webrtc-datachannel 1024"])
        let description = try SessionDescription(parsing: text)
        #expect(description.dataChannel.dialect == .legacy)
        #expect(description.dataChannel.sctpPort == 5001)
        #expect(description.dataChannel.maxMessageSize == 65_536)
        let answer = try description.answer(sessionID: 1, section: Sample.section)
        #expect(answer.text.contains("m=application 9 DTLS/SCTP 5000\r\n"))
        #expect(answer.text.contains("a=sctpmap:5000 webrtc-datachannel 65535\r\n"))
        #expect(!answer.text.contains("a=sctp-port"))
        #expect(try SessionDescription(parsing: answer.text) == answer)
    }

    @Test(
        arguments: [
            ("a=max-message-size:0", 0), ("a=max-message-size:100", 100), ("a=max-message-size:4294967295", .max),
            ("a=max-message-size:99999999999", .max), ("a=max-message-size:many", 65_536), ("a=x", 65_536),
        ] as [(String, UInt32)]
    )
    func `reads the largest message`(line: String, size: UInt32) throws {
        let description = try SessionDescription(parsing: Sample.replacing("a=max-message-size", with: line))
        #expect(description.dataChannel.maxMessageSize == size)
    }

    @Test func `of several fingerprints the one by SHA-256 is chosen, in upper case`() throws {
        let text = Sample.replacing(
            "a=fingerprint",
            with: "a=fingerprint:sha-512 00:11",
            "a=fingerprint:SHA-256 \(Sample.digits.lowercased())",
            "a=fingerprint:sha-1 22"
        )
        #expect(try SessionDescription(parsing: text).text == Sample.text)
    }

    @Test func `a malformed candidate is counted and skipped, a great many are not kept`() throws {
        let good = "a=candidate:1 1 udp 1 192.0.2.1 1 typ host"
        let lines = Sample.lines + ["a=candidate:bogus"] + Array(repeating: good, count: 100)
        let section = try SessionDescription(parsing: Sample.joined(lines)).dataChannel
        #expect(section.candidates.count == SDPLimit.candidates)
        #expect(section.ignoredCandidateCount == 101 - SDPLimit.candidates)
    }

    @Test func `an ICE lite agent is recognised`() throws {
        let lines = Sample.lines[..<5] + ["a=ice-lite"] + Sample.lines[5...]
        let description = try SessionDescription(parsing: Sample.joined(Array(lines)))
        #expect(description.dataChannel.isLite)
        #expect(try SessionDescription(parsing: description.text) == description)
    }

    // MARK: What is refused

    @Test(
        arguments: [
            (Sample.without("a=ice-ufrag"), .missing(.usernameFragment)),
            (Sample.without("a=ice-pwd"), .missing(.password)),
            (Sample.without("a=fingerprint"), .missing(.fingerprint)),
            (Sample.without("m="), .noDataChannel),
            (Sample.without("v="), .notADescription),
            ("", .notADescription),
            ("hello", .notADescription),
            (Sample.replacing("v=", with: "v=1"), .notADescription),
            (Sample.replacing("a=ice-ufrag", with: "a=ice-ufrag:abc"), .invalid(.usernameFragment)),
            (Sample.replacing("a=ice-ufrag", with: "a=ice-ufrag:a:bc"), .invalid(.usernameFragment)),
            (
                Sample.replacing("a=ice-ufrag", with: "a=ice-ufrag:" + String(repeating: "a", count: 257)),
                .invalid(.usernameFragment)
            ),
            (Sample.replacing("a=ice-pwd", with: "a=ice-pwd:123456789012345678901"), .invalid(.password)),
            (
                Sample.replacing("a=fingerprint", with: "a=fingerprint:sha-1 AB"),
                .noUsableFingerprint(algorithms: ["sha-1"])
            ),
            (Sample.replacing("a=fingerprint", with: "a=fingerprint:sha-256 AB:CD"), .invalid(.fingerprint)),
            (
                Sample.replacing("a=fingerprint", with: "a=fingerprint:sha-256 " + Sample.digits.dropLast() + "G"),
                .invalid(.fingerprint)
            ),
            (Sample.replacing("a=setup", with: "a=setup:sometimes"), .invalid(.setup)),
            (Sample.replacing("a=sctp-port", with: "a=sctp-port:70000"), .invalid(.sctpPort)),
            (Sample.replacing("a=sctp-port", with: "a=sctp-port:0"), .dataChannelRejected),
            (Sample.replacing("a=sctp-port", with: "a=sctp-port:0000"), .dataChannelRejected),
            (
                Sample.replacing("m=", with: "m=application 0 UDP/DTLS/SCTP webrtc-datachannel"),
                .dataChannelRejected
            ),
            (Sample.replacing("m=", with: "m=application 9 UDP/DTLS/SCTP something"), .noDataChannel),
            (Sample.replacing("m=", with: "m=application 9 RTP/AVP webrtc-datachannel"), .noDataChannel),
            (Sample.replacing("m=", with: "m=audio 9 UDP/DTLS/SCTP webrtc-datachannel"), .noDataChannel),
            (Sample.replacing("m=", with: "m=application"), .invalid(.mediaLine)),
            (Sample.replacing("m=", with: "m=application x UDP/DTLS/SCTP webrtc-datachannel"), .invalid(.mediaLine)),
            (Sample.text + String(repeating: "a", count: 4_097), .lineTooLong(line: 16)),
            (Sample.text + String(repeating: "a\n", count: 4_096), .tooLong),
            (Sample.text + String(repeating: "m=audio 9 RTP/AVP 0\n", count: 64), .tooLong),
            (String(repeating: "\n", count: 65_537), .tooLong),
        ] as [(String, SDPError)]
    )
    func `says what is wrong`(text: String, error: SDPError) {
        #expect(throws: error) { try SessionDescription(parsing: text) }
    }

    @Test(
        arguments: [
            (.missing(.fingerprint), "the session description lacks fingerprint"),
            (.invalid(.usernameFragment), "the session description has an invalid ice-ufrag"),
            (
                .noUsableFingerprint(algorithms: ["sha-1", "sha-512"]),
                "the session description has no sha-256 fingerprint, only sha-1, sha-512"
            ),
            (.dataChannelRejected, "the other side rejected the data channel"),
        ] as [(SDPError, String)]
    )
    func `errors are sentences`(error: SDPError, sentence: String) {
        #expect(error.description == sentence)
    }

    // MARK: What is written

    @Test func `prints exactly the lines that every browser takes`() {
        let description = SessionDescription(sessionID: 4_611_731_400_430_051_336, dataChannel: Sample.section)
        #expect(description.text == Sample.text)
    }

    @Test(arguments: [0, 65_536, 2_147_483_647, 2_147_483_648, .max] as [UInt32])
    func `never announces messages of 2^31 bytes or more`(size: UInt32) {
        var section = Sample.section
        section.maxMessageSize = size
        let text = SessionDescription(sessionID: .max, dataChannel: section).text
        #expect(text.hasSuffix("\r\na=max-message-size:\(min(size, 2_147_483_647))\r\n"))
        #expect(text.contains("o=- 9223372036854775807 1 "))
    }

    @Test(
        arguments: [
            (.actpass, .active), (.active, .passive), (.passive, .active), (nil, .active),
        ] as [(SetupRole?, SetupRole)]
    )
    func `an offer is answered in the role that it leaves`(offered: SetupRole?, answered: SetupRole) throws {
        var section = Sample.section
        section.setup = offered
        let offer = SessionDescription(sessionID: 1, dataChannel: section)
        let answer = try offer.answer(sessionID: 2, section: Sample.section)
        #expect(answer.dataChannel.setup == answered)
        #expect(try answer.dataChannel.answeredRole() == answered)
    }

    @Test func `a connection on hold cannot be answered, nor can an answer hold it or leave the role open`() {
        var section = Sample.section
        section.setup = .holdconn
        let offer = SessionDescription(sessionID: 1, dataChannel: section)
        #expect(throws: SDPError.invalid(.setup)) { try offer.answer(sessionID: 2, section: Sample.section) }
        #expect(throws: SDPError.invalid(.setup)) { try section.answeredRole() }
        #expect(throws: SDPError.invalid(.setup)) { try Sample.section.answeredRole() }
        section.setup = nil
        #expect(throws: Never.self) { try section.answeredRole() }
    }

    @Test func `sections other than the data channel's are rejected in their places`() throws {
        let audio = ["m=audio 9 UDP/TLS/RTP/SAVPF 111 63", "c=IN IP4 0.0.0.0", "a=mid:a"]
        let video = ["m=video 9 UDP/TLS/RTP/SAVPF 96", "a=candidate:1 1 udp 1 192.0.2.1 1 typ host", "a=mid:v"]
        let lines = Sample.lines[..<4] + ["a=group:BUNDLE a 0 v"] + audio + Sample.lines[5...] + video
        let offer = try SessionDescription(parsing: Sample.joined(Array(lines)))
        #expect(offer.dataChannel.candidates.isEmpty)
        #expect(offer.sectionsBefore.map(\.mid) == ["a"])
        #expect(offer.sectionsAfter.map(\.kind) == ["video"])
        let answer = try offer.answer(sessionID: 2, section: Sample.section).text
        let sections = answer.split(separator: "\r\n").filter { $0.hasPrefix("m=") || $0.hasPrefix("a=group") }
        #expect(
            sections == [
                "a=group:BUNDLE 0", "m=audio 0 UDP/TLS/RTP/SAVPF 111 63",
                "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "m=video 0 UDP/TLS/RTP/SAVPF 96",
            ]
        )
    }

    @Test func `a section that only lives in a bundle uses the transport of the bundle's first`() throws {
        let audio = ["m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:a", "a=candidate:1 1 udp 1 192.0.2.1 1 typ host"]
        let data = [
            "m=application 0 UDP/DTLS/SCTP webrtc-datachannel", "a=bundle-only", "a=mid:0", "a=sctp-port:5000",
        ]
        let transport = Sample.lines[7...11]
        let lines = Sample.lines[..<4] + ["a=group:BUNDLE a 0"] + audio + transport + data
        let section = try SessionDescription(parsing: Sample.joined(Array(lines))).dataChannel
        #expect(section.usernameFragment == "x+3n")
        #expect(section.setup == .actpass)
        #expect(section.candidates.count == 1)
        let apart = Sample.lines[..<4] + audio + transport + data
        #expect(throws: SDPError.missing(.usernameFragment)) {
            try SessionDescription(parsing: Sample.joined(Array(apart)))
        }
    }

    @Test func `an offer without identification is answered without`() throws {
        let offer = try SessionDescription(parsing: Sample.without("a=mid"))
        let answer = try offer.answer(sessionID: 2, section: Sample.section).text
        #expect(!answer.contains("a=mid"))
        #expect(!answer.contains("BUNDLE"))
    }
}
