// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer
import Testing
import Wire

@Suite struct TransferSenderTests {
    private func sender(size: UInt64?) throws -> TransferSender {
        try TransferSender(TransferOffer(name: [0x61], size: size), maximumMessageCount: 262_144)
    }

    @Test func `nothing more is read while the channel's buffer is above the mark`() throws {
        var sender = try self.sender(size: 1_000_000)
        _ = sender.pollAction(buffered: 0)
        let held = sender.pollAction(buffered: TransferSender.bufferMark)
        #expect(held == nil)
        let read = sender.pollAction(buffered: TransferSender.bufferMark - 1)
        #expect(read == .read(offset: 0, count: 131_072))
        sender.supply([UInt8](repeating: 0, count: 131_072))
        let stillHeld = sender.pollAction(buffered: TransferSender.bufferMark)
        #expect(stillHeld == nil)
        guard case .send = sender.pollAction(buffered: 0) else {
            Issue.record("The block was lost.")
            return
        }
    }

    @Test func `the window stops the sender until the receiver reports`() throws {
        var sender = try self.sender(size: 1 << 40)
        let block = [UInt8](repeating: 0, count: 131_072)
        var sent: UInt64 = 0
        while let action = sender.pollAction(buffered: 0) {
            guard case .read(let offset, let count) = action else { continue }
            sent = offset + UInt64(count)
            sender.supply(block)
        }
        #expect(sent == TransferLimits.window)
        sender.handle(TransferMessage.received(131_071).encoded)
        let blocked = sender.pollAction(buffered: 0)
        #expect(blocked == nil)
        sender.handle(TransferMessage.received(131_072).encoded)
        let next = sender.pollAction(buffered: 0)
        #expect(next == .read(offset: sent, count: 131_072))
        let confirmed = sender.confirmed
        #expect(confirmed == 131_072)
    }

    @Test(arguments: [1, 8_191])
    func `a peer with tiny messages is refused`(limit: Int) {
        #expect(throws: TransferFailure.messagesTooSmall(limit)) {
            _ = try TransferSender(TransferOffer(name: [0x61], size: 1), maximumMessageCount: limit)
        }
    }

    @Test func `a name or size beyond the limits is this side's file trouble`() {
        for offer in [
            TransferOffer(name: [UInt8](repeating: 0x61, count: 4_097), size: 1), TransferOffer(name: [], size: .max),
        ] {
            let error = #expect(throws: TransferFailure.self) {
                _ = try TransferSender(offer, maximumMessageCount: 65_536)
            }
            #expect(error?.exitStatus == 8)
        }
    }

    @Test(
        arguments: [
            (TransferMessage.received(1).encoded, TransferFailure.violation(.wrongReport)),
            (TransferMessage.done(entries: 1, size: 0).encoded, .violation(.outOfTurn)),
            ([0x22], .malformed(.unknownType(0x22))),
            ([], .malformed(.truncated)),
        ]
    )
    func `a receiver that breaks the protocol ends the transfer`(message: [UInt8], failure: TransferFailure) throws {
        var sender = try self.sender(size: 10)
        sender.handle(message)
        let (event, second, action) = (sender.pollEvent(), sender.pollEvent(), sender.pollAction(buffered: 0))
        #expect(event == .failed(failure))
        #expect(second == nil && action == nil)
    }

    @Test func `a report may not go backwards, and ignorable messages are ignored`() throws {
        var sender = try self.sender(size: 131_072)
        _ = sender.pollAction(buffered: 0)
        _ = sender.pollAction(buffered: 0)
        sender.supply([UInt8](repeating: 0, count: 131_072))
        sender.handle(TransferMessage.received(9).encoded)
        sender.handle([0x90 as UInt8, 1])
        let none = sender.pollEvent()
        #expect(none == nil)
        sender.handle(TransferMessage.received(8).encoded)
        let event = sender.pollEvent()
        #expect(event == .failed(.violation(.wrongReport)))
    }

    @Test func `completion before everything was sent is not believed`() throws {
        var sender = try self.sender(size: 10)
        sender.peerCompleted()
        let event = sender.pollEvent()
        #expect(event == .failed(.violation(.completedEarly)))
    }

    @Test func `an unreadable source fails with its sentence, and later inputs change nothing`() throws {
        var sender = try self.sender(size: 10)
        _ = sender.pollAction(buffered: 0)
        _ = sender.pollAction(buffered: 0)
        sender.sourceFailed("Cannot read x: input/output error.")
        let event = sender.pollEvent()
        #expect(event == .failed(.localFile("Cannot read x: input/output error.")))
        sender.supply([1 as UInt8])
        sender.peerCompleted()
        sender.cancel()
        let (late, action, isEnded) = (sender.pollEvent(), sender.pollAction(buffered: 0), sender.isEnded)
        #expect(late == nil && action == nil && isEnded)
    }
}
