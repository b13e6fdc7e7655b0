// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import Wire

/// The DTLS side of a peer.
///
/// Whoever saw an invitation can pass connectivity checks and finish a handshake with another certificate. Between peers that
/// are alike, handshakes therefore race, each on a path of its own, and the first with the right certificate wins: a wrong
/// one costs its path and nothing else; the mismatch is told, the address is banned, the others go on.
///
/// Every other WebRTC peer has one DTLS association, whatever path its datagrams take (RFC 8842 §5.5): with it there is one
/// handshake at a time, which is sent on the selected path and heard on every path.
///
/// A class, because a record that is being opened hands its plaintext to the owner's other parts in the same call. It
/// is owned by one `PeerConnection` and never shared.
final class SecureTransport {
    /// Addresses that are remembered for having shown a wrong certificate.
    static let maximumBanned = 1024
    /// How long a client waits for a handshake before it tries a further path beside the first.
    static let patience: UInt64 = 1_000_000_000
    /// The time between two further paths.
    static let stagger: UInt64 = 500_000_000
    /// How long a server stays with a handshake when the client on that path has begun another one.
    static let serverPatience: UInt64 = 2_000_000_000
    /// How long a client rests after a handshake has failed.
    static let rest: UInt64 = 200_000_000

    /// How many handshakes there are with one peer.
    enum Manner {
        /// Each path has one of its own.
        case perPath
        /// One, which belongs to no path.
        case single
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
    private let manner: Manner
    private let certificate: DTLSCertificate
    private let expected: Fingerprint
    private let datagramSize: Int
    private var handshakes = HandshakeSlots()
    private var established: Handshake?
    /// Others that ended with the right certificate before a record of the client has come.
    private var rivals: [Handshake] = []
    /// Whether a record of the other side has come since.
    private var isConfirmed = false
    private var banned: Set<SocketAddress> = []
    private var roundTripTime: Duration?
    /// As a client: when a further path is tried.
    private var nextAttempt: Instant?
    /// As a client: how often each path was tried.
    private var attempts: [Path: Int] = [:]

    /// Creates a transport that accepts one certificate only.
    init(
        role: DTLSConnection.Role,
        manner: Manner,
        certificate: DTLSCertificate,
        expected: Fingerprint,
        datagramSize: Int
    ) {
        self.role = role
        self.manner = manner
        self.certificate = certificate
        self.expected = expected
        self.datagramSize = datagramSize
    }

    /// Whether the other side is another icetalk, which was told symmetrically.
    var isSymmetric: Bool { self.manner == .perPath }

    /// Whether a handshake has won.
    var isEstablished: Bool { self.established != nil }

    /// Whether an address showed a wrong certificate before.
    func isBanned(_ address: SocketAddress) -> Bool { self.banned.contains(address) }

    /// Handshakes that are under way, and addresses that are banned.
    var rememberedStrangers: Int { self.handshakes.all.count + self.banned.count }

    /// Takes the round-trip time that ICE found on a path for the retransmission timers there.
    func setRoundTripTime(_ time: Duration, on path: Path) {
        self.roundTripTime = time
        self.handshake(on: path)?.connection.setRoundTripTime(time)
    }
}

extension SecureTransport {
    /// ICE found that a path works: a client begins on the first one, and does not wait for a nomination.
    ///
    /// Where handshakes race, an address that the other side has told need not wait for one that it has not.
    func begin(on path: Path, isTold: Bool, at now: Instant) {
        let isFirst = self.handshakes.all.isEmpty && self.nextAttempt == nil
        let isFirstTold = self.manner == .perPath && isTold && !self.handshakes.all.contains(where: \.isTold)
        guard isFirst || isFirstTold else { return }
        self.start(on: path, isTold: isTold, at: now)
    }

    /// ICE selected a path: a client begins there, and a single handshake goes on there.
    func select(_ path: Path, isTold: Bool, at now: Instant) {
        if self.manner == .single { self.handshakes.all.first?.path = path }
        self.start(on: path, isTold: isTold, at: now)
    }

    /// As a client, starts a handshake on a path, unless one runs there, one has won, or the address is banned.
    ///
    /// `isTold`: whether the other side's description names the remote address.
    func start(on path: Path, isTold: Bool, at now: Instant) {
        guard self.role == .client, self.established == nil, self.handshake(on: path) == nil else { return }
        guard let handshake = self.makeHandshake(on: path, isTold: isTold, at: now) else { return }
        self.attempts[path, default: 0] += 1
        self.nextAttempt = self.nextAttempt ?? now.advanced(byNanoseconds: Self.patience)
        handshake.connection.start(at: now)
    }

    /// As a client, starts a handshake on a further one of these paths when it is time for that.
    ///
    /// What is silent, or slow, or ends badly on one path may be somebody who only knows the descriptions. Paths that
    /// were tried least come first, then those that the other side has told.
    func startFurther(on paths: [(path: Path, isTold: Bool)], at now: Instant) {
        guard let due = self.nextAttempt, due <= now, self.established == nil else { return }
        self.nextAttempt = now.advanced(byNanoseconds: Self.stagger)
        let single = self.manner == .single ? self.handshakes.all.first : nil
        // One that is answered goes on where it is; what is silent may be heard elsewhere.
        if let single, now.nanoseconds(since: single.lastHeard ?? single.startedAt) < Self.patience { return }
        let known = Set(paths.map(\.path))
        self.attempts = self.attempts.filter { known.contains($0.key) }
        var best: (path: Path, isTold: Bool)?
        var fewest = Int.max
        for candidate in paths where self.handshakes[candidate.path] == nil && !self.isBanned(candidate.path.remote) {
            let count = self.attempts[candidate.path] ?? 0
            let isBetter = count < fewest || (count == fewest && candidate.isTold && best?.isTold == false)
            guard isBetter else { continue }
            best = candidate
            fewest = count
        }
        guard let best else { return }
        if let single {
            self.attempts[best.path, default: 0] += 1
            single.path = best.path
            return
        }
        self.start(on: best.path, isTold: best.isTold, at: now)
    }

    /// Takes a datagram from a path that ICE has vouched for; application data goes to `deliver`.
    func handle(
        _ datagram: Span<UInt8>,
        on path: Path,
        isTold: Bool,
        at now: Instant,
        deliver: (Span<UInt8>) -> Void
    ) -> Outcome {
        if let established = self.established {
            let outcome = self.handle(datagram, on: path, established: established, at: now, deliver: deliver)
            if outcome == .none, let outcome = self.decide(datagram, on: path, at: now, deliver: deliver) {
                return outcome
            }
            guard outcome == .none, isTold, self.mayHaveRival(established, datagram, on: path, at: now) else {
                return outcome
            }
        }
        guard !self.isBanned(path.remote) else { return .none }
        guard let handshake = self.handshake(for: datagram, on: path, isTold: isTold, at: now) else { return .none }
        do throws(DTLSError) {
            try handshake.connection.handle(datagram, at: now, deliver: deliver)
        } catch {
            self.drop(handshake, at: now)
            return .none
        }
        handshake.lastHeard = now
        guard handshake.connection.state == .established else { return .none }
        guard handshake.connection.verifyPeer(self.expected) else { return self.refuse(handshake, from: path, at: now) }
        guard self.established == nil else {
            // Which of them the client has ended as well, its first record tells.
            self.handshakes.remove(handshake)
            self.rivals.append(handshake)
            return .none
        }
        self.established = handshake
        self.handshakes.keep(only: handshake)
        self.nextAttempt = nil
        self.attempts = [:]
        handshake.connection.deliverEarlyData(deliver)
        return .secured(path)
    }

    /// Whether a datagram may belong to another handshake of the client, although one has won here.
    ///
    /// When its last flight never reaches the client, no record comes, and the client begins anew. The first record decides.
    private func mayHaveRival(_ established: Handshake, _ datagram: Span<UInt8>, on path: Path, at now: Instant) -> Bool
    {
        guard self.role == .server, self.manner == .perPath, !self.isConfirmed else { return false }
        if let rival = self.handshakes[path], rival !== established { return true }
        guard now.nanoseconds(since: established.startedAt) >= Self.serverPatience,
            let random = DTLSClassifier.clientRandom(of: datagram), random != established.clientRandom
        else { return false }
        // It goes on beside the others, and leaves its path to the rival.
        self.handshakes.remove(established)
        return self.rivals.count < HandshakeSlots.maximum
    }

    /// The first record of the client, where it belongs to a handshake that ended after the one that has won so far.
    private func decide(
        _ datagram: Span<UInt8>,
        on path: Path,
        at now: Instant,
        deliver: (Span<UInt8>) -> Void
    ) -> Outcome? {
        for rival in self.rivals {
            let outcome = self.handle(datagram, on: path, established: rival, at: now, deliver: deliver)
            guard case .authentic = outcome else { continue }
            self.established = rival
            return .secured(path)
        }
        return nil
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
        if isAuthentic, !self.isConfirmed {
            self.isConfirmed = true
            self.handshakes.keep(only: established)
            self.rivals = []
        }
        return isAuthentic ? .authentic(path) : .none
    }

    /// Runs the retransmission timers.
    func handleTimeout(at now: Instant) {
        for handshake in self.live {
            handshake.connection.handleTimeout(at: now)
            if case .failed = handshake.connection.state, self.established == nil { self.drop(handshake, at: now) }
        }
    }

    /// When `handleTimeout` or `startFurther` has something to do.
    var nextTimeout: Instant? {
        self.live.reduce(self.nextAttempt) { earliest($0, $1.connection.nextTimeout) }
    }
}

extension SecureTransport {
    /// The handshakes under way, and the one that has won.
    private var live: [Handshake] {
        guard let established = self.established, !self.handshakes.all.contains(where: { $0 === established }) else {
            return self.rivals + self.handshakes.all
        }
        return [established] + self.rivals + self.handshakes.all
    }

    /// The next handshake datagram, alert or repeated flight, and its path.
    func pollDatagram() -> (bytes: [UInt8], path: Path)? {
        for handshake in self.live {
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
        self.handshakes.keep(only: self.established)
        self.rivals = []
        self.nextAttempt = nil
    }

    /// Keying material bound to this connection (RFC 5705); refused without extended master secret.
    func exportKeyingMaterial(label: String, count: Int) throws(DTLSError) -> [UInt8] {
        guard let established = self.established else { throw .notEstablished }
        return try established.connection.exportKeyingMaterial(label: label, context: [], count: count)
    }
}

extension SecureTransport {
    private func handshake(on path: Path) -> Handshake? {
        switch self.manner {
        case .perPath: self.handshakes[path]
        case .single: self.handshakes.all.first
        }
    }

    /// The handshake that a datagram belongs to; as a server, a new one for what may begin one.
    ///
    /// A client that begins anew on a path where a handshake has been under way for long has given that up, or somebody
    /// else has begun it in the client's name.
    private func handshake(
        for datagram: Span<UInt8>,
        on path: Path,
        isTold: Bool,
        at now: Instant
    ) -> Handshake? {
        let random = self.role == .server ? DTLSClassifier.clientRandom(of: datagram) : nil
        if let handshake = self.handshake(on: path) {
            let isOld = now.nanoseconds(since: handshake.startedAt) >= Self.serverPatience
            guard isOld, let random, random != handshake.clientRandom else { return handshake }
            self.handshakes.remove(handshake)
        }
        guard let random, let handshake = self.makeHandshake(on: path, isTold: isTold, at: now) else { return nil }
        handshake.clientRandom = random
        handshake.connection.start(at: now)
        return handshake
    }

    private func makeHandshake(on path: Path, isTold: Bool, at now: Instant) -> Handshake? {
        guard !self.isBanned(path.remote) else { return nil }
        do throws(DTLSError) {
            var connection = try DTLSConnection(
                certificate: self.certificate,
                role: self.role,
                mtu: self.datagramSize
            )
            if let time = self.roundTripTime { connection.setRoundTripTime(time) }
            let handshake = Handshake(path: path, isTold: isTold, startedAt: now, connection: connection)
            self.handshakes.insert(handshake)
            return handshake
        } catch {
            return nil
        }
    }

    private func drop(_ handshake: Handshake, at now: Instant) {
        self.handshakes.remove(handshake)
        if self.role == .client { self.nextAttempt = now.advanced(byNanoseconds: Self.rest) }
    }

    private func refuse(_ handshake: Handshake, from path: Path, at now: Instant) -> Outcome {
        self.drop(handshake, at: now)
        if self.banned.count < Self.maximumBanned { self.banned.insert(path.remote) }
        return .impostor(path)
    }
}
