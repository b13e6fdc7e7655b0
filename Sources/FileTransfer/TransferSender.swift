// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import Wire

/// The sending side of a transfer.
///
/// The driver loops over `pollAction(buffered:)`, does what it says, and answers a read with `supply(_:)` and a check
/// with `sourceIsUnchanged()`; then it drains `pollEvent()`. It polls again after each input and whenever the channel's
/// buffer has drained. At most one block is held in memory.
///
///     announcing ─▶ ready ─▶ reading ─▶ ready … ─▶ checking ─▶ waiting ─▶ ended
package struct TransferSender: ~Copyable {
    /// What the driver is to do.
    package enum Action: Equatable, Sendable {
        /// Send this message on the transfer's channel.
        case send([UInt8])
        /// Read exactly `count` bytes of a file, fewer at its end only, or what a stream has; then call `supply(_:)`.
        case read(offset: UInt64, count: Int)
        /// See whether the source still has the size and time that it had when opened.
        case checkSource
    }

    /// What happened.
    package enum Event: Equatable, Sendable {
        /// Everything was handed to the channel; the receiver has yet to confirm.
        case sent
        /// The receiver has verified, synced and renamed the file.
        case delivered
        /// The transfer failed; tell the peer the failure's `reasonForPeer`.
        case failed(TransferFailure)
    }

    private enum State {
        case announcing
        case ready
        case reading(count: Int)
        case checking
        case waiting
        case ended
    }

    /// A channel that holds this many bytes gets no more, in bytes.
    package static let bufferMark = 4_194_304

    /// What is being sent.
    package let entry: TransferEntry
    private var state = State.announcing
    private var hash = SHA256()
    private var offset: UInt64 = 0
    private var outgoing: [[UInt8]] = []
    private var events: [Event] = []

    /// How many bytes the receiver has written: what progress shows.
    package private(set) var confirmed: UInt64 = 0

    /// Creates a sender that adapts its blocks to the largest message that the peer takes, in bytes.
    ///
    /// Throws `messagesTooSmall` below `TransferLimits.leastMessageCount`, and `localFile` for a name or size that the
    /// protocol cannot carry.
    package init(
        _ offer: TransferOffer,
        mode: UInt16? = nil,
        modified: FileTime? = nil,
        maximumMessageCount: Int
    ) throws(TransferFailure) {
        guard maximumMessageCount >= TransferLimits.leastMessageCount else {
            throw .messagesTooSmall(maximumMessageCount)
        }
        guard offer.name.count <= TransferLimits.nameCount, offer.size ?? 0 <= TransferLimits.fileSize else {
            throw .localFile("The file's name or size is beyond what a transfer can carry.")
        }
        let room = min(maximumMessageCount, TransferLimits.messageCount) - TransferBlock.headerCount
        self.entry = TransferEntry(
            kind: offer.size == nil ? .stream : .file,
            size: offer.size,
            mode: mode.map { $0 & 0o777 },
            modified: modified,
            blockSize: UInt32(min(room / 1_024 * 1_024, TransferLimits.blockCount)),
            name: offer.name
        )
    }

    /// The next thing to do while the channel holds `buffered` unsent bytes; nil means that it waits for something.
    package mutating func pollAction(buffered: Int) -> Action? {
        if !self.outgoing.isEmpty {
            return buffered < Self.bufferMark ? self.sendNext() : nil
        }
        switch self.state {
        case .announcing:
            self.state = .ready
            return .send(TransferMessage.entry(self.entry).encoded)
        case .ready:
            return buffered < Self.bufferMark ? self.readNext() : nil
        case .reading, .checking, .waiting, .ended:
            return nil
        }
    }

    /// The next event; drain after every input and every round of actions.
    package mutating func pollEvent() -> Event? {
        self.events.isEmpty ? nil : self.events.removeFirst()
    }

    /// Whether the transfer has come to its end, in one way or the other.
    package var isEnded: Bool {
        if case .ended = self.state { true } else { false }
    }
}

extension TransferSender {
    /// Takes what was read; no bytes are the end of a stream.
    ///
    /// Fewer bytes of a file than were asked for mean that it has shrunk.
    package mutating func supply(_ bytes: Span<UInt8>) {
        guard case .reading(let count) = self.state else { return }
        let isShort = bytes.count != count && self.entry.size != nil
        guard !isShort, bytes.count <= count, self.offset + UInt64(bytes.count) <= TransferLimits.fileSize else {
            return self.fail(.sourceChanged)
        }
        guard bytes.count > 0 else { return self.finish() }
        self.hash.update(bytes)
        self.outgoing.append(
            TransferMessage.encodedBlock(index: self.entry.index, offset: self.offset, bytes: bytes)
        )
        self.offset += UInt64(bytes.count)
        self.state = .ready
    }

    /// Answers `checkSource`: nothing changed.
    package mutating func sourceIsUnchanged() {
        guard case .checking = self.state else { return }
        self.finish()
    }

    /// The source has changed since it was opened.
    package mutating func sourceHasChanged() {
        self.fail(.sourceChanged)
    }

    /// Reading failed; the sentence says how.
    package mutating func sourceFailed(_ sentence: String) {
        self.fail(.localFile(sentence))
    }

    /// Takes a message that the receiver sent on the transfer's channel.
    package mutating func handle(_ message: Span<UInt8>) {
        guard !self.isEnded else { return }
        let parsed: TransferMessage
        do throws(TransferMessageError) {
            parsed = try TransferMessage(parsing: message)
        } catch {
            return self.fail(.malformed(error))
        }
        switch parsed {
        case .received(let total):
            guard total >= self.confirmed, total <= self.offset else { return self.fail(.violation(.wrongReport)) }
            self.confirmed = total
        case .ignorable:
            break
        case .entry, .block, .end, .done:
            self.fail(.violation(.outOfTurn))
        }
    }

    /// The peer said, on the conversation's channel, that the file is complete on its disk.
    package mutating func peerCompleted() {
        guard !self.isEnded else { return }
        guard case .waiting = self.state else { return self.fail(.violation(.completedEarly)) }
        self.confirmed = self.offset
        self.state = .ended
        self.events.append(.delivered)
    }

    /// The peer ended the transfer.
    package mutating func peerCancelled(_ reason: TransferCancelReason) {
        self.fail(.cancelledByPeer(reason))
    }

    /// This side ends the transfer.
    package mutating func cancel() {
        self.fail(.cancelledHere)
    }

    /// The channel or the whole connection is gone.
    package mutating func channelClosed() {
        self.fail(.channelClosed)
    }
}

extension TransferSender {
    private mutating func sendNext() -> Action {
        let message = self.outgoing.removeFirst()
        if self.outgoing.isEmpty, case .waiting = self.state {
            self.events.append(.sent)
        }
        return .send(message)
    }

    private mutating func readNext() -> Action? {
        let blockSize = UInt64(self.entry.blockSize)
        let left = self.entry.size.map { $0 - self.offset } ?? blockSize
        guard left > 0 else {
            self.state = .checking
            return .checkSource
        }
        let count = min(left, blockSize)
        guard self.offset + count - self.confirmed <= TransferLimits.window else { return nil }
        self.state = .reading(count: Int(count))
        return .read(offset: self.offset, count: Int(count))
    }

    private mutating func finish() {
        let end = TransferMessage.end(index: self.entry.index, size: self.offset, digest: Digest256(self.hash))
        self.outgoing.append(end.encoded)
        self.outgoing.append(TransferMessage.done(entries: 1, size: self.offset).encoded)
        self.state = .waiting
    }

    private mutating func fail(_ failure: TransferFailure) {
        guard !self.isEnded else { return }
        self.state = .ended
        self.outgoing.removeAll()
        self.events.append(.failed(failure))
    }
}
