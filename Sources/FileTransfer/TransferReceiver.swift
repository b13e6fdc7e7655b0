// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Crypto
import DequeModule
import Wire

/// The receiving side of a transfer.
///
/// The driver hands in every message of the transfer's channel, then drains `pollAction()`, doing what each says in
/// order, and `pollEvent()`. It answers each write with `wrote(_:)`, `finish` with `finished()`, and trouble with the
/// disk with `diskFailed(_:)`. What is not yet written is bounded by `TransferLimits.window`.
///
///     beginning ─▶ receiving ─▶ verified ─▶ finishing ─▶ ended
///
/// A file gets its name only after the sender's `done`: a transfer that is cancelled at any time before leaves nothing.
package struct TransferReceiver: ~Copyable {
    /// What the driver is to do.
    package enum Action: Equatable, Sendable {
        /// Create the partial file of this entry.
        case create(TransferEntry)
        /// Write bytes, then call `wrote(_:)`.
        case write(offset: UInt64, bytes: [UInt8])
        /// Sync the file, rename it into place and sync the directory, then call `finished()`.
        case finish
        /// Remove the partial file.
        case discard
        /// Send this message on the transfer's channel.
        case send([UInt8])
    }

    /// What happened.
    package enum Event: Equatable, Sendable {
        /// The file is verified, synced and in place; tell the peer `complete` with this size.
        case completed(size: UInt64, digest: Digest256)
        /// The transfer failed; tell the peer the failure's `reasonForPeer`.
        case failed(TransferFailure)
    }

    private enum State {
        case beginning
        case receiving(TransferEntry)
        case verified(Digest256)
        case finishing(Digest256)
        case ended
    }

    /// What was offered, and is the only thing that is taken.
    package let offer: TransferOffer
    private var state = State.beginning
    private var hash = SHA256()
    private var received: UInt64 = 0
    private var reported: UInt64 = 0
    private var actions: Deque<Action> = []
    private var events: [Event] = []

    /// How many bytes were written: what progress shows.
    package private(set) var written: UInt64 = 0

    /// Creates a receiver for what was offered and accepted.
    package init(_ offer: TransferOffer) {
        self.offer = offer
    }

    /// The next thing to do; nil when there is none before the next input.
    package mutating func pollAction() -> Action? {
        self.actions.popFirst()
    }

    /// The next event; drain after every input.
    package mutating func pollEvent() -> Event? {
        self.events.isEmpty ? nil : self.events.removeFirst()
    }

    /// Whether the transfer has come to its end, in one way or the other.
    package var isEnded: Bool {
        if case .ended = self.state { true } else { false }
    }
}

extension TransferReceiver {
    /// Takes a message that the sender sent on the transfer's channel.
    package mutating func handle(_ message: Span<UInt8>) {
        guard !self.isEnded else { return }
        let parsed: TransferMessage
        do throws(TransferMessageError) {
            parsed = try TransferMessage(parsing: message)
        } catch {
            return self.fail(.malformed(error))
        }
        do throws(TransferFailure) {
            switch parsed {
            case .entry(let entry): try self.begin(entry)
            case .block(let block): try self.take(block)
            case .end(let index, let size, let digest): try self.end(index: index, size: size, digest: digest)
            case .done(let entries, let size): try self.done(entries: entries, size: size)
            case .received: throw .violation(.outOfTurn)
            case .ignorable: break
            }
        } catch {
            self.fail(error)
        }
    }

    /// `count` more bytes were written.
    package mutating func wrote(_ count: Int) {
        guard !self.isEnded, count > 0 else { return }
        self.written = min(self.written + UInt64(count), self.received)
        if self.written - self.reported >= TransferLimits.reportInterval {
            self.report()
        }
    }

    /// The file is synced and in place.
    package mutating func finished() {
        guard case .finishing(let digest) = self.state else { return }
        self.written = self.received
        if self.reported < self.written {
            self.report()
        }
        self.state = .ended
        self.events.append(.completed(size: self.received, digest: digest))
    }

    /// Creating, writing or finishing failed; the sentence says how.
    package mutating func diskFailed(_ sentence: String) {
        self.fail(.localFile(sentence))
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

extension TransferReceiver {
    private mutating func begin(_ entry: TransferEntry) throws(TransferFailure) {
        guard case .beginning = self.state else { throw .violation(.outOfTurn) }
        guard entry.index == 0 else { throw .violation(.wrongEntry) }
        guard entry.name == self.offer.name, entry.size == self.offer.size else { throw .violation(.notAsOffered) }
        self.state = .receiving(entry)
        self.actions.append(.create(entry))
    }

    private mutating func take(_ block: TransferBlock) throws(TransferFailure) {
        guard case .receiving(let entry) = self.state else { throw .violation(.outOfTurn) }
        guard block.index == entry.index else { throw .violation(.wrongEntry) }
        let count = UInt64(block.bytes.count)
        let limit = UInt64(entry.blockSize)
        let isExpected =
            if let size = entry.size { count == min(limit, size - self.received) } else { count <= limit }
        guard block.offset == self.received, isExpected, self.received + count <= TransferLimits.fileSize else {
            throw .violation(.wrongBlock)
        }
        guard self.received + count - self.written <= TransferLimits.window else {
            throw .violation(.windowExceeded)
        }
        guard Digest256(of: block.bytes.span) == block.digest else { throw .blockCorrupted(offset: block.offset) }
        self.hash.update(block.bytes.span)
        self.received += count
        self.actions.append(.write(offset: block.offset, bytes: block.bytes))
    }

    private mutating func end(index: UInt32, size: UInt64, digest: Digest256) throws(TransferFailure) {
        guard case .receiving(let entry) = self.state else { throw .violation(.outOfTurn) }
        guard index == entry.index else { throw .violation(.wrongEntry) }
        guard size == self.received, size == entry.size ?? size else { throw .violation(.wrongSize) }
        guard Digest256(self.hash) == digest else { throw .fileCorrupted }
        self.state = .verified(digest)
    }

    private mutating func done(entries: UInt32, size: UInt64) throws(TransferFailure) {
        guard case .verified(let digest) = self.state else { throw .violation(.outOfTurn) }
        guard entries == TransferLimits.entryCount else { throw .violation(.wrongEntry) }
        guard size == self.received else { throw .violation(.wrongSize) }
        self.state = .finishing(digest)
        self.actions.append(.finish)
    }

    private mutating func report() {
        self.reported = self.written
        self.actions.append(.send(TransferMessage.received(self.written).encoded))
    }

    private mutating func fail(_ failure: TransferFailure) {
        guard !self.isEnded else { return }
        self.actions.removeAll()
        if case .beginning = self.state {
        } else {
            self.actions.append(.discard)
        }
        self.state = .ended
        self.events.append(.failed(failure))
    }
}
