// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import FileTransfer
import Wire

/// A transfer of a file of this machine: the sending machine and the file, bound together.
///
/// Whoever owns the channel sends what `pollMessage(buffered:)` gives, hands in what arrives, and drains `pollEvent()`.
/// Reading happens within `pollMessage`.
package struct OutgoingTransfer: ~Copyable {
    private var sender: TransferSender
    private let source: SourceFile

    /// Begins to send an opened file to a peer that takes messages of this many bytes.
    package init(_ source: consuming SourceFile, maximumMessageCount: Int) throws(TransferFailure) {
        self.sender = try TransferSender(
            source.offer,
            mode: source.mode,
            modified: source.modified,
            maximumMessageCount: maximumMessageCount
        )
        self.source = source
    }

    /// How many bytes the receiver has written.
    package var confirmed: UInt64 { self.sender.confirmed }

    /// Whether the transfer has come to its end, in one way or the other.
    package var isEnded: Bool { self.sender.isEnded }

    /// The next message for the channel, which holds `buffered` unsent bytes; nil while there is something to wait for.
    package mutating func pollMessage(buffered: Int) -> [UInt8]? {
        while let action = self.sender.pollAction(buffered: buffered) {
            switch action {
            case .send(let message): return message
            case .read(let offset, let count): self.read(offset: offset, count: count)
            case .checkSource: self.checkSource()
            }
        }
        return nil
    }

    /// The next event; drain after each input and after `pollMessage` gave nil.
    package mutating func pollEvent() -> TransferSender.Event? { self.sender.pollEvent() }

    /// Takes a message of the transfer's channel.
    package mutating func handle(_ message: Span<UInt8>) { self.sender.handle(message) }

    /// The peer said that the file is complete on its disk.
    package mutating func peerCompleted() { self.sender.peerCompleted() }

    /// The peer ended the transfer.
    package mutating func peerCancelled(_ reason: TransferCancelReason) { self.sender.peerCancelled(reason) }

    /// This side ends the transfer.
    package mutating func cancel() { self.sender.cancel() }

    /// The channel or the whole connection is gone.
    package mutating func channelClosed() { self.sender.channelClosed() }

    private mutating func read(offset: UInt64, count: Int) {
        do throws(FileFailure) {
            let bytes = try self.source.read(offset: offset, count: count)
            self.sender.supply(bytes.span)
        } catch {
            self.sender.sourceFailed("\(error)")
        }
    }

    private mutating func checkSource() {
        if self.source.isUnchanged {
            self.sender.sourceIsUnchanged()
        } else {
            self.sender.sourceHasChanged()
        }
    }
}
