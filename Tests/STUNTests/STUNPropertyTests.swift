// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import Testing
import Wire

/// What a peer may send is answered or refused; it never traps, and never passes for authentic.
@Suite struct STUNPropertyTests {
    private let key = IntegrityKey(shortTerm: RFCVector.password)

    private static let samples =
        [
            RFCVector.request, RFCVector.ipv4Response, RFCVector.ipv6Response, RFCVector.longTermRequest,
            RFCVector.sha256Request,
            STUNMessage(
                .binding,
                .failure,
                TransactionID(high: 1, low: 2),
                attributes: AttributeTests.all
            ).encoded(integrity: IntegrityKey(shortTerm: RFCVector.password), algorithms: .all, fingerprint: true),
        ] + BrowserVector.all

    /// Everything that can be done with bytes from the network.
    private func consume(_ bytes: [UInt8]) {
        _ = STUNMessage.looksLikeSTUN(bytes.span)
        _ = STUNMessage.verifyFingerprint(of: bytes.span)
        _ = STUNMessage.verifyIntegrity(of: bytes.span, key: self.key)
        _ = BindingServer().answer(bytes.span, from: SocketAddress(.v4(1), port: 1))
        guard let message = try? STUNMessage(parsing: bytes.span) else { return }
        _ = message.checkShortTerm(of: bytes.span, understanding: .basic) { _ in self.key }
        _ = message.nonce.flatMap { SecurityFeatures(nonce: $0) }
    }

    @Test func `random bytes are refused or read`() {
        var random = RandomSource.seeded(0x57)
        for round in 0..<20_000 {
            let count = Int(random.next() % 120)
            var bytes = random.bytes(count)
            if count >= 20, round % 2 == 0 {
                // Half of them get past the header.
                bytes[0] &= 0x3F
                bytes.replaceSubrange(2..<8, with: [0, UInt8(count - 20), 0x21, 0x12, 0xA4, 0x42])
            }
            self.consume(bytes)
        }
    }

    @Test(arguments: Self.samples)
    func `no message survives being cut short`(bytes: [UInt8]) {
        for count in 0..<bytes.count {
            #expect(throws: STUNError.self) { try parse(Array(bytes.prefix(count))) }
            self.consume(Array(bytes.prefix(count)))
        }
        #expect(throws: STUNError.self) { try parse(bytes + [0, 0, 0, 0]) }
    }

    @Test(arguments: [RFCVector.request, RFCVector.ipv4Response, RFCVector.ipv6Response])
    func `no flipped bit passes for authentic`(bytes: [UInt8]) {
        let protected = bytes.count - 8
        for bit in 0..<(bytes.count * 8) {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            self.consume(flipped)
            let isCovered = bit / 8 < protected
            #expect(!isCovered || !verifyIntegrity(flipped, self.key), "bit \(bit)")
            #expect(!verifyFingerprint(flipped), "bit \(bit)")
        }
    }

    @Test func `what is read from mutated messages is written and read again`() throws {
        var random = RandomSource.seeded(0x5755)
        var survivors = 0
        for round in 0..<20_000 {
            var bytes = Self.samples[round % Self.samples.count]
            for _ in 0..<(1 + random.next() % 4) {
                // The header's length and cookie are spared, so that most mutations get through.
                let index = 8 + Int(random.next() % UInt64(bytes.count - 8))
                bytes[index] = UInt8(truncatingIfNeeded: random.next())
            }
            self.consume(bytes)
            guard let message = try? parse(bytes) else { continue }
            survivors += 1
            let again = try parse(message.encoded())
            guard again.attributes == message.attributes else {
                Issue.record("round \(round): \(message) came back as \(again)")
                return
            }
        }
        #expect(survivors > 5_000)
    }

    @Test func `a stream of any bytes is cut or refused within bounds`() {
        var random = RandomSource.seeded(0x5756)
        for round in 0..<500 {
            var framer = StreamFramer(acceptsChannelData: round % 2 == 0)
            var stream: [UInt8] = []
            for _ in 0..<4 {
                stream += Self.samples[Int(random.next() % UInt64(Self.samples.count))]
            }
            if round % 3 != 0 {
                stream[Int(random.next() % UInt64(stream.count))] ^= UInt8(truncatingIfNeeded: random.next())
            }
            var total = 0
            var isBroken = false
            while !stream.isEmpty, !isBroken {
                let piece = Array(stream.prefix(1 + Int(random.next() % 100)))
                stream.removeFirst(piece.count)
                do throws(StreamFault) {
                    try framer.append(piece.span)
                    while let frame = try framer.next() {
                        if case .message(let bytes) = frame {
                            total += bytes.count
                            self.consume(bytes)
                        }
                    }
                } catch {
                    isBroken = true
                }
            }
            #expect(round % 3 != 0 || (!isBroken && total > 0), "round \(round)")
        }
    }
}
