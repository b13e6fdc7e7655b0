// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
package import Wire

/// An SCTP association over DTLS (RFC 9260, RFC 8261): one path, no addresses, no sockets.
///
/// After each input (`associate`, `handle`, `handleTimeout`, `send`, …) drain `pollTransmit`, `pollEvent` and `receive`,
/// then read `nextTimeout`. Packets that arrived together are best given to `handle` one after the other before anything
/// is drained.
package struct Association: ~Copyable {
    /// What the association was created with.
    package let configuration: Configuration

    /// Where tags, numbers, nonces and the variation of timers come from.
    var random: RandomSource
    /// Where in its life the association is.
    var state = AssociationState.closed
    /// The tag that packets of the peer carry.
    var localTag: UInt32
    /// The first TSN of this side.
    var localInitialTSN: TSN
    /// What the peer said about itself; nil before it is known.
    var peer: PeerEndpoint?
    /// The sending half.
    var transmission: Transmission
    /// The receiving half; without meaning before the peer is known.
    var receiver: DataReceiver
    /// SACKs that are due.
    var pendingSACKs = PendingSACKs()
    /// Other control chunks that are due.
    var control = ControlQueue()
    /// Stream resets under way.
    var resets: StreamResets
    /// Deadlines.
    var timers = TimerTable<TimerName>()
    /// What the user has not been told.
    var events: Deque<Event> = []
    /// What the cookies of this side are signed with.
    let cookieKey: StateCookie.Key
    /// A SACK of the peer is read into this, again and again.
    var sack = SACKChunk()
    /// Whether a packet without checksum may arrive: this side declared so.
    var declaredZeroChecksum = false
    /// HEARTBEATs under way.
    var heartbeat = HeartbeatState()
    /// The round-trip time that the owner knew before there was one to measure.
    var roundTripHint: Duration?
    /// How often T2-shutdown expired.
    var shutdownAttempts = 0
    /// Packets of the peer that were wrong.
    var droppedPackets = 0

    /// The timers of RFC 9260 §16, but for T3-rtx and the delay of SACKs, which stand beside what they are about.
    enum TimerName: Int, CaseIterable {
        /// T1-init and T1-cookie.
        case handshake
        /// T2-shutdown.
        case shutdown
        /// T5-shutdown-guard.
        case shutdownGuard
        /// HEARTBEAT.
        case heartbeat
        /// Retransmission of RE-CONFIG (RFC 6525 §5.1.1).
        case reconfig
    }

    /// Creates an association that has sent nothing yet, and that answers a peer who does.
    package init(configuration: Configuration, random: RandomSource) {
        var configuration = configuration
        configuration.mtu = max(configuration.mtu, Configuration.minimumMTU)
        self.configuration = configuration
        self.random = random
        self.localTag = UInt32.random(in: 1...(.max), using: &self.random)
        self.localInitialTSN = TSN(UInt32.random(in: 0...(.max), using: &self.random))
        self.cookieKey = StateCookie.Key(random: &self.random)
        self.transmission = Self.transmission(configuration, initialTSN: self.localInitialTSN)
        self.receiver = Self.receiver(configuration, initialTSN: TSN(0))
        self.resets = StreamResets(localInitialTSN: self.localInitialTSN)
    }

    /// Takes in a packet.
    ///
    /// - Throws: `SCTPError` for what the peer did wrong; the packet, or the rest of it, was dropped, nothing more.
    package mutating func handle(_ packet: Span<UInt8>, at now: Instant) throws(SCTPError) {
        do throws(SCTPError) {
            try self.takeIn(packet, at: now)
        } catch {
            self.droppedPackets += 1
            self.endPacket(at: now)
            throw error
        }
        self.endPacket(at: now)
    }

    /// Does what is due; a late or needless call does nothing.
    package mutating func handleTimeout(at now: Instant) {
        while let timer = self.timers.popExpired(at: now) {
            switch timer {
            case .handshake: self.repeatHandshake(at: now)
            case .shutdown: self.repeatShutdown(at: now)
            case .shutdownGuard: self.end(.aborted(.timedOut), telling: ErrorCause(.userInitiatedAbort))
            case .heartbeat: self.heartbeatIsDue(at: now)
            case .reconfig: self.repeatReset(at: now)
            }
        }
        guard self.state.isSynchronized else { return }
        self.transmission.handleTimeout(at: now)
        // RFC 9260 §6.1 A: a peer that keeps its window shut is not counted as one that does not answer.
        if let limit = self.configuration.maximumRetransmissions, self.transmission.expirations > limit,
            !self.transmission.isProbingWindow
        {
            self.end(.aborted(.timedOut), telling: ErrorCause(.userInitiatedAbort))
        }
    }

    /// There is a path again, or another one: what was not acknowledged in time does not wait any longer to be sent again.
    package mutating func resume(at now: Instant) {
        guard self.state.isSynchronized else { return }
        self.transmission.resume(at: now)
    }

    /// When `handleTimeout` is to be called; nil when it need not be.
    package var nextTimeout: Instant? {
        guard self.state.isSynchronized else { return self.timers.next }
        return earliest(earliest(self.timers.next, self.transmission.timer), self.receiver.policy.deadline)
    }

    /// What happened next; nil when all was told.
    package mutating func pollEvent() -> Event? {
        if let event = self.events.popFirst() { return event }
        return self.transmission.queue.givenUp.popFirst().map { .messageAbandoned($0) }
    }

    /// The next message of the peer; nil when there is none.
    ///
    /// Messages that are not fetched narrow the window of the peer.
    package mutating func receive() -> ReceivedMessage? {
        self.receiver.popMessage()
    }

    /// Sends a message, now or when the association is established.
    ///
    /// - Parameters:
    ///   - bytes: what the peer will get; at least one byte. What the peer accepts at most is for the user to know.
    ///   - stream: where it is sent.
    ///   - protocolID: what it is.
    ///   - isUnordered: whether it may overtake others of the stream.
    ///   - reliability: how long it is tried; forever if the peer knows nothing else.
    ///   - now: when.
    /// - Throws: `.notOpen`, `.emptyMessage`, `.noSuchStream` or `.streamIsResetting`.
    package mutating func send(
        _ bytes: [UInt8],
        stream: StreamID,
        protocolID: PayloadProtocolID,
        isUnordered: Bool = false,
        reliability: Reliability = .reliable,
        at now: Instant
    ) throws(SCTPError) {
        guard self.state.acceptsMessages else { throw .notOpen }
        guard !bytes.isEmpty else { throw .emptyMessage }
        guard stream.rawValue < self.outboundStreams else { throw .noSuchStream(stream) }
        guard !self.transmission.queue.isResetting(stream) else { throw .streamIsResetting(stream) }
        let message = OutgoingMessage(
            bytes: bytes,
            stream: stream,
            protocolID: protocolID,
            isUnordered: isUnordered,
            reliability: reliability,
            at: now
        )
        self.transmission.enqueue(message, at: now)
    }

    /// The sending half of a new association.
    static func transmission(_ configuration: Configuration, initialTSN: TSN) -> Transmission {
        Transmission(
            initialTSN: initialTSN,
            parameters: Transmission.Parameters(
                packetSize: configuration.mtu,
                algorithm: configuration.congestionControl,
                timeout: RetransmissionTimeout(
                    initial: configuration.initialTimeout.wholeNanoseconds,
                    minimum: configuration.minimumTimeout.wholeNanoseconds,
                    maximum: configuration.maximumTimeout.wholeNanoseconds,
                    maximumBackoff: configuration.maximumBackoff.wholeNanoseconds
                )
            )
        )
    }

    /// The receiving half of a new association.
    static func receiver(_ configuration: Configuration, initialTSN: TSN) -> DataReceiver {
        var limits = DataReceiver.Limits()
        limits.messageSize = configuration.maximumMessageSize
        limits.window = configuration.receiveWindow
        limits.maximumWindow = configuration.maximumReceiveWindow
        limits.streams = configuration.inboundStreams
        return DataReceiver(initialTSN: initialTSN, interleaved: false, limits: limits)
    }
}
