// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import SCTP
import Wire

/// One side and what is on the way to it.
final class AssociationEnd {
    var association: Association
    var inbox: [[UInt8]] = []
    /// The tag that this side expects in packets, as it was seen.
    var tag: UInt32 = 0
    var sent: [[UInt8]] = []
    var received: [[UInt8]] = []
    /// How the association ended.
    var ending: Association.Event?

    init(_ configuration: Association.Configuration, seed: UInt64) {
        self.association = Association(configuration: configuration, random: .seeded(seed))
    }
}

/// Two sides in virtual time.
struct AssociationWorld {
    private let ends: [AssociationEnd]
    private let isHostile: Bool
    private var now = Instant(nanoseconds: 1_000_000_000)
    private var writer = ByteWriter(capacity: 2_048)
    private var isEnding = false
    private var serial: UInt8 = 0

    init(_ input: inout FuzzInput) {
        let shape = input.u8()
        var configuration = Association.Configuration()
        configuration.usesZeroChecksum = shape & 1 != 0
        configuration.coalescesSACKs = shape & 2 != 0
        configuration.receiveWindow = shape & 4 != 0 ? 16_384 : 2 << 20
        configuration.maximumMessageSize = 8_192
        var other = configuration
        other.supportsReconfig = shape & 8 == 0
        other.supportsForwardTSN = shape & 16 == 0
        other.inboundStreams = shape & 32 == 0 ? .max : 4
        self.isHostile = shape & 64 != 0
        self.ends = [AssociationEnd(configuration, seed: 1), AssociationEnd(other, seed: 2)]
        self.ends[0].association.associate(at: self.now)
        if shape & 128 != 0 { self.ends[1].association.associate(at: self.now) }
        self.drain()
        self.exchange(rounds: input.choice(8))
    }

    /// Does what the input says next.
    mutating func step(_ input: inout FuzzInput) {
        let operation = input.u8()
        let index = Int(operation >> 7)
        let end = self.ends[index]
        switch operation & 31 {
        case 0...7 where !end.inbox.isEmpty: self.deliver(end.inbox.removeFirst(), to: index)
        case 8 where !end.inbox.isEmpty: end.inbox.removeFirst()
        case 9 where !end.inbox.isEmpty: end.inbox.append(end.inbox[input.choice(end.inbox.count)])
        case 10 where end.inbox.count > 1: end.inbox.append(end.inbox.remove(at: input.choice(end.inbox.count)))
        case 11...13: self.expire(index)
        case 14: self.now = self.now.advanced(byNanoseconds: UInt64(input.u16()) * 1_000_000)
        case 15...20: self.send(&input, from: index)
        case 21: try? end.association.resetStreams([StreamID(UInt16(input.u8() & 7))], at: self.now)
        case 22: self.exchange(rounds: 1 + input.choice(4))
        case 23 where input.u8() == 0xC1:
            self.isEnding = true
            end.association.shutdown(at: self.now)
        case 24 where input.u8() == 0xC1:
            self.isEnding = true
            end.association.abort(reason: "over")
        case 25...26 where self.isHostile: self.deliver(self.packet(input.block(), to: end), to: index)
        case 27...30 where self.isHostile && !end.inbox.isEmpty: self.alter(end.inbox.removeFirst(), &input, to: index)
        case 31 where self.isHostile: self.deliver(input.block(), to: index)
        default: break
        }
        self.drain()
    }

    // MARK: Sending

    private mutating func send(_ input: inout FuzzInput, from index: Int) {
        let end = self.ends[index]
        let shape = input.u8()
        let count = shape & 1 == 0 ? 1 + Int(input.u8()) : 1 + Int(input.u16()) % 8_192
        let reliability: Reliability =
            switch shape >> 4 & 3 {
            case 1: .retransmits(UInt32(shape >> 6))
            case 2: .lifetime(.milliseconds(Int64(shape >> 6) * 100))
            default: .reliable
            }
        self.serial &+= 1
        let bytes = [UInt8](repeating: self.serial, count: count)
        let stream = StreamID(UInt16(shape >> 1 & 3))
        do throws(SCTPError) {
            try end.association.send(
                bytes,
                stream: stream,
                protocolID: PayloadProtocolID(53),
                isUnordered: shape & 8 != 0,
                reliability: reliability,
                at: self.now
            )
        } catch {
            return
        }
        if reliability == .reliable { end.sent.append(bytes) }
    }

    private mutating func drain() {
        for index in 0...1 {
            let end = self.ends[index]
            var packets = 0
            while end.association.pollTransmit(into: &self.writer, at: self.now) {
                packets += 1
                require(packets <= 4_096, "packets without end: \(self.writer.bytes.prefix(64))")
                require(self.writer.count <= end.association.configuration.mtu, "\(self.writer.count) bytes")
                self.noteTag(of: end)
                if self.ends[1 - index].inbox.count < 512 { self.ends[1 - index].inbox.append(self.writer.bytes) }
            }
            while let event = end.association.pollEvent() { self.note(event, at: end) }
            while let message = end.association.receive() { end.received.append(message.bytes) }
        }
    }

    private mutating func note(_ event: Association.Event, at end: AssociationEnd) {
        // A network that lets nothing through for long is not honest either.
        if event == .aborted(.timedOut) { self.isEnding = true }
        switch event {
        case .shutdownComplete, .aborted:
            require(end.ending == nil, "an association ends once")
            end.ending = event
        default: break
        }
    }

    // MARK: The network

    private mutating func deliver(_ packet: [UInt8], to index: Int) {
        try? self.ends[index].association.handle(packet.span, at: self.now)
    }

    /// Lets everything through, some times back and forth.
    private mutating func exchange(rounds: Int) {
        for _ in 0..<rounds {
            self.now = self.now.advanced(byNanoseconds: 10_000_000)
            for index in 0...1 {
                let packets = self.ends[index].inbox
                self.ends[index].inbox = []
                for packet in packets { self.deliver(packet, to: index) }
            }
            self.drain()
        }
    }

    private mutating func expire(_ index: Int) {
        let end = self.ends[index]
        guard let timeout = end.association.nextTimeout else { return }
        self.now = max(self.now, timeout)
        end.association.handleTimeout(at: self.now)
        self.drain()
        requireProgress(end.association.nextTimeout, after: self.now)
    }

    /// A packet of chunks from the input, with the right ports, tag and checksum.
    private func packet(_ chunks: [UInt8], to end: AssociationEnd) -> [UInt8] {
        var writer = ByteWriter()
        let isInit = chunks.first == ChunkType.initiation.rawValue
        writer.beginPacket(
            CommonHeader(sourcePort: 5_000, destinationPort: 5_000, verificationTag: isInit ? 0 : end.tag)
        )
        writer.array(chunks)
        writer.finishPacket()
        return writer.bytes
    }

    /// Delivers a packet that was altered behind its header, with the right checksum.
    private mutating func alter(_ packet: [UInt8], _ input: inout FuzzInput, to index: Int) {
        var chunks = Array(packet.dropFirst(CommonHeader.size))
        for _ in 0..<(1 + input.choice(4)) { input.damage(&chunks) }
        var writer = ByteWriter()
        writer.array(Array(packet.prefix(8)))
        writer.u32(0)
        writer.array(chunks)
        writer.finishPacket()
        self.deliver(writer.bytes, to: index)
    }

    /// Learns from an INIT or INIT ACK which tag its sender wants to read from then on.
    private func noteTag(of end: AssociationEnd) {
        guard self.writer.count >= 20 else { return }
        let type = ChunkType(rawValue: self.writer.bytes[CommonHeader.size])
        guard type == .initiation || type == .initiationAck else { return }
        end.tag = self.writer.bytes[16..<20].reduce(0) { $0 << 8 | UInt32($1) }
    }

    // MARK: The end

    /// After an honest network everything reliable has arrived, each message once.
    mutating func requireDelivery() {
        guard !self.isHostile, !self.isEnding else { return }
        for _ in 0..<400 {
            if self.ends.allSatisfy({ $0.association.isIdle && $0.inbox.isEmpty }) { break }
            self.exchange(rounds: 2)
            for index in 0...1 where self.ends[index].association.nextTimeout.map({ $0 <= self.now }) ?? false {
                self.expire(index)
            }
            guard self.ends.allSatisfy({ $0.inbox.isEmpty }) else { continue }
            let next = earliest(self.ends[0].association.nextTimeout, self.ends[1].association.nextTimeout)
            if let next, next > self.now { self.now = next }
        }
        guard !self.isEnding else { return }
        for index in 0...1 where self.ends[0].association.isEstablished {
            let expected = self.ends[1 - index].sent.map { [UInt8($0.count & 255), $0[0]] }
            var left = self.ends[index].received.map { [UInt8($0.count & 255), $0[0]] }
            for message in expected {
                guard let found = left.firstIndex(of: message) else {
                    fail("a message of \(message) did not arrive")
                }
                left.remove(at: found)
            }
        }
        for end in self.ends {
            requireEqual(end.ending, nil, "an honest network ended an association")
        }
    }
}
