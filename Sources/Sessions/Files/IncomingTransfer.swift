// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import FileTransfer
import Wire

/// A transfer to the disk of this machine: the receiving machine and the store, bound together.
///
/// Whoever owns the channel hands in what arrives, then sends what `pollMessage()` gives and drains `pollEvent()`.
/// Writing happens within `pollMessage`, and so does the wait for the disk at the end.
package struct IncomingTransfer: ~Copyable {
    /// What happened.
    package enum Event: Equatable, Sendable {
        /// The file is verified, synced and in place under this name; tell the peer `complete` with the size.
        case completed(FileName, size: UInt64, digest: Digest256)
        /// The transfer failed; tell the peer the failure's `reasonForPeer`.
        case failed(TransferFailure)
    }

    private var receiver: TransferReceiver
    private let store: DownloadStore
    private var file: IncomingFile?
    private var finalName: FileName?

    /// Begins to receive what was offered and accepted.
    package init(_ offer: TransferOffer, into store: consuming DownloadStore) {
        self.receiver = TransferReceiver(offer)
        self.store = store
    }

    /// How many bytes were written.
    package var written: UInt64 { self.receiver.written }

    /// Whether the transfer has come to its end, in one way or the other.
    package var isEnded: Bool { self.receiver.isEnded }

    /// Takes a message of the transfer's channel.
    package mutating func handle(_ message: Span<UInt8>) { self.receiver.handle(message) }

    /// The peer ended the transfer.
    package mutating func peerCancelled(_ reason: TransferCancelReason) { self.receiver.peerCancelled(reason) }

    /// This side ends the transfer.
    package mutating func cancel() { self.receiver.cancel() }

    /// The channel or the whole connection is gone.
    package mutating func channelClosed() { self.receiver.channelClosed() }

    /// Does what is to be done on the disk, and gives the next message for the channel; call until nil after input.
    package mutating func pollMessage() -> [UInt8]? {
        while let action = self.receiver.pollAction() {
            if case .send(let message) = action { return message }
            do throws(FileFailure) {
                try self.perform(action)
            } catch {
                self.receiver.diskFailed("\(error)")
            }
        }
        return nil
    }

    /// The next event; drain after `pollMessage` gave nil.
    package mutating func pollEvent() -> Event? {
        switch self.receiver.pollEvent() {
        case .completed(let size, let digest):
            .completed(self.finalName ?? self.receiver.offer.fileName, size: size, digest: digest)
        case .failed(let failure):
            .failed(failure)
        case nil:
            nil
        }
    }

    private mutating func perform(_ action: TransferReceiver.Action) throws(FileFailure) {
        switch action {
        case .create(let entry):
            self.file = try self.store.create(entry)
        case .write(let offset, let bytes):
            try self.file?.write(bytes.span, at: offset)
            self.receiver.wrote(bytes.count)
        case .finish:
            self.finalName = try self.file.take()?.finish()
            self.receiver.finished()
        case .discard:
            self.file = nil
        case .send:
            break
        }
    }
}
