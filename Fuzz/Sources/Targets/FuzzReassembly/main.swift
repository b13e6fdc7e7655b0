// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import SCTP
import Wire

// Chunks of a peer that means well, in any order: every message comes out. Chunks of one that does not: nothing is kept
// beyond what is counted, and the count returns to zero.
fuzz { bytes in
    var input = FuzzInput(bytes)
    let mode = input.u8()
    if mode & 1 == 0 {
        reassemble(&input, interleaved: mode & 2 != 0)
    } else {
        abuse(&input, interleaved: mode & 2 != 0)
    }
}

private struct Chunk {
    var header: DataChunkHeader
    var payload: [UInt8]
}

private func reassemble(_ input: inout FuzzInput, interleaved: Bool) {
    var sender = Sender(firstTSN: TSN(input.u32()), interleaved: interleaved)
    for _ in 0..<(1 + input.choice(12)) {
        let shape = input.u8()
        sender.cut(
            count: 1 + Int(input.u8()),
            stream: UInt16(shape & 3),
            unordered: shape & 4 != 0,
            size: 1 + input.choice(64)
        )
    }
    var receiver = DataReceiver(initialTSN: sender.firstTSN, interleaved: interleaved, limits: DataReceiver.Limits())
    let window = receiver.advertisedWindow
    var left = sender.chunks
    var messages: [ReceivedMessage] = []
    while !left.isEmpty {
        let chunk = left.remove(at: Int(input.u8()) % left.count)
        do throws(ReassemblyViolation) {
            let outcome = try receiver.receive(chunk.header, payload: chunk.payload.span, at: .zero)
            requireEqual(outcome, .accepted)
        } catch {
            fail("\(error)")
        }
        receiver.endPacket(at: .zero)
        if input.flag() {
            while let message = receiver.popMessage() { messages.append(message) }
        }
    }
    while let message = receiver.popMessage() { messages.append(message) }
    require(receiver.advertisedWindow >= window, "\(receiver.advertisedWindow) is left of \(window)")
    require(!receiver.hasGaps)
    for stream in 0..<4 as Range<UInt16> {
        let ordered = { (message: ReceivedMessage) in message.stream.rawValue == stream && !message.isUnordered }
        requireEqual(messages.filter(ordered), sender.messages.filter(ordered))
    }
    requireEqual(
        messages.filter(\.isUnordered).map(\.bytes.description).sorted(),
        sender.messages.filter(\.isUnordered).map(\.bytes.description).sorted()
    )
}

/// Cuts messages into chunks as a peer does.
private struct Sender {
    let firstTSN: TSN
    let interleaved: Bool
    private(set) var chunks: [Chunk] = []
    private(set) var messages: [ReceivedMessage] = []
    private var next: TSN
    private var numbers: [UInt32: UInt32] = [:]

    init(firstTSN: TSN, interleaved: Bool) {
        self.firstTSN = firstTSN
        self.next = firstTSN
        self.interleaved = interleaved
    }

    mutating func cut(count: Int, stream: UInt16, unordered: Bool, size: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &+ self.messages.count) }
        let key = UInt32(stream) << 1 | (unordered && self.interleaved ? 1 : 0)
        let number = self.numbers[key, default: 0]
        if !unordered || self.interleaved { self.numbers[key] = number + 1 }
        for start in Swift.stride(from: 0, to: count, by: size) {
            let end = min(start + size, count)
            var flags: DataFlags = unordered ? [.unordered] : []
            if start == 0 { flags.insert(.begin) }
            if end == count { flags.insert(.end) }
            let header = DataChunkHeader(
                tsn: self.next,
                stream: StreamID(stream),
                message: number,
                fragment: self.interleaved ? UInt32(start / size) : 0,
                protocolID: PayloadProtocolID(51),
                flags: flags
            )
            self.next = self.next.next
            self.chunks.append(Chunk(header: header, payload: Array(bytes[start..<end])))
        }
        self.messages.append(
            ReceivedMessage(
                stream: StreamID(stream),
                protocolID: PayloadProtocolID(51),
                isUnordered: unordered,
                bytes: bytes
            )
        )
    }
}

private func abuse(_ input: inout FuzzInput, interleaved: Bool) {
    let limit = 256
    var tracker = TSNTracker(initialTSN: TSN(0))
    var queue = ReassemblyQueue(maximumMessageSize: limit, interleaved: interleaved)
    var rules = Rules(interleaved: interleaved)
    var highest = TSN(0)
    var inserted = 0
    while !input.isAtEnd {
        let operation = input.u8()
        var tsn = tracker.cumulative.advanced(by: UInt32(input.u8() & 15))
        let stream = StreamID(UInt16(operation & 3))
        let number = UInt32(input.u8() & 15)
        switch operation >> 5 {
        case 0:
            // Some peers jump far.
            if operation & 8 != 0 { tsn = tracker.cumulative.advanced(by: input.u32() >> 1) }
            let isUnordered = operation & 4 != 0
            let skipped = SkippedMessage(stream: stream, isUnordered: isUnordered && interleaved, message: number)
            let old = tracker.cumulative
            guard tracker.forward(to: tsn) else { break }
            queue.forward(ForwardTSNChunk(newCumulativeTSN: tsn, skipped: [skipped]), from: old)
        case 1 where operation & 4 != 0:
            queue.reset([stream])
        case 2:
            while let message = queue.popMessage() { require(message.bytes.count <= limit) }
        default:
            let header = DataChunkHeader(
                tsn: tsn,
                stream: stream,
                message: number,
                fragment: UInt32(input.u8() & 7),
                protocolID: PayloadProtocolID(51),
                flags: DataFlags(rawValue: input.u8() & 15)
            )
            let payload = [UInt8](repeating: operation, count: 1 + Int(input.u8()))
            let arrival = tracker.receive(tsn)
            guard arrival.isNew else { break }
            rules.note(header)
            do throws(ReassemblyViolation) {
                try queue.insert(header, payload: payload.span, isNext: arrival != .beyondGap)
            } catch {
                return
            }
            inserted += payload.count + ReassemblyQueue.overhead
        }
        if highest.precedes(tsn) { highest = tsn }
        require((0...inserted).contains(queue.bytesQueued), "\(queue.bytesQueued) of \(inserted)")
    }
    guard rules.areKept else { return }
    empty(&queue, through: highest, from: tracker.cumulative, interleaved: interleaved)
}

/// Whether fragments that follow each other belong together, or end and begin a message (RFC 9260 §6.9).
private struct Rules {
    let interleaved: Bool
    private(set) var areKept = true
    private var headers: [TSN: DataChunkHeader] = [:]

    init(interleaved: Bool) {
        self.interleaved = interleaved
    }

    mutating func note(_ header: DataChunkHeader) {
        self.headers[header.tsn] = header
        guard !self.interleaved else { return }
        self.compare(self.headers[header.tsn.previous], header)
        self.compare(header, self.headers[header.tsn.next])
    }

    private mutating func compare(_ left: DataChunkHeader?, _ right: DataChunkHeader?) {
        guard let left, let right else { return }
        let isEnd = left.flags.contains(.end)
        let isOneMessage =
            left.stream == right.stream && left.message == right.message
            && left.flags.contains(.unordered) == right.flags.contains(.unordered)
        if isEnd != right.flags.contains(.begin) || (!isEnd && !isOneMessage) { self.areKept = false }
    }
}

/// Gives everything up: then nothing may be counted any more.
private func empty(_ queue: inout ReassemblyQueue, through last: TSN, from old: TSN, interleaved: Bool) {
    var skipped: [SkippedMessage] = []
    for stream in 0..<4 as Range<UInt16> {
        skipped.append(SkippedMessage(stream: StreamID(stream), message: interleaved ? .max >> 1 : 0))
        if interleaved {
            skipped.append(SkippedMessage(stream: StreamID(stream), isUnordered: true, message: .max >> 1))
        }
    }
    queue.forward(ForwardTSNChunk(newCumulativeTSN: last.advanced(by: 1), skipped: skipped), from: old)
    queue.reset((0..<4 as Range<UInt16>).map { StreamID($0) })
    while queue.popMessage() != nil {}
    requireEqual(queue.bytesQueued, 0)
}
