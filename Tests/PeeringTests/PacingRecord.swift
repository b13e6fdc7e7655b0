// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
import TURN
import Wire

/// Whether a peer keeps to the pace of RFC 8445 §14 and RFC 8489 §6.2.1, as its network sees it.
struct PacingRecord {
    /// Ta (RFC 8445 §14.2).
    private static let interval = Duration.milliseconds(50)
    /// The least time until the first repetition: RFC 8445 §14.3 forbids less.
    private static let leastTimeout = Duration.milliseconds(500)
    /// Rc (RFC 8489 §6.2.1).
    private static let maximumSends = 7

    /// Between which ends a transaction is; the local one is a relay's where it goes through one.
    private struct Way: Hashable {
        let local: SocketAddress
        /// Nil behind a channel, which is there only where data goes.
        let remote: SocketAddress?
    }

    private struct Transaction {
        let way: Way
        var sends = 1
        var lastSent: Instant
        /// It waited for the permission of a relay, which moved its first transmission but not the others.
        let hasWaited: Bool
    }

    /// What the rules forbid, with the time.
    private(set) var violations: [String] = []
    private var transactions: [TransactionID: Transaction] = [:]
    /// Where a response came: further requests there ask for consent, or keep the way open (RFC 7675).
    private var answered: Set<Way> = []
    private var lastStart: Instant?
    private var lastPermission: Instant?
    private var lastRedirection: Instant?

    /// Takes note of a datagram that leaves.
    mutating func noteSent(_ bytes: [UInt8], from local: SocketAddress, to remote: SocketAddress, at now: Instant) {
        guard let (message, way) = Self.unwrap(bytes, Way(local: local, remote: remote)),
            message.messageClass == .request
        else { return }
        if self.transactions[message.transactionID] != nil {
            self.noteRepetition(of: message.transactionID, at: now)
            return
        }
        let hasWaited = way.local != local && self.lastPermission == now
        self.transactions[message.transactionID] = Transaction(way: way, lastSent: now, hasWaited: hasWaited)
        switch message.method {
        case .binding where way.remote != nil && !hasWaited && !self.answered.contains(way):
            self.noteStart(of: "a check to \(way)", at: now)
        case .allocate where message.integrity.isEmpty && self.lastRedirection != now:
            self.noteStart(of: "an allocation", at: now)
        default: break
        }
    }

    /// Takes note of a datagram that arrives.
    mutating func noteReceived(_ bytes: [UInt8], from remote: SocketAddress, on local: SocketAddress, at now: Instant) {
        guard let (message, _) = Self.unwrap(bytes, Way(local: local, remote: remote)),
            let transaction = self.transactions[message.transactionID]
        else { return }
        if message.messageClass == .success, message.method == .binding { self.answered.insert(transaction.way) }
        if message.errorCode == .tryAlternate { self.lastRedirection = now }
        if message.method == .createPermission || message.method == .channelBind { self.lastPermission = now }
    }

    private mutating func noteStart(of what: String, at now: Instant) {
        if let last = self.lastStart, now - last < Self.interval {
            self.violations.append("\(Self.time(now)): \(what) \(now - last) after another start")
        }
        self.lastStart = now
    }

    private mutating func noteRepetition(of id: TransactionID, at now: Instant) {
        guard var transaction = self.transactions[id] else { return }
        let least = Self.leastTimeout * (1 << (transaction.sends - 1))
        let passed = now - transaction.lastSent
        if passed < least, !transaction.hasWaited {
            self.violations.append("\(Self.time(now)): number \(transaction.sends + 1) after \(passed)")
        }
        transaction.sends += 1
        transaction.lastSent = now
        if transaction.sends > Self.maximumSends { self.violations.append("\(Self.time(now)): too many repetitions") }
        self.transactions[id] = transaction
    }

    /// The STUN message in a datagram, be it wrapped for a relay or not, and between which ends it is.
    private static func unwrap(_ bytes: [UInt8], _ way: Way) -> (STUNMessage, Way)? {
        guard bytes.count >= 4 else { return nil }
        if (0x40...0x4F).contains(bytes[0]) {
            return Self.unwrap(Array(bytes.dropFirst(4)), Way(local: way.local, remote: nil))
        }
        guard let message = try? STUNMessage(parsing: bytes.span) else { return nil }
        guard message.messageClass == .indication, let peer = message.peerAddresses.first,
            let payload = message.raw(.data)
        else { return (message, way) }
        return Self.unwrap(payload, Way(local: way.remote ?? way.local, remote: peer))
    }

    private static func time(_ now: Instant) -> String { "\(now.nanoseconds / 1_000_000) ms" }
}
