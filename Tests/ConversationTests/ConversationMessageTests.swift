// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Conversation
import FileTransfer
import Testing
import Wire

@Suite struct ConversationMessageTests {
    private static func id(_ number: UInt64) throws -> TransferID { try #require(TransferID(number)) }

    private static func parse(_ json: String) throws(ConversationMessageError) -> ConversationMessage {
        let bytes = Array(json.utf8)
        return try ConversationMessage(parsing: bytes.span)
    }

    private static func text(_ message: ConversationMessage) -> String {
        String(decoding: message.encoded, as: UTF8.self)
    }

    @Test func `the JSON on the wire does not change between versions`() throws {
        let id = try Self.id(7)
        let offer = TransferOffer(name: Array("a/b.txt".utf8), size: 12)
        let expected: [(ConversationMessage, String)] = [
            (
                .hello(PeerHello(name: "Zoë", version: "0.1", capabilities: ["transfer"])),
                #"{"capabilities":["transfer"],"name":"Zoë","type":"hello","version":"0.1"}"#
            ),
            (
                .chat(ChatPart(id: 1, time: 2, text: "hi \"you\"\n")),
                #"{"id":1,"text":"hi \"you\"\n","time":2,"type":"chat"}"#
            ),
            (
                .chat(ChatPart(id: 1, time: 2, text: "x", part: 3, isLast: true)),
                #"{"id":1,"last":true,"part":3,"text":"x","time":2,"type":"chat"}"#
            ),
            (.ack(9), #"{"id":9,"type":"ack"}"#),
            (.offer(id, offer), #"{"id":7,"name":"a/b.txt","size":12,"type":"offer"}"#),
            (.offer(id, TransferOffer(name: [0x61], size: nil)), #"{"id":7,"name":"a","type":"offer"}"#),
            (
                .offer(id, TransferOffer(name: [0x61, 0xFF], size: 0)),
                #"{"id":7,"name":"a\#u{FFFD}","name-hex":"61ff","size":0,"type":"offer"}"#
            ),
            (.accept(id), #"{"id":7,"type":"accept"}"#),
            (.decline(id), #"{"id":7,"type":"decline"}"#),
            (.cancel(id, .localFile), #"{"id":7,"reason":"local-file","type":"cancel"}"#),
            (.complete(id, size: 12), #"{"id":7,"size":12,"type":"complete"}"#),
            (.bye, #"{"type":"bye"}"#),
        ]
        for (message, json) in expected {
            #expect(Self.text(message) == json)
            #expect(try Self.parse(json) == message)
        }
    }

    @Test func `unknown types, keys and reasons are no mistakes`() throws {
        #expect(try Self.parse(#"{"type":"sas-commit","x":1}"#) == .unknown)
        #expect(try Self.parse(#"{"type":"bye","later":[{"deep":null}]}"#) == .bye)
        let id = try Self.id(7)
        #expect(try Self.parse(#"{"type":"cancel","id":7,"reason":"eclipse"}"#) == .cancel(id, .other))
        #expect(try Self.parse(#"{"type":"hello"}"#) == .hello(PeerHello(name: "", version: "")))
    }

    @Test(
        arguments: [
            "", "{", "[]", "null", "7", "\"bye\"", "{}", #"{"type":7}"#, #"{"type":"chat","id":1}"#,
            #"{"type":"chat","text":"x"}"#, #"{"type":"chat","id":-1,"text":"x"}"#,
            #"{"type":"chat","id":1.5,"text":"x"}"#,
            #"{"type":"chat","id":9007199254740992,"text":"x"}"#, #"{"type":"chat","id":1,"text":7}"#,
            #"{"type":"chat","id":1,"text":"x","part":-1}"#, #"{"type":"chat","id":1,"text":"x","part":99999999}"#,
            #"{"type":"chat","id":1e400,"text":"x"}"#, #"{"type":"ack"}"#, #"{"type":"offer","id":0,"name":"x"}"#,
            #"{"type":"offer","id":1,"name":"x","size":-1}"#,
            #"{"type":"offer","id":1,"name":"x","size":9007199254740992}"#,
            #"{"type":"offer","id":1,"name":"x","name-hex":"6"}"#,
            #"{"type":"offer","id":1,"name":"x","name-hex":"6g"}"#,
            #"{"type":"complete","id":1}"#, #"{"type":"chat","id":1,"text":"\ud800"}"#,
        ]
    )
    func `what is no message is refused`(json: String) {
        #expect(throws: ConversationMessageError.malformed) { try Self.parse(json) }
    }

    @Test func `lengths are bounded before anything is decoded`() throws {
        let long = #"{"type":"bye","x":""# + String(repeating: "x", count: 262_144) + #""}"#
        #expect(throws: ConversationMessageError.tooLong(long.utf8.count)) { try Self.parse(long) }
        let deep = String(repeating: "[", count: 200_000)
        #expect(throws: ConversationMessageError.malformed) { try Self.parse(deep) }
        let name = String(repeating: "n", count: 5_000)
        #expect(throws: ConversationMessageError.malformed) {
            try Self.parse(#"{"type":"offer","id":1,"name":"\#(name)"}"#)
        }
        guard case .hello(let hello) = try Self.parse(#"{"type":"hello","name":"\#(name)","version":"\#(name)"}"#)
        else {
            Issue.record("This is a hello.")
            return
        }
        #expect(hello.name.count == 64 && hello.version.count == 64)
    }

    @Test func `a peer's name is escaped where it is shown`() throws {
        guard case .hello(let hello) = try Self.parse(#"{"type":"hello","name":"\u001b[2J\u202ebob"}"#) else {
            Issue.record("This is a hello.")
            return
        }
        #expect(hello.displayedName.string == "\\x1b[2J\\u{202e}bob")
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func `random and damaged bytes are an error or a message that reads back`(seed: UInt64) throws {
        var random = RandomSource.seeded(seed)
        let id = try Self.id(7)
        let samples: [ConversationMessage] = [
            .hello(PeerHello(name: "n", version: "v", capabilities: ["c"])),
            .chat(ChatPart(id: 1, time: 2, text: "téxt")),
            .offer(id, TransferOffer(name: [0xFF], size: 1)), .cancel(id, .user), .complete(id, size: 1),
        ]
        var bytes = samples[Int(seed) % samples.count].encoded
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch random.next() % 3 {
            case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
            case 1: bytes.remove(at: index)
            default: bytes.insert(UInt8(ascii: "9"), at: index)
            }
        }
        guard let message = try? ConversationMessage(parsing: bytes.span), message != .unknown else { return }
        let again = message.encoded
        #expect(try ConversationMessage(parsing: again.span) == message, "seed \(seed)")
    }
}
