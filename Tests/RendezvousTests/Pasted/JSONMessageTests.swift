// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Rendezvous
import SDP
import Testing

@Suite struct JSONMessageTests {
    @Test func `a description is one line of JSON`() {
        let line = JSONMessage.line(kind: .offer, sdp: "v=0\r\ns=\"a\\b\"\r\n")
        #expect(line == #"{"type":"offer","sdp":"v=0\r\ns=\"a\\b\"\r\n"}"#)
    }

    @Test func `control characters and line separators are escaped, other characters stay`() {
        let line = JSONMessage.line(kind: .answer, sdp: "\u{0}\u{1F}\t\u{7F}\u{2028}é🧊")
        #expect(line == #"{"type":"answer","sdp":"\u0000\u001f\u0009\u007f\u2028é🧊"}"#)
    }

    @Test func `what is written is recognised`() {
        let text = Sample.text(Sample.offerLines).replacing("s=-", with: "s=\"ü\\n\u{1}\" 🧊")
        var input = PastedInput()
        let items = input.take(line: JSONMessage.line(kind: .offer, sdp: text))
        #expect(items == [.sessionDescription(.offer, text: text)])
    }
}
