// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import CVirtualTime
import DTLS
import DataChannels
import Peering
import STUN
import SimulatedNetwork
import Wire

/// Peers on one simulated Internet with a STUN server, in virtual time; a seed decides everything.
///
/// A world must be used on the thread that made it, since OpenSSL's clock and randomness are the thread's.
final class PeerWorld {
    /// What came on a data channel.
    struct ReceivedMessage: Equatable {
        var channel: DataChannelID
        var kind: DataChannelMessageKind
        var bytes: [UInt8]
    }

    /// One peer on one host.
    final class Side {
        let name: String
        let address: SocketAddress
        var connection: PeerConnection
        var events: [PeerEvent] = []
        var received: [ReceivedMessage] = []
        var opened: [DataChannelID] = []
        var closedChannels = 0
        var isEstablished = false
        var closeReason: CloseReason?
        var impostors: [SocketAddress] = []
        var path: PathDescription?
        var hasGathered = false

        init(name: String, address: SocketAddress, connection: consuming PeerConnection) {
            self.name = name
            self.address = address
            self.connection = connection
        }
    }

    static let server = SocketAddress(.v4(0xC633_6401), port: 3478)

    var now = Instant.zero
    var internet: SimulatedInternet
    private(set) var sides: [Side] = []
    private let buffer = DatagramBuffer()
    private var random: RandomSource

    init(seed: UInt64, link: Link = Link()) {
        self.internet = SimulatedInternet(seed: seed, link: link)
        self.random = .seeded(seed &+ 1)
        icetalk_virtual_time_begin(seed)
        icetalk_virtual_time_set(0)
    }

    deinit { icetalk_virtual_time_end() }

    /// Adds a peer; behind a NAT where one is given.
    func addSide(_ name: String, at ip: IPAddress, behind nat: NATBehaviour? = nil, usesServer: Bool = true) throws -> Side {
        if let nat {
            let box = self.internet.addNAT(at: .v4(0xCB00_7100 + UInt32(self.sides.count) + 1), nat)
            self.internet.place(ip, behind: box)
        }
        let configuration = PeerConnection.Configuration(certificate: try DTLSCertificate())
        let address = SocketAddress(ip, port: 5000)
        let side = Side(
            name: name,
            address: address,
            connection: PeerConnection(configuration: configuration, random: self.random.fork(), at: self.now)
        )
        self.sides.append(side)
        side.connection.addLocalAddress(address, localPreference: 65_535, at: self.now)
        if usesServer { side.connection.addSTUNServer(Self.server, at: self.now) }
        self.settle()
        return side
    }

    /// Sends what the peers have to send and takes their events, until none has anything left.
    func settle() {
        for side in self.sides {
            while let transmit = side.connection.pollTransmit(into: self.buffer, at: self.now) {
                var start = 0
                while start < self.buffer.count {
                    let end = min(start + transmit.segmentSize, self.buffer.count)
                    let bytes = Array(self.buffer.bytes[start..<end])
                    self.internet.send(bytes, from: transmit.source, to: transmit.destination, at: self.now)
                    start = end
                }
            }
            while let event = side.connection.pollEvent(at: self.now) {
                self.take(event, at: side)
            }
        }
    }

    private func take(_ event: PeerEvent, at side: Side) {
        side.events.append(event)
        switch event {
        case .established: side.isEstablished = true
        case .closed(let reason): side.closeReason = reason
        case .impostor(let address): side.impostors.append(address)
        case .path(let path): side.path = path
        case .gatheringComplete: side.hasGathered = true
        case .channel(.message(let channel, let kind, let bytes)):
            side.received.append(ReceivedMessage(channel: channel, kind: kind, bytes: bytes))
        case .channel(.opened(let channel, _)): side.opened.append(channel)
        case .channel(.closed): side.closedChannels += 1
        default: break
        }
    }

    /// Lets virtual time pass until the condition holds; false when it did not within `limit`.
    func run(limit: Duration = .seconds(60), until condition: () -> Bool) -> Bool {
        let deadline = self.now + limit
        self.settle()
        while !condition() {
            guard let next = self.nextInstant, next <= deadline else {
                self.advance(to: deadline)
                return condition()
            }
            self.advance(to: next)
            while let datagram = self.internet.receive(at: self.now) {
                self.deliver(datagram)
            }
            for side in self.sides {
                if let timeout = side.connection.nextTimeout, timeout <= self.now {
                    side.connection.handleTimeout(at: self.now)
                }
            }
            self.settle()
        }
        return true
    }

    private var nextInstant: Instant? {
        self.sides.reduce(self.internet.nextArrival) { earliest($0, $1.connection.nextTimeout) }
    }

    private func advance(to instant: Instant) {
        self.now = max(self.now, instant)
        icetalk_virtual_time_set(self.now.nanoseconds)
    }

    private func deliver(_ datagram: SimulatedDatagram) {
        if datagram.destination == Self.server {
            if let answer = BindingServer().answer(datagram.bytes.span, from: datagram.source) {
                self.internet.send(answer, from: Self.server, to: datagram.source, at: self.now)
            }
            return
        }
        guard let side = self.sides.first(where: { $0.address == datagram.destination }) else { return }
        side.connection.handle(datagram.bytes.span, from: datagram.source, on: side.address, at: self.now)
        self.settle()
    }

    /// Gives each side the other's description, and waits until data channels can be used.
    func meet(_ first: Side, _ second: Side, limit: Duration = .seconds(60)) throws -> Bool {
        _ = self.run(limit: .seconds(2)) { first.hasGathered && second.hasGathered }
        try first.connection.setRemote(second.connection.localDescription, at: self.now)
        try second.connection.setRemote(first.connection.localDescription, at: self.now)
        return self.run(limit: limit) { first.isEstablished && second.isEstablished }
    }
}
