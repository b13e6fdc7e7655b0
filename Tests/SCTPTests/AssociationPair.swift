// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SCTP
import Testing
import Wire

/// Two associations and the network between them, in virtual time.
final class AssociationPair {
    /// What the network does to packets of one direction.
    struct Link {
        /// Nanoseconds from one end to the other.
        var delay: UInt64 = 10_000_000
        /// How much longer a packet may take, in nanoseconds; longer than the time between packets, it reorders.
        var jitter: UInt64 = 0
        /// How many of a thousand packets are lost.
        var loss = 0
        /// How many of a thousand packets arrive twice.
        var duplication = 0
    }

    /// One end.
    final class End {
        var association: Association
        var link = Link()
        var events: [Association.Event] = []
        var messages: [ReceivedMessage] = []
        /// Whether messages are fetched as they come.
        var reads = true
        /// Packets that left, for tests that look at them.
        var sent: [[UInt8]] = []
        var sentCount = 0
        /// What is done to a packet on its way; nil drops it.
        var filter: (([UInt8]) -> [UInt8]?)?

        init(_ configuration: Association.Configuration, seed: UInt64) {
            self.association = Association(configuration: configuration, random: .seeded(seed))
        }

        var isEstablished: Bool { self.events.contains(.established) }
        var received: [[UInt8]] { self.messages.map(\.bytes) }
        var isIdle: Bool { self.association.isIdle }
        var isOver: Bool { self.association.isOver }
        var statistics: Association.Statistics { self.association.statistics }
        var totalBufferedAmount: Int { self.association.totalBufferedAmount }
        var bytesInFlight: Int { self.association.bytesInFlight }
        var outboundStreams: UInt16 { self.association.outboundStreams }
        var isPeerIcetalk: Bool? { self.association.isPeerIcetalk }
        var nextTimeout: Instant? { self.association.nextTimeout }

        func bufferedAmount(stream: UInt16) -> Int { self.association.bufferedAmount(stream: StreamID(stream)) }
    }

    private struct Packet {
        var at: UInt64
        var order: Int
        var toLeft: Bool
        var bytes: [UInt8]
    }

    let left: End
    let right: End
    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    var records = false
    private var random: RandomSource
    private var wire: [Packet] = []
    private var order = 0
    private var writer = ByteWriter(capacity: 2048)
    private(set) var steps = 0

    init(
        seed: UInt64 = 1,
        left: Association.Configuration = Association.Configuration(),
        right: Association.Configuration = Association.Configuration()
    ) {
        self.left = End(left, seed: seed &* 2)
        self.right = End(right, seed: seed &* 2 &+ 1)
        self.random = .seeded(seed &+ 77)
    }

    /// Sets the same network for both directions.
    func setLink(delay: UInt64 = 10_000_000, jitter: UInt64 = 0, loss: Int = 0, duplication: Int = 0) {
        let link = Link(delay: delay, jitter: jitter, loss: loss, duplication: duplication)
        self.left.link = link
        self.right.link = link
    }

    /// Both sides begin.
    func associate() {
        self.left.association.associate(at: self.now)
        self.right.association.associate(at: self.now)
        self.drain()
    }

    /// Both sides begin and are done with it.
    func establish() {
        self.associate()
        self.run(milliseconds: 60_000) { self.left.isEstablished && self.right.isEstablished }
    }

    /// Sends from an end, and lets its packets leave.
    func send(
        _ bytes: [UInt8],
        from end: End,
        stream: UInt16 = 0,
        isUnordered: Bool = false,
        reliability: Reliability = .reliable
    ) throws {
        try end.association.send(
            bytes,
            stream: StreamID(stream),
            protocolID: PayloadProtocolID(53),
            isUnordered: isUnordered,
            reliability: reliability,
            at: self.now
        )
        self.drain()
    }

    /// Gives a packet to an end as if it came from the network.
    func inject(_ bytes: [UInt8], into end: End) -> SCTPError? {
        var failure: SCTPError?
        do throws(SCTPError) {
            try end.association.handle(bytes.span, at: self.now)
        } catch {
            failure = error
        }
        self.drain()
        return failure
    }

    /// Lets time pass until the condition holds, nothing happens any more, or the time is over.
    func run(milliseconds: UInt64, until isDone: () -> Bool = { false }) {
        let end = self.now.nanoseconds + milliseconds * 1_000_000
        while !isDone(), self.steps < 200_000 {
            let arrival = self.wire.first.map { Instant(nanoseconds: $0.at) }
            let timeout = earliest(self.left.association.nextTimeout, self.right.association.nextTimeout)
            guard let next = earliest(arrival, timeout), next.nanoseconds <= end else {
                self.now = Instant(nanoseconds: end)
                return
            }
            self.now = max(self.now, next)
            self.steps += 1
            self.step()
            if let timeout = earliest(self.left.nextTimeout, self.right.nextTimeout), timeout <= self.now {
                Issue.record("a timeout is due still after it was handled")
                return
            }
        }
    }

    /// Lets everything leave, and notes everything that happened.
    func drain() {
        self.drain(self.left, toLeft: false)
        self.drain(self.right, toLeft: true)
    }

    private func step() {
        while let packet = self.wire.first, packet.at <= self.now.nanoseconds {
            self.wire.removeFirst()
            let end = packet.toLeft ? self.left : self.right
            do throws(SCTPError) {
                try end.association.handle(packet.bytes.span, at: self.now)
            } catch {
                // A test looks at the count of dropped packets where it matters.
                continue
            }
        }
        self.left.association.handleTimeout(at: self.now)
        self.right.association.handleTimeout(at: self.now)
        self.drain()
    }

    private func drain(_ end: End, toLeft: Bool) {
        while end.reads, let message = end.association.receive() {
            end.messages.append(message)
        }
        while end.association.pollTransmit(into: &self.writer, at: self.now) {
            end.sentCount += 1
            if self.records { end.sent.append(self.writer.bytes) }
            self.transmit(self.writer.bytes, over: end.link, filter: end.filter, toLeft: toLeft)
        }
        while let event = end.association.pollEvent() {
            end.events.append(event)
        }
    }

    private func transmit(_ bytes: [UInt8], over link: Link, filter: (([UInt8]) -> [UInt8]?)?, toLeft: Bool) {
        var bytes = bytes
        if let filter {
            guard let changed = filter(bytes) else { return }
            bytes = changed
        }
        let copies = Int.random(in: 0..<1000, using: &self.random) < link.duplication ? 2 : 1
        for _ in 0..<copies where Int.random(in: 0..<1000, using: &self.random) >= link.loss {
            let jitter = link.jitter == 0 ? 0 : UInt64.random(in: 0...link.jitter, using: &self.random)
            self.order += 1
            let packet = Packet(
                at: self.now.nanoseconds + link.delay + jitter,
                order: self.order,
                toLeft: toLeft,
                bytes: bytes
            )
            let index = self.wire.lastIndex { ($0.at, $0.order) < (packet.at, packet.order) }.map { $0 + 1 } ?? 0
            self.wire.insert(packet, at: index)
        }
    }
}

/// The types of the chunks in a packet.
func chunkTypes(of packet: [UInt8]) -> [ChunkType] {
    var types: [ChunkType] = []
    var reader = ChunkReader()
    while let chunk = try? reader.next(in: packet.span) {
        types.append(chunk.type)
    }
    return types
}

/// Bytes that differ from message to message.
func pattern(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var random = RandomSource.seeded(seed)
    return random.bytes(count)
}
