// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
import ICE
import Wire

/// The connections of ICE over TCP (RFC 6544): packets between a base and a remote address, each framed on a stream.
///
/// A packet from an active base opens its connection. What came in to a passive base is a stranger's until an authentic
/// check has come over it.
final class TCPPaths {
    /// A connection between a base and a remote address.
    private final class Connection {
        let id: ByteStreamID
        let path: Path
        /// Whether packets can be sent; a connection that failed rests until an instant.
        var state: State
        /// When a stranger is to be gone; nil once it is none.
        var deadline: Instant?
        /// Packets that wait, framed; what is sent at a time is one element.
        var outgoing: Deque<[UInt8]> = []
        /// Their bytes.
        var waiting = 0
        var deframer = PacketDeframer()

        enum State: Equatable {
            case connecting
            case open
            case resting(until: Instant)
        }

        init(_ id: ByteStreamID, _ path: Path, _ state: State, deadline: Instant? = nil) {
            self.id = id
            self.path = path
            self.state = state
            self.deadline = deadline
        }
    }

    /// Connections that came in and are kept at a time.
    private static let maximumAccepted = 32
    /// Connections of ours at a time: as many as pairs are worth to be checked.
    private static let maximumOpened = 32
    /// Strangers at a time from one address.
    private static let maximumStrangers = 4
    /// How long a stranger may say nothing authentic, in nanoseconds.
    private static let patience: UInt64 = 5_000_000_000
    /// How long a connection that failed is not tried again, in nanoseconds.
    private static let rest: UInt64 = 1_000_000_000
    /// Bytes that wait on a connection; beyond, packets are lost as on any full link.
    private static let queuedBytes = 256 << 10
    /// Bytes that wait above which the association keeps what it has.
    private static let congestionMark = 32 << 10
    /// Bytes that wait until a connection is made: checks and the beginning of a handshake.
    private static let waitingBytes = 8 << 10

    private let streams: StreamTable
    private var bases: [SocketAddress] = []
    private var connections: [Connection] = []

    init(streams: StreamTable) {
        self.streams = streams
    }

    /// Adds an address on which connections come in, and from which they go out.
    func addBase(_ address: SocketAddress) {
        self.bases += [address, SocketAddress(address.ip, port: CandidateTransport.activePort)]
    }

    /// Removes such an address with its connections; returns what it was in both roles.
    func removeBase(_ address: SocketAddress) -> [SocketAddress] {
        let gone = [address, SocketAddress(address.ip, port: CandidateTransport.activePort)]
        self.bases.removeAll(where: gone.contains)
        self.end { gone.contains($0.path.local) }
        return gone
    }

    private func end(where isDoomed: (Connection) -> Bool) {
        for connection in self.connections where isDoomed(connection) { self.streams.close(connection.id) }
        self.connections.removeAll(where: isDoomed)
    }

    /// Whether a packet from an address goes over a connection.
    func hasBase(_ address: SocketAddress) -> Bool { self.bases.contains(address) }

    /// Whether a stream is one of these.
    func owns(_ id: ByteStreamID) -> Bool { self.connections.contains { $0.id == id } }

    private func connection(_ path: Path) -> Connection? { self.connections.first { $0.path == path } }
}

// MARK: - Packets

extension TCPPaths {
    /// Sends packets, over a new connection where there is none and this side is the one to connect.
    func send(_ datagrams: Span<UInt8>, _ transmit: Transmit, at now: Instant) {
        let path = Path(local: transmit.source, remote: transmit.destination)
        guard let connection = self.connection(path) ?? self.connect(path, at: now) else { return }
        var framed: [UInt8] = []
        PacketFraming.append(datagrams, segmentSize: transmit.segmentSize, to: &framed)
        switch connection.state {
        case .resting: return
        case .connecting:
            // A check is repeated as over UDP; but what waits gets there.
            guard !connection.outgoing.contains(framed), connection.waiting + framed.count <= Self.waitingBytes
            else { return }
        case .open:
            guard connection.waiting + framed.count <= Self.queuedBytes else { return }
        }
        connection.outgoing.append(framed)
        connection.waiting += framed.count
    }

    /// Whether what is sent on a path had better wait: its connection does not take it as fast.
    func isCongested(_ path: Path) -> Bool {
        self.connection(path).map { $0.waiting >= Self.congestionMark } ?? false
    }

    /// Fills an empty buffer with what goes out on a stream next; false when there is nothing.
    func pollBytes(of id: ByteStreamID, into buffer: DatagramBuffer) -> Bool {
        guard let connection = self.connections.first(where: { $0.id == id }), connection.state == .open,
            let framed = connection.outgoing.popFirst()
        else { return false }
        connection.waiting -= framed.count
        buffer.bytes += framed
        return true
    }

    /// Takes bytes of a stream; each packet goes to `deliver`, with its path.
    func handle(_ bytes: Span<UInt8>, of id: ByteStreamID, deliver: (Span<UInt8>, Path) -> Void) {
        guard let connection = self.connections.first(where: { $0.id == id }) else { return }
        connection.deframer.take(bytes) { packet in deliver(packet, connection.path) }
    }

    private func connect(_ path: Path, at now: Instant) -> Connection? {
        guard path.local.port == CandidateTransport.activePort,
            self.connections.count(where: { $0.path.local.port == CandidateTransport.activePort }) < Self.maximumOpened
        else { return nil }
        let id = self.streams.open(from: SocketAddress(path.local.ip, port: 0), to: path.remote)
        let connection = Connection(id, path, .connecting)
        self.connections.append(connection)
        return connection
    }
}

// MARK: - Connections

extension TCPPaths {
    /// Takes a connection that came in from an address to a passive base, or refuses it: nil.
    func accept(from remote: SocketAddress, on local: SocketAddress, at now: Instant) -> ByteStreamID? {
        let accepted = self.connections.filter { $0.path.local.port != CandidateTransport.activePort }
        let strangers = accepted.count { $0.deadline != nil && $0.path.remote.ip == remote.ip }
        guard accepted.count < Self.maximumAccepted, strangers < Self.maximumStrangers else { return nil }
        let id = self.streams.name()
        let path = Path(local: local, remote: remote.scoped(like: local))
        let deadline = now.advanced(byNanoseconds: Self.patience)
        self.connections.append(Connection(id, path, .open, deadline: deadline))
        return id
    }

    /// Takes note of what became of a stream; returns the path that it takes with it.
    func handle(_ event: StreamEvent, of id: ByteStreamID, at now: Instant) -> Path? {
        guard let index = self.connections.firstIndex(where: { $0.id == id }) else { return nil }
        let connection = self.connections[index]
        switch event {
        case .opened:
            connection.state = .open
            return nil
        case .failed where connection.path.local.port == CandidateTransport.activePort:
            connection.state = .resting(until: now.advanced(byNanoseconds: Self.rest))
            connection.outgoing = []
            connection.waiting = 0
        case .failed:
            self.connections.remove(at: index)
        }
        return connection.path
    }

    /// The path of a stream over which nothing authentic has come; nil for others.
    func strangersPath(of id: ByteStreamID) -> Path? {
        self.connections.first { $0.id == id && $0.deadline != nil }?.path
    }

    /// An authentic check has come over a stream.
    func welcome(_ id: ByteStreamID) {
        self.connections.first { $0.id == id }?.deadline = nil
    }

    /// Ends all connections with an address that turned out to be somebody else's.
    func exclude(_ address: SocketAddress) {
        self.end { $0.path.remote == address }
    }

    /// Lets strangers go, and forgets failures.
    func handleTimeout(at now: Instant) {
        self.end { connection in connection.deadline.map { $0 <= now } ?? false }
        self.connections.removeAll { connection in
            if case .resting(let until) = connection.state { until <= now } else { false }
        }
    }

    /// When `handleTimeout` has something to do; nil: never.
    var nextTimeout: Instant? {
        var next: Instant?
        for connection in self.connections {
            next = earliest(next, connection.deadline)
            if case .resting(let until) = connection.state { next = earliest(next, until) }
        }
        return next
    }
}
