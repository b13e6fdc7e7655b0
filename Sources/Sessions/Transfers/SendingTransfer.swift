// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DataChannels
import FileTransfer

/// Sends a file: reads and hashes on a thread of its own, one batch ahead of what the channel takes.
actor SendingTransfer {
    /// What is offered.
    nonisolated let offer: TransferOffer
    /// Where messages and decisions come in.
    nonisolated let inbox: TransferInbox
    nonisolated var unownedExecutor: UnownedSerialExecutor { self.executor.asUnownedSerialExecutor() }

    private let executor = DiskExecutor()
    private let id: TransferID
    private var source: SourceFile?
    private var transfer: OutgoingTransfer?
    private var meter: ProgressMeter
    private var outcome: TransferOutcome?
    private var pump: CheckedContinuation<Void, Never>?

    /// Takes an opened file; nothing is read before `run`.
    init(_ source: consuming SourceFile, id: TransferID, gate: Gate) {
        self.offer = source.offer
        self.inbox = TransferInbox(gate: gate)
        self.id = id
        self.meter = ProgressMeter(total: source.offer.size)
        self.source = consume source
    }

    /// Sends the file on an open channel, to its end or to the end of `inbox`.
    func run(on channel: DataChannelID, maximumMessageCount: Int, for session: Session) async {
        guard let source = self.source.take() else { return }
        do throws(TransferFailure) {
            self.transfer = try OutgoingTransfer(source, maximumMessageCount: maximumMessageCount)
        } catch {
            return await session.transfer(self.id, endedWith: .failed(error))
        }
        async let pumped: Void = self.pump(into: channel, of: session)
        while self.outcome == nil, let inputs = await self.inbox.next() {
            for input in inputs {
                self.handle(input)
            }
            self.settle()
            self.pump.take()?.resume()
            if let progress = self.meter.update(bytes: self.transfer?.confirmed ?? 0) {
                await session.transfer(self.id, hasProgressed: progress)
            }
        }
        await session.transfer(self.id, endedWith: self.outcome ?? .failed(.channelClosed))
        await pumped
        self.transfer = nil
    }

    private func handle(_ input: TransferInbox.Input) {
        switch input {
        case .message(let bytes): self.transfer?.handle(bytes.span)
        case .completed: self.transfer?.peerCompleted()
        case .cancelledByPeer(let reason): self.transfer?.peerCancelled(reason)
        case .cancelled: self.transfer?.cancel()
        case .closed: self.transfer?.channelClosed()
        }
    }

    private func settle() {
        while let event = self.transfer?.pollEvent() {
            switch event {
            case .sent: break
            case .delivered: self.outcome = .delivered(size: self.transfer?.confirmed ?? 0)
            case .failed(let failure): self.outcome = .failed(failure)
            }
        }
        if self.outcome != nil { self.inbox.finish() }
    }
}

extension SendingTransfer {
    /// Keeps the channel fed: while it takes one batch the next is read.
    private func pump(into channel: DataChannelID, of session: Session) async {
        var batch = self.prepare()
        while self.outcome == nil {
            guard !batch.isEmpty else {
                await withCheckedContinuation { self.pump = $0 }
                batch = self.prepare()
                continue
            }
            let ready = batch
            async let isSent = session.send(ready, on: channel)
            batch = self.prepare()
            guard await isSent else { return }
        }
    }

    private func prepare() -> [[UInt8]] {
        guard self.outcome == nil else { return [] }
        var batch: [[UInt8]] = []
        var count = 0
        // What the channel buffers holds up `send`, which is where the pump waits.
        while count < SessionLimits.batch, let message = self.transfer?.pollMessage(buffered: 0) {
            count += message.count
            batch.append(message)
        }
        self.settle()
        return batch
    }
}
