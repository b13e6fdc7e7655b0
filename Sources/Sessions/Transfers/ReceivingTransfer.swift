// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DataChannels
import FileTransfer

/// Receives a file: verifies and writes on a thread of its own.
actor ReceivingTransfer {
    /// Where messages and decisions come in.
    nonisolated let inbox: TransferInbox
    nonisolated var unownedExecutor: UnownedSerialExecutor { self.executor.asUnownedSerialExecutor() }

    private let executor = DiskExecutor()
    private let id: TransferID
    private let offer: TransferOffer
    private let target: DownloadTarget
    private var transfer: IncomingTransfer?
    private var meter: ProgressMeter
    private var outcome: TransferOutcome?

    /// Prepares to receive what is offered; `open` comes before `run`.
    init(_ offer: TransferOffer, id: TransferID, into target: DownloadTarget, gate: Gate) {
        self.inbox = TransferInbox(gate: gate)
        self.id = id
        self.offer = offer
        self.target = target
        self.meter = ProgressMeter(total: offer.size)
    }

    /// Opens the directory.
    func open(onConflict policy: ConflictPolicy) throws(FileFailure) {
        let store = try DownloadStore(self.target, onConflict: policy)
        self.transfer = IncomingTransfer(self.offer, into: store)
    }

    /// Receives the file from an open channel, to its end or to the end of `inbox`.
    func run(on channel: DataChannelID, for session: Session) async {
        while self.outcome == nil, let inputs = await self.inbox.next() {
            var replies: [[UInt8]] = []
            for input in inputs where self.outcome == nil {
                self.handle(input)
                while let reply = self.transfer?.pollMessage() {
                    replies.append(reply)
                }
                self.settle()
            }
            if !replies.isEmpty {
                _ = await session.send(replies, on: channel)
            }
            if let progress = self.meter.update(bytes: self.transfer?.written ?? 0) {
                await session.transfer(self.id, hasProgressed: progress)
            }
        }
        // The partial file is gone before anybody hears of the end.
        self.transfer = nil
        await session.transfer(self.id, endedWith: self.outcome ?? .failed(.channelClosed))
    }

    private func handle(_ input: TransferInbox.Input) {
        switch input {
        case .message(let bytes): self.transfer?.handle(bytes.span)
        case .completed: break
        case .cancelledByPeer(let reason): self.transfer?.peerCancelled(reason)
        case .cancelled: self.transfer?.cancel()
        case .closed: self.transfer?.channelClosed()
        }
    }

    private func settle() {
        while let event = self.transfer?.pollEvent() {
            switch event {
            case .completed(let name, let size, let digest):
                let file = ReceivedFile(directory: self.target.directory, name: name, size: size, digest: digest)
                self.outcome = .received(file)
            case .failed(let failure):
                self.outcome = .failed(failure)
            }
        }
        if self.outcome != nil { self.inbox.finish() }
    }
}
