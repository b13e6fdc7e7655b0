// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Peering
import STUN
import SimulatedNetwork
import Wire

/// Joins the streams of peers and TURN servers in a `PeerWorld`.
final class StreamSwitch {
    /// A stream of a client, as a TURN server sees it.
    private final class Client {
        let relay: RelayServer
        let address: SocketAddress
        var framer = StreamFramer(acceptsChannelData: true)

        init(_ relay: RelayServer, _ address: SocketAddress) {
            self.relay = relay
            self.address = address
        }
    }

    /// A stream of a peer.
    private struct Owner {
        let side: PeerSide
        let id: ByteStreamID
    }

    let streams = SimulatedStreams()
    /// Names for which TLS was demanded.
    private(set) var secured: [ServerName] = []
    private var owners: [SimulatedStreams.End: Owner] = [:]
    private var clients: [SimulatedStreams.End: Client] = [:]
    private var listeners: [SocketAddress: PeerSide] = [:]
    private var nextPort: UInt16 = 20_000
    private let buffer = DatagramBuffer()

    /// Lets a peer have connections to an address.
    func listen(_ address: SocketAddress, _ side: PeerSide) {
        self.listeners[address] = side
    }

    /// A stranger connects to an address; its end is returned.
    func connect(from source: SocketAddress, to destination: SocketAddress, at now: Instant) -> SimulatedStreams.End {
        self.streams.dial(from: source, to: destination, at: now)
    }

    /// How many streams a peer has.
    func count(of side: PeerSide) -> Int { self.owners.values.count { $0.side === side } }

    /// Opens, closes and fills the streams of a peer; whether anything was sent, so that there may be more.
    func serve(_ side: PeerSide, at now: Instant) -> Bool {
        var hasSent = false
        while let request = side.connection.pollStreamRequest() {
            switch request {
            case .open(let id, let local, let remote, let server):
                self.nextPort += 1
                if let server { self.secured.append(server) }
                let end = self.streams.dial(from: SocketAddress(local.ip, port: self.nextPort), to: remote, at: now)
                self.owners[end] = Owner(side: side, id: id)
            case .close(let id):
                guard let end = self.owners.first(where: { $0.value.id == id && $0.value.side === side })?.key else {
                    continue
                }
                self.owners[end] = nil
                self.streams.close(end, at: now)
            }
        }
        for (end, owner) in self.owners.sorted(by: { $0.value.id.number < $1.value.id.number })
        where owner.side === side {
            while self.streams.hasRoom(end, at: now) {
                self.buffer.removeAll()
                guard side.connection.pollBytes(of: owner.id, into: self.buffer) else { break }
                self.streams.send(self.buffer.bytes, from: end, at: now)
                hasSent = true
            }
        }
        return hasSent
    }

    /// Takes what has arrived; datagrams that leave a TURN server go to `send`, and peers to be settled are returned.
    func step(_ relays: [RelayServer], at now: Instant, send: (RelayServer.Outgoing) -> Void) -> [PeerSide] {
        var sides: [PeerSide] = []
        while let (end, what) = self.streams.receive(at: now) {
            if let owner = self.owners[end] {
                self.take(what, for: owner, at: end, now)
                sides.append(owner.side)
            } else if let client = self.clients[end] {
                for answer in self.take(what, from: client, at: end, now) where !self.deliver(answer, at: now) {
                    send(answer)
                }
            } else if case .dialled(let source, let destination) = what {
                if let side = self.listeners[destination] {
                    let id = side.connection.accept(from: source, on: destination, at: now)
                    self.owners[end] = id.map { Owner(side: side, id: $0) }
                    if id == nil { self.streams.close(end, at: now, because: .reset) }
                    sides.append(side)
                    continue
                }
                guard let relay = relays.first(where: { $0.isStream && $0.address == destination }) else {
                    self.streams.close(end, at: now, because: .refused)
                    continue
                }
                self.clients[end] = Client(relay, source)
            }
        }
        return sides
    }

    /// Sends what a TURN server has for a client over the client's stream; false when it has none.
    func deliver(_ outgoing: RelayServer.Outgoing, at now: Instant) -> Bool {
        guard let end = self.clients.first(where: { $0.value.address == outgoing.destination })?.key else {
            return false
        }
        self.streams.send(outgoing.bytes, from: end, at: now)
        return true
    }

    /// Ends all streams to a TURN server, as one does that is restarted.
    func cut(_ relay: RelayServer, at now: Instant) {
        for (end, client) in self.clients where client.relay === relay {
            self.streams.close(end, at: now, because: .reset)
            self.clients[end] = nil
        }
    }

    /// Breaks off every stream between peers.
    func breakAll(at now: Instant) {
        for end in self.owners.keys where self.owners[end.other] != nil {
            self.streams.fail(end, at: now)
        }
    }

    private func take(_ what: SimulatedStreams.Arrival, for owner: Owner, at end: SimulatedStreams.End, _ now: Instant)
    {
        switch what {
        case .dialled, .room: break
        case .opened: owner.side.connection.handle(.opened, of: owner.id, at: now)
        case .bytes(let bytes): owner.side.connection.handle(bytes.span, of: owner.id, at: now)
        case .failed(let failure):
            self.owners[end] = nil
            owner.side.connection.handle(.failed(failure), of: owner.id, at: now)
        }
    }

    private func take(
        _ what: SimulatedStreams.Arrival,
        from client: Client,
        at end: SimulatedStreams.End,
        _ now: Instant
    ) -> [RelayServer.Outgoing] {
        switch what {
        case .dialled, .opened, .room: return []
        case .failed:
            self.clients[end] = nil
            client.relay.hangUp(client.address)
            return []
        case .bytes(let bytes):
            var answers: [RelayServer.Outgoing] = []
            try? client.framer.append(bytes.span)
            while let frame = try? client.framer.next() {
                let datagram =
                    switch frame {
                    case .message(let message): message
                    case .channelData(let channel, let payload): channelData(channel, payload, padded: true)
                    }
                answers += client.relay.take(datagram, from: client.address, at: now)
            }
            return answers
        }
    }
}
