// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// The receiving half of an association: takes in DATA, hands out messages, and knows when and what to acknowledge.
package struct DataReceiver: ~Copyable {
    /// What we accept.
    package struct Limits: Hashable, Sendable {
        /// The largest message, in bytes.
        package var messageSize = 262_144
        /// The receive window at the start, in bytes.
        package var window = 2_097_152
        /// The receive window at most, in bytes.
        package var maximumWindow = 33_554_432
        /// How many streams the peer may send on.
        package var streams: UInt16 = .max

        /// Creates the limits with their default values.
        package init() {}
    }

    /// What became of a DATA chunk.
    package enum Outcome: Equatable, Sendable {
        /// It was taken in.
        case accepted
        /// It had arrived before, or there was no room for it: to the peer it is as if it were lost.
        case dropped
        /// Its stream does not exist: it is acknowledged and answered with an ERROR (RFC 9260 §6.5).
        case invalidStream(StreamID)
    }

    /// Decides when to acknowledge; its `peer` is set once that is known.
    package var policy = AcknowledgementPolicy()
    /// A smoothed round-trip time in nanoseconds, for the delay of SACKs and the size of the window.
    package var roundTrip: UInt64?
    /// Bytes of user data that were taken in.
    package private(set) var receivedBytes: UInt64 = 0

    private let limits: Limits
    private let interleaved: Bool
    private var tracker: TSNTracker
    private var queue: ReassemblyQueue
    private var window: ReceiveWindow
    private var builder = SACKBuilder()
    private var lastAdvertised: UInt32

    /// Creates the receiver of an association whose peer begins with `initialTSN`.
    package init(initialTSN: TSN, interleaved: Bool, limits: Limits) {
        self.limits = limits
        self.interleaved = interleaved
        self.tracker = TSNTracker(initialTSN: initialTSN)
        self.queue = ReassemblyQueue(maximumMessageSize: limits.messageSize, interleaved: interleaved)
        self.window = ReceiveWindow(
            size: max(limits.window, 2 * limits.messageSize),
            maximumSize: limits.maximumWindow
        )
        self.lastAdvertised = UInt32(clamping: max(limits.window, 2 * limits.messageSize))
    }

    /// All TSNs of the peer up to this one arrived.
    package var cumulativeTSN: TSN { self.tracker.cumulative }

    /// Whether a TSN is missing before one that arrived.
    package var hasGaps: Bool { self.tracker.hasGaps }

    /// The receive window that is left, in bytes.
    package var advertisedWindow: UInt32 { self.window.advertised(queued: self.queue.bytesQueued) }

    /// Takes in a DATA or I-DATA chunk; call `endPacket` after the last one of a packet.
    package mutating func receive(
        _ header: DataChunkHeader,
        payload: Span<UInt8>,
        at now: Instant
    ) throws(ReassemblyViolation) -> Outcome {
        let isImmediate = header.flags.contains(.immediate)
        let arrival = self.tracker.classify(header.tsn)
        guard arrival.isNew else {
            self.policy.received(self.tracker.receive(header.tsn), isImmediate: isImmediate)
            return .dropped
        }
        let isNext = arrival != .beyondGap
        guard self.hasRoom(for: payload.count, isNext: isNext) else {
            self.policy.request()
            return .dropped
        }
        self.policy.received(self.tracker.receive(header.tsn), isImmediate: isImmediate)
        guard header.stream.rawValue < self.limits.streams else { return .invalidStream(header.stream) }
        self.receivedBytes &+= UInt64(payload.count)
        self.window.received(payload.count, at: now, roundTrip: self.roundTrip)
        try self.queue.insert(header, payload: payload, isNext: isNext)
        return .accepted
    }

    /// Takes in a FORWARD-TSN or I-FORWARD-TSN chunk; one that tells nothing new is answered with a SACK (RFC 3758 §3.6).
    package mutating func forward(_ chunk: ForwardTSNChunk) {
        let old = self.tracker.cumulative
        self.policy.request()
        guard self.tracker.forward(to: chunk.newCumulativeTSN) else { return }
        self.queue.forward(chunk, from: old)
    }

    /// Ends a packet, whatever was in it.
    package mutating func endPacket(at now: Instant) {
        self.policy.endPacket(at: now, hasGaps: self.tracker.hasGaps, roundTrip: self.roundTrip)
    }

    /// Starts streams of the peer anew, all of them if none is named (RFC 6525 §5.2.2).
    package mutating func reset(_ streams: [StreamID]) {
        self.queue.reset(streams)
    }

    /// The next message, or nil; messages that are not asked for fill the window and so slow the peer down.
    package mutating func popMessage() -> ReceivedMessage? {
        guard let message = self.queue.popMessage() else { return nil }
        let open = self.advertisedWindow
        let wasShut = self.lastAdvertised < Self.shutWindow && open >= Self.shutWindow
        let hasDoubled = Int(self.lastAdvertised) < self.window.size / 4 && open / 2 >= self.lastAdvertised
        if wasShut || hasDoubled { self.policy.request() }
        return message
    }

    /// Whether a SACK is due; `atBatchEnd` when all that had arrived was taken in.
    package func isSACKDue(at now: Instant, atBatchEnd: Bool) -> Bool {
        self.policy.isDue(at: now, atBatchEnd: atBatchEnd)
    }

    /// Writes a SACK of at most `room` bytes.
    package mutating func writeSACK(room: Int, to writer: inout ByteWriter) {
        self.lastAdvertised = self.advertisedWindow
        self.builder.reportsRecent = self.policy.peer == .icetalk
        self.builder.write(&self.tracker, advertisedWindow: self.lastAdvertised, room: room, to: &writer)
        self.policy.sent()
    }

    /// The chunk that all others wait for is taken even into a full window, or nobody could ever go on.
    private func hasRoom(for count: Int, isNext: Bool) -> Bool {
        let slack = isNext ? self.limits.messageSize + 2 * ReassemblyQueue.overhead : 0
        return self.queue.bytesQueued + count + ReassemblyQueue.overhead <= self.window.size + slack
    }

    /// A window below this is as good as shut: two packets.
    private static let shutWindow: UInt32 = 2_400
}
