// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import FileTransfer
import FuzzDriver
import Wire

/// A sender, a receiver, their disks and the channel between them.
struct TransferWorld: ~Copyable {
    private let content: [UInt8]
    private var sender: TransferSender
    private var receiver: TransferReceiver
    private var toSender: [[UInt8]] = []
    private var toReceiver: [[UInt8]] = []
    /// What the receiver was told to write; nil before it was told to create the file.
    private var file: [UInt8]?
    private var pendingWrites: [Int] = []
    private var finishes = 0
    private var completions = 0
    private var failures = 0
    private var wasAltered = false

    init(_ input: inout FuzzInput) {
        let shape = input.u8()
        let count = shape & 1 == 0 ? Int(input.u8()) : Int(input.u16())
        self.content = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let offer = TransferOffer(name: Array("name".utf8), size: shape & 2 == 0 ? UInt64(count) : nil)
        self.receiver = TransferReceiver(offer)
        do throws(TransferFailure) {
            let limit = TransferLimits.leastMessageCount
            self.sender = try TransferSender(offer, mode: 0o644, maximumMessageCount: limit)
        } catch {
            fail("\(error)")
        }
    }

    /// Does what the input says next.
    mutating func step(_ input: inout FuzzInput) {
        switch input.u8() & 15 {
        case 0...3: self.pollSender()
        case 4...6: self.deliverToReceiver()
        case 7: self.deliverToSender()
        case 8, 9: self.confirmWrite()
        case 10 where !self.toReceiver.isEmpty:
            self.wasAltered = true
            input.damage(&self.toReceiver[0])
        case 11 where !self.toSender.isEmpty:
            self.wasAltered = true
            input.damage(&self.toSender[0])
        case 12: self.invent(&input)
        case 13 where input.u8() == 0xC1: self.receiver.cancel()
        case 14 where input.u8() == 0xC1: self.sender.cancel()
        case 15 where input.u8() == 0xC1: self.receiver.diskFailed("disk")
        default: break
        }
        self.drain()
    }

    /// Lets everything go its way; a channel that altered nothing brings the file over.
    mutating func finish() {
        for _ in 0..<4_096 where !self.receiver.isEnded || !self.sender.isEnded {
            self.pollSender()
            self.deliverToReceiver()
            while !self.pendingWrites.isEmpty { self.confirmWrite() }
            self.deliverToSender()
            self.drain()
        }
        self.drain()
        require(self.wasAltered || self.failures > 0 || self.completions == 1, "the file did not arrive")
    }

    // MARK: The sender

    private mutating func pollSender() {
        guard let action = self.sender.pollAction(buffered: 0) else { return }
        switch action {
        case .send(let message): self.toReceiver.append(message)
        case .read(let offset, let count):
            let start = min(Int(clamping: offset), self.content.count)
            let bytes = Array(self.content[start..<min(start + count, self.content.count)])
            self.sender.supply(bytes.span)
        case .checkSource: self.sender.sourceIsUnchanged()
        }
    }

    private mutating func deliverToSender() {
        guard !self.toSender.isEmpty else { return }
        let message = self.toSender.removeFirst()
        self.sender.handle(message.span)
    }

    // MARK: The receiver

    private mutating func deliverToReceiver() {
        guard !self.toReceiver.isEmpty else { return }
        let message = self.toReceiver.removeFirst()
        self.receiver.handle(message.span)
    }

    /// A message that the sender did not send.
    private mutating func invent(_ input: inout FuzzInput) {
        self.wasAltered = true
        let shape = input.u8()
        let written = self.file ?? []
        let message: TransferMessage?
        switch shape & 3 {
        case 0:
            let bytes = input.take(1 + Int(input.u8()))
            let block = TransferBlock(
                index: UInt32(shape >> 6),
                offset: UInt64(written.count) + UInt64(shape >> 4 & 1),
                digest: Digest256(of: bytes.span),
                bytes: bytes
            )
            message = bytes.isEmpty ? nil : .block(block)
        case 1:
            let digest = Digest256(of: written.span)
            message = .end(index: UInt32(shape >> 6), size: UInt64(written.count), digest: digest)
        case 2: message = .done(entries: UInt32(shape >> 6), size: UInt64(written.count))
        default: message = nil
        }
        self.toReceiver.insert(message?.encoded ?? input.block(), at: 0)
    }

    private mutating func confirmWrite() {
        guard !self.pendingWrites.isEmpty else { return }
        self.receiver.wrote(self.pendingWrites.removeFirst())
    }

    private mutating func drain() {
        while let action = self.receiver.pollAction() {
            switch action {
            case .create:
                require(self.file == nil, "a file is created once")
                self.file = []
            case .write(let offset, let bytes):
                require(UInt64(self.file?.count ?? -1) == offset, "a write at \(offset)")
                self.file?.append(contentsOf: bytes)
                self.pendingWrites.append(bytes.count)
            case .finish:
                require(self.finishes == 0 && self.failures == 0, "a file is finished once")
                self.finishes += 1
                while !self.pendingWrites.isEmpty { self.confirmWrite() }
                self.receiver.finished()
            case .discard: self.pendingWrites = []
            case .send(let message): self.toSender.append(message)
            }
        }
        if let size = self.receiver.offer.size, let file = self.file {
            require(UInt64(file.count) <= size, "\(file.count) bytes of \(size)")
        }
        require(self.receiver.written <= UInt64(self.file?.count ?? 0))
        self.drainEvents()
    }

    private mutating func drainEvents() {
        while let event = self.receiver.pollEvent() {
            switch event {
            case .completed(let size, let digest):
                self.completions += 1
                guard let file = self.file else { fail("complete without a file") }
                requireEqual(size, UInt64(file.count))
                requireEqual(digest, Digest256(of: file.span))
                if !self.wasAltered { requireEqual(file, self.content) }
                self.sender.peerCompleted()
            case .failed:
                self.failures += 1
                self.sender.peerCancelled(.init(token: ""))
            }
            require(self.completions + self.failures == 1, "a transfer ends once")
        }
        while let event = self.sender.pollEvent() {
            if case .failed = event, !self.receiver.isEnded { self.receiver.peerCancelled(.init(token: "")) }
        }
    }
}
