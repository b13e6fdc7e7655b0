// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import DTLS
import Wire

/// One handshake.
final class Handshake {
    /// Where its datagrams are sent.
    var path: Path
    /// Whether the other side's description names the remote address.
    let isTold: Bool
    /// When it began.
    let startedAt: Instant
    /// When anything came that it could take.
    var lastHeard: Instant?
    /// The state of DTLS.
    var connection: DTLSConnection
    /// As a server, what tells this handshake from another of the same client (RFC 5246 §7.4.1.2).
    var clientRandom: [UInt8] = []

    /// Creates a handshake that has not started.
    init(path: Path, isTold: Bool, startedAt: Instant, connection: consuming DTLSConnection) {
        self.path = path
        self.isTold = isTold
        self.startedAt = startedAt
        self.connection = connection
    }
}

/// The handshakes that run at the same time, of which nobody can take all.
///
/// Whoever saw the descriptions may pass checks from thousands of ports. Addresses that the other side has told are
/// never made to give way to others, and one IP address that it has not told gets a share only.
struct HandshakeSlots {
    /// Handshakes that run at the same time.
    static let maximum = 8
    /// Of these, on paths to one IP address which the other side has not told.
    static let maximumPerStranger = 2
    /// Of these, on paths to all addresses which the other side has not told.
    static let maximumOfStrangers = 6

    /// Those that run, oldest first.
    private(set) var all: [Handshake] = []

    /// The handshake on a path.
    subscript(path: Path) -> Handshake? { self.all.first { $0.path == path } }

    /// Adds a handshake; the oldest one among too many of its kind ends.
    mutating func insert(_ handshake: Handshake) {
        if handshake.isTold {
            self.trim(to: Self.maximum - 1, of: self.all)
        } else {
            let strangers = self.all.filter { !$0.isTold }
            let neighbours = strangers.filter { $0.path.remote.ip == handshake.path.remote.ip }
            self.trim(to: Self.maximumPerStranger - 1, of: neighbours)
            self.trim(to: Self.maximumOfStrangers - 1, of: self.all.filter { !$0.isTold })
            if self.all.count >= Self.maximum { self.trim(to: Self.maximum - 1, of: self.all) }
        }
        self.all.append(handshake)
    }

    /// Ends strangers before others and older handshakes before younger ones, until so many of a group are left.
    private mutating func trim(to count: Int, of group: [Handshake]) {
        let ordered = group.filter { !$0.isTold } + group.filter(\.isTold)
        for handshake in ordered.prefix(max(0, group.count - count)) {
            self.remove(handshake)
        }
    }

    /// Ends a handshake.
    mutating func remove(_ handshake: Handshake) {
        self.all.removeAll { $0 === handshake }
    }

    /// Ends all but one, or all.
    mutating func keep(only handshake: Handshake?) {
        self.all = handshake.map { [$0] } ?? []
    }
}
