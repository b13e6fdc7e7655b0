// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

/// Datagrams that wait until a peer may be sent to.
struct WaitingDatagrams: Sendable {
    let peer: SocketAddress
    let bytes: [UInt8]
    let segmentSize: Int
}

/// The addresses that the server lets through (RFC 8656 §9).
struct PermissionTable: Sendable {
    /// RFC 8656 §9: "The Permission Lifetime MUST be 300 seconds (= 5 minutes)".
    static let lifetime: UInt64 = 300_000_000_000
    /// When one that is in use is refreshed: with a minute left for transactions that fail.
    static let refreshAge: UInt64 = 240_000_000_000
    /// How long nothing is asked for again after a refusal or silence.
    static let refusalTime: UInt64 = 10_000_000_000

    /// What a datagram for a peer meets.
    enum Passage: Hashable, Sendable {
        /// It can be sent.
        case open
        /// It has to wait, and the permission is to be asked for now.
        case toBeAsked
        /// It has to wait for a permission that was asked for.
        case asked
        /// It cannot be sent.
        case closed
    }

    private struct Permission: Sendable {
        let ip: IPAddress
        var grantedUntil: Instant?
        var refusedUntil: Instant?
        var refreshAt: Instant?
        var isAsked = false
        var lastUsed: Instant
        var waiting: [WaitingDatagrams] = []

        /// When nothing is left of it, unless it is used again.
        var deadline: Instant? {
            self.isAsked ? nil : self.refreshAt ?? self.grantedUntil ?? self.refusedUntil ?? .zero
        }
    }

    private var permissions: [Permission] = []
    /// Bytes that wait.
    private(set) var waitingBytes = 0

    /// Notes that data came from an address; false when nothing allowed it to.
    mutating func noteHeard(_ ip: IPAddress, at now: Instant) -> Bool {
        guard let index = self.index(ip) else { return false }
        self.permissions[index].lastUsed = now
        return self.permissions[index].isAsked || self.permissions[index].grantedUntil != nil
    }

    /// Tells what a datagram to an address meets now.
    mutating func passage(to ip: IPAddress, at now: Instant) -> Passage {
        if let index = self.index(ip) {
            self.permissions[index].lastUsed = now
            let permission = self.permissions[index]
            if let until = permission.grantedUntil, until > now { return .open }
            if permission.isAsked { return .asked }
            if let until = permission.refusedUntil, until > now { return .closed }
            self.permissions[index].grantedUntil = nil
            self.permissions[index].refusedUntil = nil
            self.permissions[index].isAsked = true
            return .toBeAsked
        }
        guard let index = self.insert(ip, at: now) else { return .closed }
        self.permissions[index].isAsked = true
        return .toBeAsked
    }

    /// Lets datagrams wait for the permission of their peer; false when too much waits already.
    mutating func wait(_ datagrams: WaitingDatagrams) -> Bool {
        guard self.waitingBytes + datagrams.bytes.count <= AllocationLimits.waitingBytes,
            let index = self.index(datagrams.peer.ip)
        else { return false }
        self.waitingBytes += datagrams.bytes.count
        self.permissions[index].waiting.append(datagrams)
        return true
    }

    /// The server gave a permission that was asked for at `start`; returns what waited for it.
    ///
    /// With a channel comes a permission that was not asked for (RFC 8656 §12.2): `answers` is false then.
    mutating func grant(_ ip: IPAddress, from start: Instant, answers isAnswer: Bool) -> [WaitingDatagrams] {
        guard let index = self.index(ip) ?? self.insert(ip, at: start) else { return [] }
        if isAnswer { self.permissions[index].isAsked = false }
        self.permissions[index].refusedUntil = nil
        self.permissions[index].grantedUntil = start.advanced(byNanoseconds: Self.lifetime)
        self.permissions[index].refreshAt = start.advanced(byNanoseconds: Self.refreshAge)
        return self.takeWaiting(index)
    }

    /// The server refused a permission, or did not answer; what waited for it is lost.
    mutating func refuse(_ ip: IPAddress, at now: Instant) {
        guard let index = self.index(ip) else { return }
        let retry = now.advanced(byNanoseconds: Self.refusalTime)
        self.permissions[index].isAsked = false
        if let until = self.permissions[index].grantedUntil, until > now {
            self.permissions[index].refreshAt = min(retry, until)
        } else {
            self.permissions[index].grantedUntil = nil
            self.permissions[index].refreshAt = nil
            self.permissions[index].refusedUntil = retry
        }
        _ = self.takeWaiting(index)
    }

    /// The addresses whose permission is to be asked for again now; those that nobody uses are forgotten instead.
    mutating func takeDue(at now: Instant) -> [IPAddress] {
        var due: [IPAddress] = []
        for index in self.permissions.indices where !self.permissions[index].isAsked {
            let permission = self.permissions[index]
            guard let at = permission.refreshAt, at <= now else { continue }
            self.permissions[index].refreshAt = nil
            guard let until = permission.grantedUntil, until > now,
                now.nanoseconds(since: permission.lastUsed) < Self.refreshAge
            else { continue }
            self.permissions[index].isAsked = true
            due.append(permission.ip)
        }
        self.permissions.removeAll { permission in permission.deadline.map { $0 <= now } ?? false }
        return due
    }

    /// When `takeDue` has something to do.
    var deadline: Instant? {
        self.permissions.reduce(nil) { earliest($0, $1.deadline) }
    }

    /// Forgets everything: there is no allocation any more.
    mutating func removeAll() {
        self.permissions = []
        self.waitingBytes = 0
    }

    private func index(_ ip: IPAddress) -> Int? {
        self.permissions.firstIndex { $0.ip == ip }
    }

    private mutating func takeWaiting(_ index: Int) -> [WaitingDatagrams] {
        let waiting = self.permissions[index].waiting
        self.permissions[index].waiting = []
        self.waitingBytes -= waiting.reduce(0) { $0 + $1.bytes.count }
        return waiting
    }

    /// Adds an address, if there is room or what is idle can go for it.
    private mutating func insert(_ ip: IPAddress, at now: Instant) -> Int? {
        guard self.permissions.count < AllocationLimits.permissions || self.forgetIdle(at: now) else { return nil }
        self.permissions.append(Permission(ip: ip, lastUsed: now))
        return self.permissions.count - 1
    }

    /// Makes room by forgetting what was used least recently; false when everything is in use.
    private mutating func forgetIdle(at now: Instant) -> Bool {
        let idle = self.permissions.indices
            .filter { !self.permissions[$0].isAsked && self.permissions[$0].lastUsed < now }
            .min { self.permissions[$0].lastUsed < self.permissions[$1].lastUsed }
        guard let idle else { return false }
        self.permissions.remove(at: idle)
        return true
    }
}
