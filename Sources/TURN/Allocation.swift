// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DequeModule
import STUN
package import Wire

/// A client's allocation on a TURN server (RFC 8656): relayed addresses, kept alive until `close(at:)`.
///
/// The owner has a socket or a stream to the server; what comes from there goes to `handle(_:at:deliver:)`, and what
/// `pollTransmit(into:)` yields goes there. The allocation is asked for at once. After each input drain
/// `pollTransmit` and `pollEvent`, then read `nextTimeout`.
package struct Allocation: ~Copyable {
    /// How far it has come.
    enum State: Hashable, Sendable {
        /// An answer to Allocate is awaited.
        case asking
        /// There is one; it ends at an instant unless it is refreshed, which is due at another one.
        case allocated(AllocationGrant, until: Instant, refreshAt: Instant)
        /// One was lost, and the server gave no other; the next attempt is at an instant.
        case resting(until: Instant)
        /// It is being let go.
        case releasing
        /// Nothing happens any more.
        case ended
    }

    /// What it was made with.
    package let configuration: Configuration
    /// What is wrong with what came: messages that made no sense, and data from nobody who was let in.
    package internal(set) var rejected: UInt64 = 0

    var state = State.asking
    var credentials: LongTermCredentials
    var exchanges: [Exchange] = []
    var permissions = PermissionTable()
    var channels = ChannelTable()
    var queue: OutgoingQueue
    var framer = StreamFramer(acceptsChannelData: true)
    var events: Deque<AllocationEvent> = []
    var random: RandomSource
    /// Whether this server once gave an allocation: then it is asked again after a failure.
    var hasWorked = false
    /// How often what was left behind on this 5-tuple was released since the last allocation.
    var clearings = 0
    /// What is asked for; less than at first where the server has no more.
    var relay: Relay
    /// Whether the server knows DONT-FRAGMENT, as far as we know.
    var dontFragment: Bool
    /// When the server gave the last allocation.
    var grantedAt = Instant.zero
    /// How often in a row no allocation was to be had.
    var failures = 0
    var lastSent: Instant
    var lastHeard: Instant
    var silence = PeerSilence()

    /// Begins to ask for an allocation.
    package init(configuration: Configuration, random: RandomSource, at now: Instant) {
        self.configuration = configuration
        self.credentials = LongTermCredentials(username: configuration.username, password: configuration.password)
        self.queue = OutgoingQueue(configuration.transport)
        self.random = random
        self.relay = configuration.relay
        self.dontFragment = configuration.wantsDontFragment
        self.lastSent = now
        self.lastHeard = now
        self.start(.allocate, at: now)
    }
}

// MARK: - What the owner asks

extension Allocation {
    /// What the server gave; nil while there is nothing.
    package var grant: AllocationGrant? {
        if case .allocated(let grant, _, _) = self.state { grant } else { nil }
    }

    /// Whether nothing will happen any more.
    package var hasEnded: Bool { self.state == .ended }

    /// Bytes that wait for `pollTransmit`.
    package var bufferedBytes: Int { self.queue.count }

    /// Whether the owner had better keep what it has to send: the stream to the server does not take it as fast.
    package var isCongested: Bool { self.queue.count >= AllocationLimits.congestionMark }

    /// Writes what is to be sent to the server into an empty buffer.
    ///
    /// Returns the size of each datagram but the last; of a stream, the count. Nil: nothing is to be sent now.
    package mutating func pollTransmit(into buffer: DatagramBuffer) -> Int? { self.queue.poll(into: buffer) }

    /// The next event; nil when there is none.
    package mutating func pollEvent() -> AllocationEvent? { self.events.popFirst() }

    /// When `handleTimeout(at:)` has something to do; nil: never.
    package var nextTimeout: Instant? {
        var next: Instant?
        for exchange in self.exchanges {
            next = earliest(next, exchange.transaction.nextTimeout)
        }
        switch self.state {
        case .allocated(_, let until, let refreshAt):
            next = earliest(next, until)
            next = earliest(next, self.refreshDeadline(refreshAt))
            next = earliest(next, self.permissions.deadline)
            return earliest(next, self.channels.deadline)
        case .resting(let until): return earliest(next, until)
        case .asking, .releasing, .ended: return next
        }
    }

    /// Lets the allocation go: the server is told, and `closed` follows when it has answered or did not.
    package mutating func close(at now: Instant) {
        switch self.state {
        case .releasing, .ended: return
        case .resting: self.end(.closed)
        case .asking, .allocated:
            // An answer may be on the way to us: the server may have allocated what we do not know of.
            self.forgetAll()
            self.state = .releasing
            self.start(.release, at: now)
        }
    }

    /// The connection to the server could not be made, or has ended; an allocation goes with it (RFC 8656 §3.1).
    ///
    /// If there ever was one, another is asked for after a while: whoever finds `bufferedBytes` then makes a new connection.
    package mutating func disconnect(_ failure: StreamFailure, at now: Instant) {
        self.framer = StreamFramer(acceptsChannelData: true)
        self.queue.removeAll()
        switch self.state {
        case .ended: return
        case .releasing: return self.end(.closed)
        case .allocated: self.events.append(.lost(.disconnected))
        case .asking, .resting: break
        }
        self.forgetAll()
        self.failAllocating(.unreachable(failure), at: now)
    }
}

// MARK: - Sending

extension Allocation {
    /// What becomes of datagrams.
    package enum SendOutcome: Hashable, Sendable {
        /// They are on their way.
        case sent
        /// They wait for the permission of their peer.
        case waiting
        /// There is no allocation, no relayed address of that family, no permission to be had, or no room.
        case dropped
    }

    /// Sends one datagram, or several of `segmentSize` bytes each, of which the last may be shorter, to a peer.
    ///
    /// The permission is asked for where it is missing; over a channel where there is one (`bindChannel`), else in indications.
    @discardableResult
    package mutating func send(
        _ datagrams: Span<UInt8>,
        segmentSize: Int,
        to peer: SocketAddress,
        at now: Instant
    ) -> SendOutcome {
        let peer = peer.plain
        guard self.reaches(peer), segmentSize > 0, segmentSize <= AllocationLimits.payload,
            self.queue.count + datagrams.count <= AllocationLimits.queuedBytes
        else { return .dropped }
        switch self.permissions.passage(to: peer.ip, at: now) {
        case .open:
            self.enqueue(datagrams, segmentSize: segmentSize, to: peer, at: now)
            return .sent
        case .toBeAsked:
            self.start(.permit(peer.ip), at: now)
        case .asked:
            break
        case .closed:
            return .dropped
        }
        let waiting = WaitingDatagrams(peer: peer, bytes: [UInt8](copying: datagrams), segmentSize: segmentSize)
        return self.permissions.wait(waiting) ? .waiting : .dropped
    }

    /// Asks for the permission to exchange data with a peer, if it is missing: its data is let in from then on.
    package mutating func permit(_ peer: SocketAddress, at now: Instant) {
        let peer = peer.plain
        guard self.reaches(peer), self.permissions.passage(to: peer.ip, at: now) == .toBeAsked else { return }
        self.start(.permit(peer.ip), at: now)
    }

    /// Asks for a channel to a peer, if there is none: 4 bytes instead of 36 or more around each datagram.
    package mutating func bindChannel(to peer: SocketAddress, at now: Instant) {
        let peer = peer.plain
        guard self.reaches(peer), let number = self.channels.bind(peer, at: now) else { return }
        self.start(.bind(channel: number, peer), at: now)
    }

    private func reaches(_ peer: SocketAddress) -> Bool {
        peer.port != 0 && self.grant?.relayed(towards: peer.ip) != nil
    }

    mutating func enqueue(_ datagrams: Span<UInt8>, segmentSize: Int, to peer: SocketAddress, at now: Instant) {
        self.lastSent = now
        self.silence.noteSent(at: now)
        if let channel = self.channels.use(peer, at: now) {
            self.queue.append(datagrams, segmentSize: segmentSize, on: channel)
        } else {
            self.queue.append(
                datagrams,
                segmentSize: segmentSize,
                to: peer,
                dontFragment: self.dontFragment,
                random: &self.random
            )
        }
    }
}

// MARK: - Requests

extension Allocation {
    /// RFC 8656 §8 leaves it to the client when to refresh; a minute is left for transactions that fail.
    private static let refreshMargin: UInt64 = 60
    /// A server that forgets what it gave sooner than that is not asked again at once, in nanoseconds.
    private static let shortestLife: UInt64 = 2_000_000_000

    /// Starts a request; `previous` is the attempt that was challenged.
    mutating func start(_ purpose: RequestPurpose, after previous: Attempt? = nil, at now: Instant) {
        let id = TransactionID(random: &self.random)
        let request = purpose.message(
            id,
            lifetime: self.configuration.lifetime,
            relay: self.relay,
            dontFragment: self.dontFragment
        )
        let (bytes, attempt) = self.credentials.encode(request, after: previous)
        var transaction = ClientTransaction(
            id,
            request: bytes,
            schedule: self.configuration.transport == .stream ? .reliable : .unreliable(),
            at: now
        )
        if let bytes = transaction.pollTransmit() { self.transmit(bytes, at: now) }
        self.exchanges.append(Exchange(purpose: purpose, attempt: attempt, transaction: transaction, startedAt: now))
    }

    /// Sends a message to the server.
    mutating func transmit(_ bytes: [UInt8], at now: Instant) {
        self.lastSent = now
        self.queue.append(message: bytes)
    }

    /// There is an allocation, or it goes on; `lifetime` counts from `start`.
    mutating func keep(_ grant: AllocationGrant, lifetime: UInt32, from start: Instant) {
        let seconds = UInt64(lifetime)
        let wait = seconds > 2 * Self.refreshMargin ? seconds - Self.refreshMargin : seconds / 2
        self.state = .allocated(
            grant,
            until: start.advanced(byNanoseconds: seconds * 1_000_000_000),
            refreshAt: start.advanced(byNanoseconds: max(wait, 1) * 1_000_000_000)
        )
    }

    /// The allocation is gone: tells so, and asks for another.
    mutating func lose(_ loss: AllocationLoss, at now: Instant) {
        self.forgetAll()
        self.clearings = 0
        self.events.append(.lost(loss))
        let soonest = self.grantedAt.advanced(byNanoseconds: Self.shortestLife)
        guard soonest <= now else {
            self.state = .resting(until: soonest)
            return
        }
        self.state = .asking
        self.start(.allocate, at: now)
    }

    /// There is nothing more to do.
    mutating func end(_ event: AllocationEvent) {
        self.forgetAll()
        self.state = .ended
        self.events.append(event)
    }

    private mutating func forgetAll() {
        self.exchanges = []
        self.silence = PeerSilence()
        self.permissions.removeAll()
        self.channels.removeAll()
    }
}

extension SocketAddress {
    /// The address as the server knows it.
    fileprivate var plain: SocketAddress {
        SocketAddress(self.ip.withoutIPv4Mapping.withoutScope, port: self.port)
    }
}
