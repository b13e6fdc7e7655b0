// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// One DTLS 1.2 connection (RFC 6347) over a path that something else has validated.
///
/// ```
/// idle --start--> handshaking --> established --close, close_notify--> closed
///                      |               |
///                      +--> failed <---+
/// ```
/// A failed connection is of no more use; its owner makes a new one if it wants to begin anew.
///
/// After each mutation the owner drains `pollEvent()` and `pollHandshakeDatagram()` and then reads `nextTimeout`.
/// Application data flows only after `verifyPeer(_:)` has said yes; what arrives earlier is dropped.
///
/// Sendable because it cannot be copied and every use of libssl's object is a mutation, for which the one owner has
/// exclusive access; libssl binds nothing to a thread but the error stack, which no call leaves anything on.
package struct DTLSConnection: ~Copyable, @unchecked Sendable {
    /// Who sends the ClientHello.
    package enum Role: Hashable, Sendable {
        /// Sends it.
        case client
        /// Waits for it.
        case server
    }

    /// Whose `close_notify` ended a connection.
    package enum Side: Hashable, Sendable {
        /// This side's.
        case local
        /// The peer's.
        case remote
    }

    /// Where a connection stands.
    package enum State: Hashable, Sendable {
        /// Before `start(at:)`.
        case idle
        /// Keys are being agreed on.
        case handshaking
        /// Records can be sealed and opened.
        case established
        /// Ended in order.
        case closed(by: Side)
        /// Ended by an error.
        case failed(DTLSError)
    }

    /// What the owner is told.
    package enum Event: Hashable, Sendable {
        /// The handshake is over; the owner compares the fingerprint with the announced one: `verifyPeer(_:)`.
        case established(peerFingerprint: Fingerprint)
        /// Either side ended the connection in order.
        case closed(by: Side)
        /// The connection is of no use any more.
        case failed(DTLSError)
    }

    /// Bytes that an AES-GCM record adds to its plaintext: header 13, explicit nonce 8, tag 16; other ciphers add less.
    package static let recordOverhead = 37
    /// Bytes of a datagram: libssl builds no flights for less, and a UDP datagram over IPv4 has no more.
    package static let mtuRange = 256...DatagramBuffer.capacity

    /// Where the connection stands.
    package private(set) var state = State.idle
    /// Which side this is.
    package let role: Role
    /// The most bytes that a datagram may have.
    package private(set) var mtu: Int
    /// When to call `handleTimeout(at:)`; nil: never.
    package private(set) var nextTimeout: Instant?
    /// The fingerprint of the peer's certificate, once the handshake is over.
    package private(set) var peerFingerprint: Fingerprint?
    /// Whether `verifyPeer(_:)` found the announced fingerprint.
    package private(set) var isPeerVerified = false

    private let session: LibSSLSession
    private var filter = RecordFilter()
    private var scratch = [UInt8](repeating: 0, count: DTLSConnection.maximumPlaintext)
    /// Two at the most: established, and how it ended.
    private var events: [Event] = []

    /// RFC 5246 §6.2.1: a plaintext has 2^14 bytes or less.
    private static let maximumPlaintext = 16_384
    /// libssl collects a flight in 4,096 bytes and would tear larger datagrams; also, a handshake should not depend on
    /// what was probed for bulk data.
    private static let maximumHandshakeMTU = 1_400
    /// A flight whose timer has more microseconds left than any timer starts with was overtaken by a step of the wall
    /// clock, which is the clock that libssl reads.
    private static let maximumRemaining = Int64(RecordBridge.maximumTimeout) * 2
    /// How often one record may need to be offered: libssl may first process what it had kept.
    private static let maximumOffers = 4

    /// Creates a connection that sends and takes nothing until `start(at:)`.
    ///
    /// `mtu` bounds the datagrams of the handshake and the records of `seal(_:into:)`. Throws `mtuOutOfRange` or
    /// `library`.
    package init(certificate: DTLSCertificate, role: Role, mtu: Int) throws(DTLSError) {
        guard Self.mtuRange.contains(mtu) else { throw .mtuOutOfRange(mtu) }
        self.session = try LibSSLSession(
            certificate: certificate,
            role: role,
            mtu: min(mtu, Self.maximumHandshakeMTU)
        )
        self.role = role
        self.mtu = mtu
    }

    // MARK: Inputs

    /// Begins the handshake: the client sends its ClientHello, the server listens.
    ///
    /// Further calls do nothing.
    package mutating func start(at now: Instant) {
        guard self.state == .idle else { return }
        self.state = .handshaking
        self.continueHandshake()
        self.refreshTimeout(at: now)
    }

    /// Takes one datagram of the peer, which may hold several records, and delivers the plaintext of each.
    ///
    /// A delivered span is borrowed until the closure returns. Records that make no sense, are not authentic or come at
    /// the wrong time are dropped. Throws the reason when the connection fails by this datagram; the `failed` event
    /// says the same. The records of a flight that was repeated after the handshake are answered, too.
    package mutating func handle(
        _ datagram: Span<UInt8>,
        at now: Instant,
        deliver: (Span<UInt8>) -> Void
    ) throws(DTLSError) {
        guard self.isLive else { return }
        var reader = ByteReader(datagram)
        while let range = self.filter.next(in: &reader) {
            self.take(datagram.extracting(range), deliver)
            guard self.isLive else { break }
        }
        self.refreshTimeout(at: now)
        if case .failed(let reason) = self.state {
            throw reason
        }
    }

    /// Repeats the last flight when its timer has expired; does nothing when called early, late or in vain.
    package mutating func handleTimeout(at now: Instant) {
        guard let deadline = self.nextTimeout, deadline <= now else { return }
        if let failure = self.session.handleTimeout() {
            self.end(.failed(failure))
        } else if let remaining = self.session.remainingTimeout, remaining > Self.maximumRemaining {
            self.end(.failed(.timedOut))
        }
        self.refreshTimeout(at: now)
        if let deadline = self.nextTimeout, deadline <= now {
            self.nextTimeout = now + .milliseconds(1)
        }
    }

    /// Derives the timeout of the flights to come from the round-trip time of the path.
    ///
    /// Twice the round trip within 50 ms and 3 s, doubled at each retransmission up to 3 s.
    package mutating func setRoundTripTime(_ roundTripTime: Duration) {
        let doubled = roundTripTime.wholeNanoseconds / 500
        let least = UInt64(RecordBridge.minimumTimeout)
        let most = UInt64(RecordBridge.maximumTimeout)
        self.session.bridge.initialTimeout = UInt32(truncatingIfNeeded: min(max(doubled, least), most))
    }

    /// Changes the most bytes that a datagram may have; throws `mtuOutOfRange`.
    package mutating func setMTU(_ mtu: Int) throws(DTLSError) {
        guard Self.mtuRange.contains(mtu) else { throw .mtuOutOfRange(mtu) }
        self.mtu = mtu
        self.session.setMTU(min(mtu, Self.maximumHandshakeMTU))
    }

    /// Compares the peer's certificate with the announced fingerprint, in constant time, and opens the connection for
    /// application data if they agree.
    ///
    /// False before the handshake is over. A mismatch fails the connection for good.
    package mutating func verifyPeer(_ expected: Fingerprint) -> Bool {
        guard self.isEstablished, let actual = self.peerFingerprint else { return false }
        guard actual == expected else {
            self.isPeerVerified = false
            self.end(.failed(.fingerprintMismatch))
            return false
        }
        self.isPeerVerified = true
        return true
    }

    /// Delivers the data that overtook the end of the handshake; it would wait for the next record otherwise.
    ///
    /// Nothing is delivered before `verifyPeer(_:)` has said yes.
    package mutating func deliverEarlyData(_ deliver: (Span<UInt8>) -> Void) {
        guard self.isEstablished, self.isPeerVerified else { return }
        self.readPlaintexts(deliver)
    }

    /// Encrypts `plaintext` into one record, appends it to the bytes of `buffer`, and returns the size of the record.
    ///
    /// Throws `notEstablished`, `peerNotVerified`, `plaintextSize`, `bufferFull`, or what made the connection fail; the
    /// buffer is unchanged then.
    package mutating func seal(_ plaintext: Span<UInt8>, into buffer: DatagramBuffer) throws(DTLSError) -> Int {
        guard self.isEstablished else { throw .notEstablished }
        guard self.isPeerVerified else { throw .peerNotVerified }
        let limit = self.maximumPlaintextSize
        guard plaintext.count >= 1, plaintext.count <= limit else {
            throw .plaintextSize(plaintext.count, limit: limit)
        }
        let before = buffer.count
        guard before + plaintext.count + Self.recordOverhead <= DatagramBuffer.capacity else { throw .bufferFull }
        switch self.session.write(plaintext, into: buffer) {
        case .done:
            return buffer.count - before
        case .failed(let reason):
            self.end(.failed(reason))
            throw reason
        case .needsRecord, .closed:
            throw .notEstablished
        }
    }

    /// Ends the connection: `close_notify` is sent if there is somebody who could understand it.
    package mutating func close(at now: Instant) {
        guard self.isLive || self.state == .idle else { return }
        if self.isEstablished {
            self.session.shutdown()
        }
        self.end(.closed(by: .local))
        self.refreshTimeout(at: now)
    }

    // MARK: Outputs

    /// What happened, oldest first; to be polled until nil after each mutation.
    package mutating func pollEvent() -> Event? {
        self.events.isEmpty ? nil : self.events.removeFirst()
    }

    /// The next datagram of a flight, or one with an alert; to be polled until nil after each mutation.
    ///
    /// At most 64 are kept; like those that a network loses, the others are repeated.
    package mutating func pollHandshakeDatagram() -> [UInt8]? {
        self.session.bridge.popDatagram()
    }

    /// The most bytes that `seal(_:into:)` takes.
    package var maximumPlaintextSize: Int { min(self.mtu - Self.recordOverhead, Self.maximumPlaintext) }

    /// Whether the master secret is bound to the whole handshake (RFC 7627).
    package var isExtendedMasterSecret: Bool {
        self.peerFingerprint != nil && self.session.isExtendedMasterSecret
    }

    /// Records that were dropped unseen by libssl.
    package var droppedRecords: Int { self.filter.droppedRecords }

    /// The description of the last plaintext alert during the handshake (RFC 5246 §7.2): a hint for a human, as anyone
    /// may have sent it.
    package var unauthenticatedAlert: UInt8? { self.filter.unauthenticatedAlert }

    /// Keying material that both sides derive from the session (RFC 5705 §4).
    ///
    /// Throws `notEstablished`, `noExtendedMasterSecret` (RFC 7627 §5.4 forbids the use of an exporter then), or
    /// `library`.
    package func exportKeyingMaterial(
        label: String,
        context: [UInt8]?,
        count: Int
    ) throws(DTLSError) -> [UInt8] {
        guard self.isEstablished else { throw .notEstablished }
        guard self.session.isExtendedMasterSecret else { throw .noExtendedMasterSecret }
        return try self.session.exportKeyingMaterial(label: label, context: context, count: count)
    }

    // MARK: Records

    // Patterns, as `==` would copy the payloads of both sides.

    private var isHandshaking: Bool { if case .handshaking = self.state { true } else { false } }

    private var isEstablished: Bool { if case .established = self.state { true } else { false } }

    private var isLive: Bool { self.isHandshaking || self.isEstablished }

    /// Offers one record to libssl until it has taken it.
    private mutating func take(_ record: Span<UInt8>, _ deliver: (Span<UInt8>) -> Void) {
        self.session.bridge.lend(record: record) {
            for _ in 0..<Self.maximumOffers {
                if self.isHandshaking {
                    self.continueHandshake()
                } else {
                    self.readPlaintexts(deliver)
                }
                guard self.isLive, self.session.bridge.hasIncoming else { return }
            }
        }
    }

    private mutating func continueHandshake() {
        switch self.session.handshake() {
        case .done:
            self.becomeEstablished()
        case .needsRecord:
            break
        case .closed:
            self.end(.closed(by: .remote))
        case .failed(let reason):
            self.end(.failed(reason))
        }
    }

    private mutating func becomeEstablished() {
        guard let fingerprint = self.session.peerFingerprint else {
            self.end(.failed(.protocolViolation("the peer has shown no certificate")))
            return
        }
        self.peerFingerprint = fingerprint
        self.state = .established
        self.filter.establish(expansion: self.session.recordExpansion)
        self.events.append(.established(peerFingerprint: fingerprint))
    }

    /// Delivers what the lent record holds, and what libssl kept of records that were too early.
    private mutating func readPlaintexts(_ deliver: (Span<UInt8>) -> Void) {
        repeat {
            switch self.session.read(into: &self.scratch) {
            case .done(let count):
                if self.isPeerVerified {
                    deliver(self.scratch.span.extracting(0..<count))
                }
            case .needsRecord:
                return
            case .closed:
                // RFC 5246 §7.2.1: the other party responds with a close_notify of its own.
                self.session.shutdown()
                self.end(.closed(by: .remote))
                return
            case .failed(let reason):
                self.end(.failed(reason))
                return
            }
        } while self.session.hasPending
    }

    private mutating func end(_ state: State) {
        self.state = state
        switch state {
        case .closed(let side): self.events.append(.closed(by: side))
        case .failed(let reason): self.events.append(.failed(reason))
        case .idle, .handshaking, .established: break
        }
    }

    /// Translates what is left of libssl's timer, which runs on the wall clock, into an instant.
    private mutating func refreshTimeout(at now: Instant) {
        guard self.isHandshaking, let remaining = self.session.remainingTimeout else {
            self.nextTimeout = nil
            return
        }
        let bounded = UInt64(clamping: min(remaining, Int64(RecordBridge.maximumTimeout)))
        self.nextTimeout = now.advanced(byNanoseconds: bounded * 1_000)
    }
}
