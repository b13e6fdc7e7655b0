// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import SCTP
import Testing
import Wire

@Suite struct DataReceiverTests {
    private static func whole(_ tsn: UInt32, stream: UInt16 = 1, flags: DataFlags = []) -> DataChunkHeader {
        DataChunkHeader(
            tsn: TSN(tsn),
            stream: StreamID(stream),
            message: tsn,
            protocolID: PayloadProtocolID(53),
            flags: flags.union([.begin, .end])
        )
    }

    private static func sack(_ receiver: inout DataReceiver, room: Int = 1_200) throws -> SACKChunk {
        var writer = ByteWriter()
        receiver.writeSACK(room: room, to: &writer)
        var sack = SACKChunk()
        try sack.read(writer.bytes.span.extracting(4...))
        #expect(writer.count <= room)
        return sack
    }

    @Test func `towards a browser the first packets are acknowledged one by one, then every second`() throws {
        var receiver = DataReceiver(initialTSN: TSN(0), interleaved: false, limits: .init())
        var sacks = 0
        let payload: [UInt8] = [1]
        for tsn in UInt32(0)..<300 {
            _ = try receiver.receive(Self.whole(tsn), payload: payload.span, at: .zero)
            receiver.endPacket(at: .zero)
            if receiver.isSACKDue(at: .zero, atBatchEnd: false) {
                #expect(try Self.sack(&receiver).cumulativeTSN == TSN(tsn))
                sacks += 1
            }
            _ = receiver.popMessage()
        }
        #expect(sacks == 200)
    }

    @Test func `a packet alone is acknowledged within 20 ms`() throws {
        var receiver = DataReceiver(initialTSN: TSN(0), interleaved: false, limits: .init())
        let payload: [UInt8] = [1]
        for tsn in UInt32(0)..<100 {
            _ = try receiver.receive(Self.whole(tsn), payload: payload.span, at: .zero)
            receiver.endPacket(at: .zero)
            _ = try Self.sack(&receiver)
        }
        let now = Instant(nanoseconds: 5)
        _ = try receiver.receive(Self.whole(100), payload: payload.span, at: now)
        receiver.endPacket(at: now)
        #expect(receiver.isSACKDue(at: now, atBatchEnd: true) == false)
        let deadline = try #require(receiver.policy.deadline)
        #expect(deadline == Instant(nanoseconds: 20_000_005))
        #expect(receiver.isSACKDue(at: deadline, atBatchEnd: true) == true)
        _ = try Self.sack(&receiver)
        #expect(receiver.policy.deadline == nil)
        #expect(receiver.policy.hasUnacknowledged == false)
        _ = try receiver.receive(Self.whole(101, flags: .immediate), payload: payload.span, at: now)
        receiver.endPacket(at: now)
        #expect(receiver.isSACKDue(at: now, atBatchEnd: false) == true)
        _ = try Self.sack(&receiver)
        _ = try receiver.receive(Self.whole(103), payload: payload.span, at: now)
        receiver.endPacket(at: now)
        #expect(receiver.isSACKDue(at: now, atBatchEnd: false) == true)
        #expect(try Self.sack(&receiver).gapBlocks == [GapBlock(start: 2, end: 2)])
        #expect(try receiver.receive(Self.whole(103), payload: payload.span, at: now) == .dropped)
        receiver.endPacket(at: now)
        #expect(receiver.isSACKDue(at: now, atBatchEnd: false) == true)
        #expect(try Self.sack(&receiver).duplicates == [TSN(103)])
    }

    @Test func `between icetalk peers one SACK answers a batch`() throws {
        var receiver = DataReceiver(initialTSN: TSN(0), interleaved: false, limits: .init())
        receiver.policy.peer = .icetalk
        receiver.roundTrip = 16_000_000
        let payload: [UInt8] = [1]
        var during = 0
        for tsn in UInt32(0)..<40 {
            _ = try receiver.receive(Self.whole(tsn == 5 ? 45 : tsn), payload: payload.span, at: .zero)
            receiver.endPacket(at: .zero)
            if receiver.isSACKDue(at: .zero, atBatchEnd: false) {
                during += 1
                _ = try Self.sack(&receiver)
            }
        }
        #expect(during == 2)
        #expect(receiver.isSACKDue(at: .zero, atBatchEnd: true) == true)
        #expect(receiver.policy.deadline == Instant(nanoseconds: 2_000_000))
    }

    @Test func `a full window shuts, takes what all wait for, and its opening is told`() throws {
        var limits = DataReceiver.Limits()
        limits.messageSize = 1_000
        limits.window = 10_000
        limits.maximumWindow = 10_000
        var receiver = DataReceiver(initialTSN: TSN(0), interleaved: false, limits: limits)
        let payload = [UInt8](repeating: 1, count: 1_000)
        var tsn: UInt32 = 1
        while try receiver.receive(Self.whole(tsn), payload: payload.span, at: .zero) == .accepted {
            tsn += 1
        }
        #expect(tsn == 9)
        #expect(try Self.sack(&receiver).advertisedWindow == 10_000 - 8 * 1_128)
        #expect(try receiver.receive(Self.whole(0), payload: payload.span, at: .zero) == .accepted)
        #expect(try receiver.receive(Self.whole(9), payload: payload.span, at: .zero) == .dropped)
        receiver.endPacket(at: .zero)
        #expect(try Self.sack(&receiver).advertisedWindow == 0)
        #expect(receiver.policy.hasUnacknowledged == false)
        for _ in 0..<5 { #expect(receiver.popMessage() != nil) }
        #expect(receiver.isSACKDue(at: .zero, atBatchEnd: true) == true)
        #expect(try Self.sack(&receiver).advertisedWindow > 2_400)
    }

    @Test func `a window that is filled within a round trip grows`() throws {
        var limits = DataReceiver.Limits()
        limits.window = 600_000
        limits.maximumWindow = 2_000_000
        var receiver = DataReceiver(initialTSN: TSN(0), interleaved: false, limits: limits)
        receiver.roundTrip = 10_000_000
        let payload = [UInt8](repeating: 1, count: 1_000)
        for tsn in UInt32(0)..<2_000 {
            let now = Instant(nanoseconds: UInt64(tsn) * 20_000)
            _ = try receiver.receive(Self.whole(tsn), payload: payload.span, at: now)
            #expect(receiver.popMessage() != nil)
        }
        #expect(receiver.advertisedWindow == 1_200_000)
    }

    @Test func `data on a stream that does not exist is acknowledged and refused`() throws {
        var limits = DataReceiver.Limits()
        limits.streams = 4
        var receiver = DataReceiver(initialTSN: TSN(0), interleaved: false, limits: limits)
        let payload: [UInt8] = [1]
        let outcome = try receiver.receive(Self.whole(0, stream: 4), payload: payload.span, at: .zero)
        #expect(outcome == .invalidStream(StreamID(4)))
        #expect(receiver.cumulativeTSN == TSN(0))
        #expect(receiver.popMessage() == nil)
    }

    @Test func `a SACK keeps to the room, and shows icetalk the newest blocks`() throws {
        var receiver = DataReceiver(initialTSN: TSN(0), interleaved: false, limits: .init())
        let payload: [UInt8] = [1]
        for tsn in UInt32(0)..<100 {
            _ = try receiver.receive(Self.whole(tsn * 2 + 1), payload: payload.span, at: .zero)
        }
        let lowest = try Self.sack(&receiver, room: 16 + 8 * 4)
        #expect(lowest.gapBlocks.map(\.start) == [2, 4, 6, 8, 10, 12, 14, 16])
        receiver.policy.peer = .icetalk
        let both = try Self.sack(&receiver, room: 16 + 8 * 4)
        #expect(both.gapBlocks.map(\.start) == [2, 4, 6, 8, 10, 12, 198, 200])
    }

    @Test func `a FORWARD-TSN moves on, and is always answered`() throws {
        var receiver = DataReceiver(initialTSN: TSN(0), interleaved: false, limits: .init())
        receiver.forward(ForwardTSNChunk(newCumulativeTSN: TSN(9), skipped: []))
        #expect(receiver.isSACKDue(at: .zero, atBatchEnd: true) == true)
        #expect(try Self.sack(&receiver).cumulativeTSN == TSN(9))
        receiver.forward(ForwardTSNChunk(newCumulativeTSN: TSN(5), skipped: []))
        #expect(receiver.isSACKDue(at: .zero, atBatchEnd: true) == true)
        #expect(try Self.sack(&receiver).cumulativeTSN == TSN(9))
    }
}
