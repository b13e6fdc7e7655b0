// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import MDNS
import Wire

/// A resolver and a responder on one link, with the input as all others on it.
private struct LinkRig {
    private static let names = ["a.local", "b.local", "c.local"].compactMap { DNSName($0) }

    private var resolver = MDNSResolver()
    private var responder = MDNSResponder()
    private var now = Instant.zero

    /// Does what the input says next.
    mutating func step(_ input: inout FuzzInput) {
        switch input.u8() & 7 {
        case 0: self.resolver.search(for: Self.name(&input), at: self.now)
        case 1: self.responder.publish(Self.ip(&input), as: Self.name(&input), at: self.now)
        case 2: self.responder.withdraw(Self.ip(&input))
        case 3: self.responder.withdrawAll()
        case 4: self.deliver(input.block(), from: Self.source(&input))
        case 5, 6: self.deliver(Self.message(&input).encoded, from: Self.source(&input))
        default: self.now = self.now.advanced(byNanoseconds: UInt64(input.u16()) * 1_000_000)
        }
        self.resolver.handleTimeout(at: self.now)
        self.drain()
    }

    private mutating func deliver(_ bytes: [UInt8], from source: SocketAddress) {
        guard let message = DNSMessage(bytes.span) else { return }
        self.resolver.handle(message, from: source)
        self.responder.handle(message, from: source, at: self.now)
    }

    /// What is sent fits into packets, is right, and has an end.
    private mutating func drain() {
        var count = 0
        while let bytes = self.resolver.pollTransmit() ?? self.responder.pollTransmit(at: self.now)?.bytes {
            count += 1
            require(bytes.count <= 2_048, "\(bytes.count) bytes")
            require(DNSMessage(bytes.span) != nil)
        }
        require(count <= 64, "\(count) messages at once")
        count = 0
        while self.resolver.pollEvent() != nil { count += 1 }
        require(count <= MDNSResolver.maximumNames * MDNSResolver.maximumAddresses, "\(count) events at once")
        requireProgress(self.resolver.nextTimeout, after: self.now)
        requireProgress(self.responder.nextTimeout, after: self.now)
    }

    // MARK: What others say

    private static func message(_ input: inout FuzzInput) -> DNSMessage {
        var message = DNSMessage(isResponse: input.flag())
        message.identifier = input.u16()
        for _ in 0..<(input.u8() & 7) {
            let type = DNSType(rawValue: input.flag() ? 1 : UInt16(input.u8()))
            message.questions.append(DNSQuestion(Self.name(&input), type, wantsUnicast: input.flag()))
        }
        for _ in 0..<(input.u8() & 7) {
            let content = input.flag() ? DNSRecord.Content.address(Self.ip(&input)) : .existence([.a])
            message.answers.append(DNSRecord(Self.name(&input), content, timeToLive: UInt32(input.u8())))
        }
        return message
    }

    private static func name(_ input: inout FuzzInput) -> DNSName { Self.names[input.choice(Self.names.count)] }

    private static func ip(_ input: inout FuzzInput) -> IPAddress {
        input.flag() ? .v4(0x0A00_0000 + UInt32(input.u8())) : .v6(high: 0xFD00 << 48, low: UInt64(input.u8()))
    }

    private static func source(_ input: inout FuzzInput) -> SocketAddress {
        SocketAddress(.v4(0x0A00_0002), port: input.flag() ? MDNSGroup.port : input.u16())
    }
}

// Names are asked for, published and taken back while others on the link say whatever they like.
fuzz { bytes in
    var input = FuzzInput(bytes)
    var rig = LinkRig()
    var steps = 0
    while !input.isAtEnd, steps < 512 {
        rig.step(&input)
        steps += 1
    }
}
