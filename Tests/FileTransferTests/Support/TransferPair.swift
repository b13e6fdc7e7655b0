// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer
import Wire

/// A sender and a receiver with their drivers, a file in memory, and two channels in between that can be tampered with.
struct TransferPair: ~Copyable {
    var sender: TransferSender
    var receiver: TransferReceiver
    var source: [UInt8]
    var sourceIsChanged = false
    /// Streams give at most this much at once.
    var chunk = Int.max
    /// What is under way from the sender.
    var toReceiver: [[UInt8]] = []
    /// What is under way to the sender.
    var toSender: [[UInt8]] = []
    /// The partial file while there is one.
    var part: [UInt8]?
    /// The file under its final name.
    var file: [UInt8]?
    var created: TransferEntry?
    var diskIsFull = false
    var senderEvents: [TransferSender.Event] = []
    var receiverEvents: [TransferReceiver.Event] = []
    /// Messages that the receiver gave the conversation.
    var completions = 0

    init(_ source: [UInt8], isStream: Bool = false, maximumMessageCount: Int = 8_192) throws(TransferFailure) {
        let offer = TransferOffer(name: Array("file".utf8), size: isStream ? nil : UInt64(source.count))
        self.sender = try TransferSender(offer, mode: 0o640, maximumMessageCount: maximumMessageCount)
        self.receiver = TransferReceiver(offer)
        self.source = source
    }

    /// Lets the sender do one thing; false when it waits.
    mutating func stepSender(buffered: Int = 0) -> Bool {
        defer { self.drainSenderEvents() }
        switch self.sender.pollAction(buffered: buffered) {
        case .send(let message):
            self.toReceiver.append(message)
        case .read(let offset, let count):
            let start = min(Int(offset), self.source.count)
            let end = min(start + min(count, self.chunk), self.source.count)
            self.sender.supply(Array(self.source[start..<end]))
        case .checkSource:
            if self.sourceIsChanged { self.sender.sourceHasChanged() } else { self.sender.sourceIsUnchanged() }
        case nil:
            return false
        }
        return true
    }

    /// Hands the receiver one message; false when there is none.
    mutating func stepReceiver() -> Bool {
        guard !self.toReceiver.isEmpty else { return false }
        self.receiver.handle(self.toReceiver.removeFirst())
        self.runReceiver()
        return true
    }

    /// Hands the sender one message; false when there is none.
    mutating func stepBack() -> Bool {
        guard !self.toSender.isEmpty else { return false }
        self.sender.handle(self.toSender.removeFirst())
        self.drainSenderEvents()
        return true
    }

    mutating func runReceiver() {
        while let action = self.receiver.pollAction() {
            switch action {
            case .create(let entry):
                self.created = entry
                self.part = []
            case .write(let offset, let bytes):
                if self.diskIsFull {
                    self.receiver.diskFailed("The disk is full.")
                } else if let part = self.part, part.count == Int(offset) {
                    self.part?.append(contentsOf: bytes)
                    self.receiver.wrote(bytes.count)
                }
            case .finish:
                self.file = self.part
                self.part = nil
                self.receiver.finished()
            case .discard:
                self.part = nil
            case .send(let message):
                self.toSender.append(message)
            }
        }
        while let event = self.receiver.pollEvent() {
            self.receiverEvents.append(event)
            switch event {
            case .completed: self.completions += 1
            case .failed(let failure):
                if let reason = failure.reasonForPeer { self.sender.peerCancelled(reason) }
            }
        }
        self.drainSenderEvents()
    }

    mutating func drainSenderEvents() {
        while let event = self.sender.pollEvent() {
            self.senderEvents.append(event)
            if case .failed(let failure) = event, let reason = failure.reasonForPeer {
                self.receiver.peerCancelled(reason)
                self.runReceiver()
            }
        }
    }

    /// Tells the sender of completions, as the conversation would.
    mutating func deliverCompletion() {
        guard self.completions > 0 else { return }
        self.completions -= 1
        self.sender.peerCompleted()
        self.drainSenderEvents()
    }

    /// Runs in an order that the seed determines, until nothing is left to do.
    mutating func run(random: inout RandomSource) {
        var idle = 0
        while idle < 40 {
            let didSomething =
                switch random.next() % 3 {
                case 0: self.stepSender()
                case 1: self.stepReceiver()
                default: self.stepBack()
                }
            if self.toReceiver.isEmpty, self.toSender.isEmpty { self.deliverCompletion() }
            idle = didSomething ? 0 : idle + 1
        }
    }
}
