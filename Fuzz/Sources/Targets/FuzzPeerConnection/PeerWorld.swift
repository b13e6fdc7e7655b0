// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CVirtualTime
import DTLS
import DataChannels
import FuzzDriver
import ICE
import Peering
import Wire

/// Made once: what costs are their keys.
private let certificates: [DTLSCertificate] = {
    icetalk_virtual_time_begin(1)
    do throws(DTLSError) {
        return [try DTLSCertificate(), try DTLSCertificate()]
    } catch {
        fail("\(error)")
    }
}()

/// One peer and what is on the way to it.
final class PeerEnd {
    var connection: PeerConnection
    let address: SocketAddress
    var inbox: [(bytes: [UInt8], source: SocketAddress)] = []
    var isEstablished = false
    var isClosed = false
    var hasRemote = false
    /// Streams that it wants or has, of which nobody but the input is at the other end.
    var streams: [ByteStreamID] = []

    /// Where connections come in.
    var listening: SocketAddress { SocketAddress(self.address.ip, port: 7_000) }

    init(number: Int, isPatient: Bool, usesTCP: Bool, at now: Instant) {
        self.address = SocketAddress(.v4(0x0A00_0001 + UInt32(number)), port: 5_000)
        var configuration = PeerConnection.Configuration(certificate: certificates[number])
        configuration.isPatient = isPatient
        self.connection = PeerConnection(configuration: configuration, random: .seeded(UInt64(number)), at: now)
        self.connection.addLocalAddress(self.address, localPreference: .max, at: now)
        if usesTCP { self.connection.addTCPAddress(self.listening, localPreference: .max, at: now) }
    }
}

/// Two peers in virtual time.
struct PeerWorld {
    private let ends: [PeerEnd]
    private let buffer = DatagramBuffer()
    private var now = Instant.zero
    private var seen: [[UInt8]] = []
    private var isHostile = false
    private var steps = 0

    init(_ input: inout FuzzInput) {
        let shape = input.u8()
        // The first use makes the certificates, whose random bytes are others.
        require(certificates.count == 2)
        icetalk_virtual_time_begin(2)
        self.ends = [
            PeerEnd(number: 0, isPatient: shape & 1 != 0, usesTCP: shape & 16 != 0, at: .zero),
            PeerEnd(number: 1, isPatient: shape & 2 != 0, usesTCP: shape & 32 != 0, at: .zero),
        ]
        self.drain()
        if shape & 4 != 0 {
            self.introduce(0)
            self.introduce(1)
        }
        if shape & 8 != 0 { self.run(until: { $0.allSatisfy(\.isEstablished) }) }
    }

    /// Does what the input says next.
    mutating func step(_ input: inout FuzzInput) {
        let operation = input.u8()
        let index = Int(operation >> 7)
        let end = self.ends[index]
        switch operation & 15 {
        case 0...3: self.deliverNext(to: index)
        case 4 where !end.inbox.isEmpty: end.inbox.removeFirst()
        case 5 where !end.inbox.isEmpty: end.inbox.append(end.inbox.removeFirst())
        case 6: self.introduce(index)
        case 7, 8: self.expire()
        case 9:
            let parameters = DataChannelParameters(label: "l", protocolName: "p")
            _ = try? end.connection.openChannel(parameters, at: self.now)
        case 10 where !end.inbox.isEmpty:
            self.isHostile = true
            input.damage(&end.inbox[0].bytes)
        case 11:
            self.isHostile = true
            self.deliver(input.block(), from: self.source(&input), to: index)
        case 12 where !self.seen.isEmpty:
            self.isHostile = true
            var bytes = self.seen[input.choice(self.seen.count)]
            input.damage(&bytes)
            self.deliver(bytes, from: self.source(&input), to: index)
        case 13 where input.u8() == 0xC1:
            self.isHostile = true
            end.connection.close(at: self.now)
        case 14: self.run(until: { _ in false }, steps: input.choice(8))
        case 15: self.useStream(of: end, &input)
        default: break
        }
        self.drain()
    }

    /// Somebody connects, or something comes of a stream.
    private mutating func useStream(of end: PeerEnd, _ input: inout FuzzInput) {
        let choice = input.u8()
        guard choice & 3 != 0, !end.streams.isEmpty else {
            let stranger = self.source(&input)
            let id = end.connection.accept(from: stranger, on: end.listening, at: self.now)
            if let id { end.streams.append(id) }
            require(end.streams.count <= 96, "\(end.streams.count) streams")
            return
        }
        let index = input.choice(end.streams.count)
        let id = end.streams[index]
        switch choice & 3 {
        case 1: end.connection.handle(.opened, of: id, at: self.now)
        case 2:
            self.isHostile = true
            let bytes = input.flag() && !self.seen.isEmpty ? self.seen[input.choice(self.seen.count)] : input.block()
            var framed: [UInt8] = []
            PacketFraming.append(bytes.span, segmentSize: max(bytes.count, 1), to: &framed)
            if input.flag() { input.damage(&framed) }
            end.connection.handle(framed.span, of: id, at: self.now)
        default:
            end.streams.remove(at: index)
            end.connection.handle(.failed(.reset), of: id, at: self.now)
        }
    }

    /// Where a forged datagram says it comes from: often from the peer.
    private func source(_ input: inout FuzzInput) -> SocketAddress {
        let number = input.u8()
        return number < 128
            ? self.ends[Int(number & 1)].address : SocketAddress(.v4(0x0A00_0100 + UInt32(number)), port: 6_000)
    }

    /// Tells one peer who the other is.
    private func introduce(_ index: Int) {
        guard !self.ends[index].hasRemote, !self.ends[index].isClosed else { return }
        self.ends[index].hasRemote = true
        do throws(PeeringError) {
            try self.ends[index].connection.setRemote(self.ends[1 - index].connection.localDescription, at: self.now)
        } catch {
            fail("\(error)")
        }
    }

    // MARK: The network

    private mutating func deliverNext(to index: Int) {
        guard !self.ends[index].inbox.isEmpty else { return }
        let (bytes, source) = self.ends[index].inbox.removeFirst()
        self.deliver(bytes, from: source, to: index)
    }

    private mutating func deliver(_ bytes: [UInt8], from source: SocketAddress, to index: Int) {
        if self.seen.count < 64 { self.seen.append(bytes) }
        self.ends[index].connection.handle(bytes.span, from: source, on: self.ends[index].address, at: self.now)
    }

    private func drain() {
        for end in self.ends {
            var count = 0
            while let transmit = end.connection.pollTransmit(into: self.buffer, at: self.now) {
                count += 1
                require(count <= 4_096, "datagrams without end")
                self.send(transmit)
            }
            self.drainStreams(of: end)
            while let event = end.connection.pollEvent(at: self.now) {
                require(!end.isClosed, "\(event) after the end")
                switch event {
                case .established: end.isEstablished = true
                case .closed: end.isClosed = true
                default: break
                }
            }
        }
    }

    private func drainStreams(of end: PeerEnd) {
        while let request = end.connection.pollStreamRequest() {
            switch request {
            case .open(let id, _, _, _): end.streams.append(id)
            case .close(let id): end.streams.removeAll { $0 == id }
            }
        }
        for id in end.streams {
            var count = 0
            self.buffer.removeAll()
            while end.connection.pollBytes(of: id, into: self.buffer) {
                count += 1
                require(count <= 4_096, "bytes without end")
                self.buffer.removeAll()
            }
        }
    }

    private func send(_ transmit: Transmit) {
        require(!self.buffer.bytes.isEmpty && transmit.segmentSize > 0)
        for start in stride(from: 0, to: self.buffer.count, by: transmit.segmentSize) {
            let end = min(start + transmit.segmentSize, self.buffer.count)
            require(end - start <= 1_200, "\(end - start) bytes")
            guard let receiver = self.ends.first(where: { $0.address == transmit.destination }) else { continue }
            guard receiver.inbox.count < 256 else { continue }
            receiver.inbox.append((Array(self.buffer.bytes[start..<end]), transmit.source))
        }
    }

    private mutating func expire() {
        let next = self.ends.reduce(nil as Instant?) { earliest($0, $1.connection.nextTimeout) }
        guard let next else { return }
        self.now = max(self.now, next)
        icetalk_virtual_time_set(self.now.nanoseconds)
        for end in self.ends {
            end.connection.handleTimeout(at: self.now)
        }
        self.drain()
        for end in self.ends {
            requireProgress(end.connection.nextTimeout, after: self.now)
        }
    }

    /// Lets everything through.
    private mutating func run(until goal: ([PeerEnd]) -> Bool, steps: Int = 400) {
        for _ in 0..<steps where !goal(self.ends) {
            if self.ends.allSatisfy(\.inbox.isEmpty) { self.expire() }
            for index in 0...1 {
                for _ in self.ends[index].inbox { self.deliverNext(to: index) }
            }
            self.drain()
        }
    }

    /// Two peers that know each other, with nobody between them, meet.
    mutating func finish() {
        defer { icetalk_virtual_time_end() }
        guard !self.isHostile else { return }
        self.introduce(0)
        self.introduce(1)
        self.run(until: { $0.allSatisfy(\.isEstablished) || $0.contains { $0.isClosed } })
        require(self.ends.allSatisfy { $0.isEstablished || $0.isClosed }, "two peers did not meet")
    }
}
