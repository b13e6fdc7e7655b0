// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import Testing
import Wire

@Suite struct DTLSClassifierTests {
    private func looksLikeDTLS(_ datagram: [UInt8]) -> Bool { DTLSClassifier.looksLikeDTLS(datagram.span) }

    private func isClientHello(_ datagram: [UInt8]) -> Bool { DTLSClassifier.isClientHello(datagram.span) }

    @Test(arguments: Captures.chromium + Captures.firefox)
    func `fragments of a ClientHello are recognized`(datagram: [UInt8]) {
        #expect(self.looksLikeDTLS(datagram))
        #expect(self.isClientHello(datagram))
        for count in 0..<datagram.count {
            #expect(!self.isClientHello([UInt8](datagram.prefix(count))))
        }
    }

    @Test func `the first byte decides, as RFC 7983 has it`() {
        for first in UInt8.min...UInt8.max {
            let datagram = [first] + [UInt8](repeating: 0, count: 19)
            #expect(self.looksLikeDTLS(datagram) == (20...63).contains(first))
            #expect(!self.isClientHello(datagram))
        }
        let short: [UInt8] = [22, 0xFE, 0xFD]
        #expect(!self.looksLikeDTLS(short))
        #expect(!self.looksLikeDTLS([]))
    }

    @Test func `other handshake messages and protected records are no ClientHello`() throws {
        var hello = Captures.chromium[0]
        hello[13] = 2
        #expect(!self.isClientHello(hello))
        hello[13] = 1
        hello[4] = 1
        #expect(!self.isClientHello(hello))
    }
}
