// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import Rendezvous

struct MailboxMessageTests {
    private static let requests: [MailboxRequest] = [
        .bind(
            appID: "icetalk/v1",
            side: "a1b2",
            version: MailboxClientVersion(implementation: "icetalk", version: "1")
        ),
        .bind(appID: "x", side: "y", version: nil),
        .list, .allocate, .claim(nameplate: "7"), .release(nameplate: nil), .release(nameplate: "7"),
        .open(mailbox: "abc"), .add(phase: "pake", body: [0, 1, 0xAF]), .add(phase: "\"\\\n\u{1}é", body: []),
        .close(mailbox: nil, mood: nil), .close(mailbox: "abc", mood: "happy"), .ping(JSONText(7)),
        .submitPermissions(method: "hashcash", stamp: "1:6:…"),
    ]

    @Test(arguments: Self.requests)
    func `a request is read as it was written`(request: MailboxRequest) throws {
        let received = try ReceivedMailboxRequest(parsing: request.encoded(id: JSONText("0f")).span)
        #expect(received.id?.string == "0f")
        #expect(try received.request.get() == request)
        #expect(try MailboxRequest(parsing: request.encoded.span) == request)
    }

    private static let server = MailboxICEServer(urls: ["turn:a", "turns:b"], username: "u", credential: "p")

    private static let responses: [MailboxResponse] = [
        .welcome(MailboxWelcome()),
        .welcome(
            MailboxWelcome(
                motd: "hello",
                error: "go away",
                currentVersion: "0.1",
                permissions: [.none, .hashcash(bits: 6, resource: "r"), .other("a \"riddle\"")],
                iceServers: [MailboxICEServer(urls: ["stun:a"])]
            )
        ),
        .nameplates([]), .nameplates(["1", "22"]), .allocated(nameplate: "4"), .claimed(mailbox: "m"), .released,
        .closed,
        .message(MailboxMessage(side: "s", phase: "0", body: [1, 2], id: JSONText("ab"), received: 1_700_000_000.25)),
        .ack(id: nil), .ack(id: JSONText(3)), .pong(JSONText(3)), .error("crowded", orig: JSONText("x")),
        .iceServers([Self.server], expires: 600),
    ]

    @Test(arguments: Self.responses)
    func `a response is read as it was written`(response: MailboxResponse) throws {
        #expect(try MailboxResponse(parsing: response.encoded.span) == response)
        #expect(try MailboxResponse(parsing: response.encoded(sent: 1.5).span) == response)
    }

    @Test
    func `the text is magic-wormhole's`() {
        let text = String(
            decoding: MailboxRequest.add(phase: "pake", body: [0xAB]).encoded(id: JSONText("1f")),
            as: UTF8.self
        )
        #expect(text == #"{"type":"add","phase":"pake","body":"ab","id":"1f"}"#)
        let list = String(decoding: MailboxResponse.nameplates(["1"]).encoded(sent: 2.5), as: UTF8.self)
        #expect(list == #"{"type":"nameplates","nameplates":[{"id":"1"}],"server_tx":2.5}"#)
    }

    @Test(arguments: [
        ("[]", MailboxMessageError.malformed), ("{}", .missingType), (#"{"type":1}"#, .missingType),
        (#"{"type":"dance"}"#, .unknownType), (#"{"type":"bind","side":"a"}"#, .missing("appid")),
        (#"{"type":"bind","appid":"a"}"#, .missing("side")), (#"{"type":"claim"}"#, .missing("nameplate")),
        (#"{"type":"claim","nameplate":7}"#, .invalid("nameplate")), (#"{"type":"open"}"#, .missing("mailbox")),
        (#"{"type":"add","phase":"a"}"#, .missing("body")), (#"{"type":"add","body":""}"#, .missing("phase")),
        (#"{"type":"add","phase":"a","body":"0g"}"#, .invalid("body")),
        (#"{"type":"add","phase":"a","body":"0"}"#, .invalid("body")), (#"{"type":"ping"}"#, .missing("ping")),
    ])
    func `a request that is wrong is refused with the reason`(text: String, error: MailboxMessageError) {
        #expect(throws: error) { try MailboxRequest(parsing: Array(text.utf8).span) }
    }

    @Test
    func `lengths are bounded`() {
        let long = String(repeating: "x", count: MailboxLimits.identifierCount + 1)
        #expect(throws: MailboxMessageError.invalid("side")) {
            try MailboxRequest(parsing: Array(#"{"type":"bind","appid":"a","side":"\#(long)"}"#.utf8).span)
        }
        let huge = [UInt8](repeating: 0x20, count: MailboxLimits.messageCount + 1)
        #expect(throws: MailboxMessageError.tooLong(huge.count)) { try MailboxRequest(parsing: huge.span) }
    }

    @Test
    func `an unknown response is told apart from a broken one`() throws {
        #expect(try MailboxResponse(parsing: Array(#"{"type":"later"}"#.utf8).span) == .unknown)
        #expect(throws: MailboxMessageError.malformed) { try MailboxResponse(parsing: Array("later".utf8).span) }
    }

    @Test
    func `welcomes of other servers are read`() throws {
        let text = #"""
            {"type":"welcome","welcome":{"your-address":{"port":1,"ipv4":"127.0.0.1"},"permission-required":{"none":{},
            "hashcash":{"bits":"x"},"dance":{}},"ice-servers":[{"urls":"stun:a"},{"urls":[]},7]},"server_tx":1e9}
            """#
        let expected = MailboxWelcome(
            permissions: [.none, .other("hashcash"), .other("dance")],
            iceServers: [MailboxICEServer(urls: ["stun:a"])]
        )
        #expect(try MailboxResponse(parsing: Array(text.utf8).span) == .welcome(expected))
    }
}
