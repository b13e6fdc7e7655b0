// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// The channels of an allocation (RFC 8656 §12).
///
/// A number belongs to one peer and a peer to one number for as long as the server may believe so, and for five minutes
/// more: data of the past must not be taken for somebody else's. A binding whose answer never came counts as made.
struct ChannelTable: Sendable {
    /// RFC 8656 §12: "Channel bindings last for 10 minutes unless refreshed".
    static let lifetime: UInt64 = 600_000_000_000
    /// When one that is in use is refreshed: with a minute left for transactions that fail.
    static let refreshAge: UInt64 = 540_000_000_000
    /// RFC 8656 §12: after the expiry the client "MUST wait at least 5 minutes" before it binds otherwise.
    static let quarantine: UInt64 = 300_000_000_000
    /// A binding that was not used for so long is not refreshed.
    static let idleTime: UInt64 = 300_000_000_000
    /// How long a binding is not asked for again after a refusal or silence.
    static let refusalTime: UInt64 = 60_000_000_000
    /// RFC 8656 §12: "0x4000 through 0x4FFF: These values are the allowed channel numbers".
    static let numbers: ClosedRange<UInt16> = 0x4000...0x4FFF

    private struct Channel: Sendable {
        let number: UInt16
        let peer: SocketAddress
        /// Until when the server is known to have it bound.
        var boundUntil: Instant?
        /// Until when it may have it bound.
        var maybeBoundUntil: Instant
        var refreshAt: Instant?
        var refusedUntil: Instant?
        var isAsked = true
        var lastUsed: Instant

        /// When it is forgotten.
        var freeAt: Instant { self.maybeBoundUntil.advanced(byNanoseconds: ChannelTable.quarantine) }
        var deadline: Instant? { self.isAsked ? nil : self.refreshAt ?? self.freeAt }
    }

    private var channels: [Channel] = []
    private var nextNumber = ChannelTable.numbers.lowerBound

    /// The number to bind to a peer now; nil when it is bound, being bound, refused, or there are too many.
    mutating func bind(_ peer: SocketAddress, at now: Instant) -> UInt16? {
        if let index = self.channels.firstIndex(where: { $0.peer == peer }) {
            self.channels[index].lastUsed = now
            let channel = self.channels[index]
            guard !channel.isAsked, channel.boundUntil.map({ $0 <= now }) ?? true,
                channel.refusedUntil.map({ $0 <= now }) ?? true
            else { return nil }
            self.ask(index, at: now)
            return channel.number
        }
        guard self.channels.count < AllocationLimits.channels else { return nil }
        let number = self.freshNumber()
        let until = now.advanced(byNanoseconds: Self.lifetime)
        self.channels.append(Channel(number: number, peer: peer, maybeBoundUntil: until, lastUsed: now))
        return number
    }

    /// The number on which a peer can be sent to.
    mutating func use(_ peer: SocketAddress, at now: Instant) -> UInt16? {
        guard let index = self.channels.firstIndex(where: { $0.peer == peer }) else { return nil }
        self.channels[index].lastUsed = now
        guard let until = self.channels[index].boundUntil, until > now else { return nil }
        return self.channels[index].number
    }

    /// The peer that data on a channel comes from; nil when the number was not bound or cannot be any more.
    mutating func peer(of number: UInt16, at now: Instant) -> SocketAddress? {
        guard let index = self.index(number), self.channels[index].maybeBoundUntil > now else { return nil }
        self.channels[index].lastUsed = now
        return self.channels[index].peer
    }

    /// The server bound a channel, asked for at `start`.
    mutating func confirm(_ number: UInt16, from start: Instant, at now: Instant) {
        guard let index = self.index(number) else { return }
        self.channels[index].isAsked = false
        self.channels[index].refusedUntil = nil
        self.channels[index].boundUntil = start.advanced(byNanoseconds: Self.lifetime)
        // The request may have been taken at any time until now.
        self.channels[index].maybeBoundUntil = now.advanced(byNanoseconds: Self.lifetime)
        self.channels[index].refreshAt = start.advanced(byNanoseconds: Self.refreshAge)
    }

    /// The server refused to bind a channel, or did not answer.
    mutating func refuse(_ number: UInt16, isCertain: Bool, at now: Instant) {
        guard let index = self.index(number) else { return }
        self.channels[index].isAsked = false
        self.channels[index].refusedUntil = now.advanced(byNanoseconds: Self.refusalTime)
        self.channels[index].refreshAt = nil
        if !isCertain {
            self.channels[index].maybeBoundUntil = now.advanced(byNanoseconds: Self.lifetime)
        }
    }

    /// The channels to be bound again now; those that nobody uses lapse, and are forgotten in the end.
    mutating func takeDue(at now: Instant) -> [(number: UInt16, peer: SocketAddress)] {
        var due: [(number: UInt16, peer: SocketAddress)] = []
        for index in self.channels.indices where !self.channels[index].isAsked {
            let channel = self.channels[index]
            guard let at = channel.refreshAt, at <= now else { continue }
            self.channels[index].refreshAt = nil
            guard now.nanoseconds(since: channel.lastUsed) < Self.idleTime else { continue }
            self.ask(index, at: now)
            due.append((channel.number, channel.peer))
        }
        self.channels.removeAll { !$0.isAsked && $0.freeAt <= now }
        return due
    }

    /// When `takeDue` has something to do.
    var deadline: Instant? {
        self.channels.reduce(nil) { earliest($0, $1.deadline) }
    }

    /// Forgets everything: there is no allocation any more.
    ///
    /// Numbers go on where they were.
    mutating func removeAll() {
        self.channels = []
    }

    private mutating func ask(_ index: Int, at now: Instant) {
        self.channels[index].isAsked = true
        self.channels[index].refusedUntil = nil
        let until = now.advanced(byNanoseconds: Self.lifetime)
        self.channels[index].maybeBoundUntil = max(self.channels[index].maybeBoundUntil, until)
    }

    private func index(_ number: UInt16) -> Int? {
        self.channels.firstIndex { $0.number == number }
    }

    /// Numbers go round, so that one that was used is not used again for long; there are many more than channels.
    private mutating func freshNumber() -> UInt16 {
        var number = self.nextNumber
        while self.index(number) != nil {
            number = Self.following(number)
        }
        self.nextNumber = Self.following(number)
        return number
    }

    private static func following(_ number: UInt16) -> UInt16 {
        number < Self.numbers.upperBound ? number + 1 : Self.numbers.lowerBound
    }
}
