// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import Rendezvous

struct JSONObjectTests {
    @Test
    func `members are found, unknown ones passed on`() throws {
        let text = #" { "type" : "add" , "n":[1,{"x":null}], "body":"0a\u0041\n\ud83d\ude00" } "#
        let object = try #require(JSONObject(parsing: Array(text.utf8)))
        #expect(object.string("type") == "add")
        #expect(object.string("body") == "0aA\n😀")
        #expect(object["n"]?.description == #"[1,{"x":null}]"#)
        #expect(object["n"]?.elements(limit: 1) == [JSONText(1)])
        #expect(object["absent"] == nil)
        #expect(object.keys == ["type", "n", "body"])
    }

    @Test
    func `the last of several members counts, and null is absent`() throws {
        let object = try #require(JSONObject(parsing: Array(#"{"a":1,"a":2,"b":null}"#.utf8)))
        #expect(object["a"]?.integer == 2)
        #expect(object["b"] == nil)
    }

    @Test(arguments: [
        "", "{", "[]", "1", "{]", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{"a":01}"#, #"{"a":1.}"#, #"{"a":+1}"#,
        #"{"a":"\x"}"#, #"{"a":"\u12g4"}"#, #"{"a":"\u12"}"#, "{\"a\":\"\n\"}", #"{"a":1} x"#, #"{"a":tru}"#, "{'a':1}",
        #"{"a":"b}"#, #"{"a":1e}"#, #"{"a":-}"#, #"{,}"#,
    ])
    func `what is no object is refused`(text: String) {
        #expect(JSONObject(parsing: Array(text.utf8)) == nil)
    }

    @Test
    func `bytes that are no UTF-8 are refused`() {
        #expect(JSONObject(parsing: Array(#"{"a":""#.utf8) + [0xFF] + Array(#""}"#.utf8)) == nil)
    }

    @Test
    func `nesting is bounded`() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(JSONObject(parsing: Array("{\"a\":\(deep)".utf8)) == nil)
        let brackets = (String(repeating: "[", count: 15), String(repeating: "]", count: 15))
        #expect(JSONObject(parsing: Array("{\"a\":\(brackets.0)\(brackets.1)}".utf8)) != nil)
        #expect(JSONObject(parsing: Array("{\"a\":[\(brackets.0)\(brackets.1)]}".utf8)) == nil)
    }

    @Test
    func `half a surrogate pair does no harm`() throws {
        let object = try #require(JSONObject(parsing: Array(#"{"a":"x\ud800y"}"#.utf8)))
        #expect(object.string("a") == "x\u{FFFD}y")
    }
}
