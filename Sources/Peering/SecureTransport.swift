// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import Wire

/// The DTLS side of a peer: handshakes race, each on a path of its own, and the first with the right certificate wins.
///
/// Whoever saw an invitation can pass connectivity checks and finish a handshake with another certificate. Such a
/// handshake costs its path and nothing else: the mismatch is told, the address is banned, the others go on.
///
/// A class, because a record that is being opened hands its plaintext to the owner's other parts in the same call. It is
/// owned by one `PeerConnection` and never shared.
final class SecureTransport {
    /// Handshakes that run at the same time; a further one replaces the oldest that never heard an answer.
    static let maximumHandshakes = 8
    /// Addresses that are remembered for having shown a wrong certificate.
    static let maximumBanned = 1024
    /// How long a client waits on silence before it tries a further path beside the first.
    static let patience: UInt64 = 1_000_000_000
    /// How long a client rests after a handshake has failed.
    static let rest: UInt64 = 200_000_000

    /// One handshake on one path.
    private final class Handshake {
        let path: Path
        let startedAt: Instant
        var connection: DTLSConnection
        var wasHeard = false
        /// Whether its silence was noticed: it asks for no further path.
        var wasOvertaken = false

        init(path: Path, startedAt: Instant, connection: consuming DTLSConnection) {
            self.path = path
            self.startedAt = startedAt
            self.connection = connection
        }
    }

    /// What a datagram or a timeout brought about.
    enum Outcome: Equatable {
        /// Nothing that the owner must know.
        case none
        /// A handshake on this path ended with the right certificate.
        case secured(Path)
        /// A handshake on this path ended with a wrong certificate; its address is banned from now on.
        case impostor(Path)
        /// An authentic record came on this path.
        case authentic(Path)
        /// The other side closed, or the connection broke down for good.
        case closed
    }

    /// The DTLS role of this side.
    let role: DTLSConnection.Role
    private let certificate: DTLSCertificate
    private let expected: Fingerprint
    private let datagramSize: Int
    private var handshakes: [Handshake] = []
    private var established: Handshake?
    private var banned: Set<SocketAddress> = []
    private var roundTripTime: Duration?
    /// When the next handshake may begin after one has failed.
    private var retry: Instant?

    /// Creates a transport that accepts one certificate only.
    init(role: DTLSConnection.Role, certificate: DTLSCertificate, expected: Fingerprint, datagramSize: Int) {
        self.role = role
        self.certificate = certificate
        self.expected = expected
        self.datagramSize = datagramSize
    }

    /// Whether a handshake has won.
    var isEstablished: Bool { self.established != nil }

    /// Whether an address showed a wrong certificate before.
    func isBanned(_ address: SocketAddress) -> Bool { self.banned.contains(address) }

    /// Takes the round-trip time of ICE for the retransmission timers.
    func setRoundTripTime(_ time: Duration) {
        self.roundTripTime = time
        for handshake in self.handshakes {
            handshake.connection.setRoundTripTime(time)
        }
    }
}

extension SecureTransport {
    /// As a client, starts a handshake on a path, unless one runs there, one has won, or the address is banned.
    func start(on path: Path, at now: Instant) {
        guard self.role == .client, self.established == nil, self.handshake(on: path) == nil else { return }
        guard let handshake = self.makeHandshake(on: path, at: now) else { return }
        handshake.connection.start(at: now)
    }

    /// As a client, whether silence on all paths so far, or the failure of all handshakes, calls for a further one.
    func wantsAnotherPath(at now: Instant) -> Bool {
        guard self.role == .client, self.established == nil, self.retry == nil else { return false }
        let isSilent = self.handshakes.allSatisfy { handshake in
            !handshake.wasHeard && now.nanoseconds(since: handshake.startedAt) >= Self.patience
        }
        guard isSilent, self.handshakes.contains(where: { !$0.wasOvertaken }) || self.handshakes.isEmpty else { return false }
        for handshake in self.handshakes {
            handshake.wasOvertaken = true
        }
        return true
    }

    /// Takes a datagram from a path that ICE has vouched for; application data goes to `deliver`.
    func handle(
        _ datagram: Span<UInt8>,
        on path: Path,
        at now: Instant,
        deliver: (Span<UInt8>) -> Void
    ) -> Outcome {
        if let established = self.established {
            return self.handle(datagram, on: path, established: established, at: now, deliver: deliver)
        }
        guard !self.isBanned(path.remote) else { return .none }
        guard let handshake = self.handshake(on: path) ?? self.accept(datagram, on: path, at: now) else { return .none }
        do throws(DTLSError) {
            try handshake.connection.handle(datagram, at: now, deliver: deliver)
        } catch {
            self.drop(handshake, at: now)
            return .none
        }
        handshake.wasHeard = true
        guard handshake.connection.state == .established else { return .none }
        guard handshake.connection.verifyPeer(self.expected) else { return self.refuse(handshake, at: now) }
        self.established = handshake
        self.handshakes = [handshake]
        return .secured(path)
    }

    private func handle(
        _ datagram: Span<UInt8>,
        on path: Path,
        established: Handshake,
        at now: Instant,
        deliver: (Span<UInt8>) -> Void
    ) -> Outcome {
        var isAuthentic = false
        do throws(DTLSError) {
            try established.connection.handle(datagram, at: now) { plaintext in
                isAuthentic = true
                deliver(plaintext)
            }
        } catch {
            return .closed
        }
        guard established.connection.state == .established else { return .closed }
        return isAuthentic ? .authentic(path) : .none
    }

    /// Runs the retransmission timers.
    func handleTimeout(at now: Instant) {
        if let retry = self.retry, retry <= now { self.retry = nil }
        for handshake in self.handshakes {
            handshake.connection.handleTimeout(at: now)
            if case .failed = handshake.connection.state, self.established == nil { self.drop(handshake, at: now) }
        }
    }

    /// When `handleTimeout` has something to do.
    var nextTimeout: Instant? {
        var next = self.retry
        for handshake in self.handshakes {
            next = earliest(next, handshake.connection.nextTimeout)
            if self.role == .client, self.established == nil, !handshake.wasHeard, !handshake.wasOvertaken {
                next = earliest(next, handshake.startedAt.advanced(byNanoseconds: Self.patience))
            }
        }
        return next
    }
}

extension SecureTransport {
    /// The next handshake datagram, alert or repeated flight, and its path.
    func pollDatagram() -> (bytes: [UInt8], path: Path)? {
        for handshake in self.handshakes {
            if let bytes = handshake.connection.pollHandshakeDatagram() {
                return (bytes, handshake.path)
            }
        }
        return nil
    }

    /// Appends a record with one SCTP packet to the buffer; false when no handshake has won or the packet is too long.
    func seal(_ packet: Span<UInt8>, into buffer: DatagramBuffer) -> Bool {
        guard let established = self.established else { return false }
        do throws(DTLSError) {
            _ = try established.connection.seal(packet, into: buffer)
            return true
        } catch {
            return false
        }
    }

    /// Ends the connection with `close_notify`, and every handshake that still runs.
    func close(at now: Instant) {
        self.established?.connection.close(at: now)
        if let established = self.established {
            self.handshakes = [established]
        } else {
            self.handshakes = []
        }
    }

    /// Keying material bound to this connection (RFC 5705); refused without extended master secret.
    func exportKeyingMaterial(label: String, count: Int) throws(DTLSError) -> [UInt8] {
        guard let established = self.established else { throw .notEstablished }
        return try established.connection.exportKeyingMaterial(label: label, context: [], count: count)
    }
}

extension SecureTransport {
    private func handshake(on path: Path) -> Handshake? {
        self.handshakes.first { $0.path == path }
    }

    /// As a server, a new handshake for a source whose datagram may begin one.
    private func accept(_ datagram: Span<UInt8>, on path: Path, at now: Instant) -> Handshake? {
        guard self.role == .server, datagram.count > 0, datagram[0] == 22 else { return nil }
        guard let handshake = self.makeHandshake(on: path, at: now) else { return nil }
        handshake.connection.start(at: now)
        return handshake
    }

    private func makeHandshake(on path: Path, at now: Instant) -> Handshake? {
        guard !self.isBanned(path.remote) else { return nil }
        if self.handshakes.count >= Self.maximumHandshakes {
            guard let silent = self.handshakes.firstIndex(where: { !$0.wasHeard }) ?? self.handshakes.indices.first
            else { return nil }
            self.handshakes.remove(at: silent)
        }
        do throws(DTLSError) {
            var connection = try DTLSConnection(
                certificate: self.certificate,
                role: self.role,
                mtu: self.datagramSize
            )
            if let time = self.roundTripTime { connection.setRoundTripTime(time) }
            let handshake = Handshake(path: path, startedAt: now, connection: connection)
            self.handshakes.append(handshake)
            return handshake
        } catch {
            return nil
        }
    }

    private func drop(_ handshake: Handshake, at now: Instant) {
        self.handshakes.removeAll { $0 === handshake }
        if self.role == .client { self.retry = now.advanced(byNanoseconds: Self.rest) }
    }

    private func refuse(_ handshake: Handshake, at now: Instant) -> Outcome {
        self.drop(handshake, at: now)
        if self.banned.count < Self.maximumBanned { self.banned.insert(handshake.path.remote) }
        return .impostor(handshake.path)
    }
}
