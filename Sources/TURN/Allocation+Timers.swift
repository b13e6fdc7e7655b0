// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import STUN
package import Wire

extension Allocation {
    /// Silence in either direction after which the allocation is refreshed although its time is not over.
    ///
    /// This keeps the binding of a NAT, some of which forget after 30 s, and tells of a server that was restarted.
    private static let datagramKeepalive: UInt64 = 15_000_000_000
    /// The same for streams, which NATs remember for longer.
    private static let streamKeepalive: UInt64 = 60_000_000_000

    /// Runs every timer that has expired; a spurious call does nothing.
    package mutating func handleTimeout(at now: Instant) {
        self.advanceExchanges(at: now)
        switch self.state {
        case .resting(let until) where until <= now:
            self.state = .asking
            self.start(.allocate, at: now)
        case .allocated(_, let until, _) where until <= now:
            self.lose(.expired, at: now)
        case .allocated(_, _, let refreshAt):
            if let due = self.refreshDeadline(refreshAt), due <= now {
                self.silence.noteInquiry()
                self.start(.refresh, at: now)
            }
            for ip in self.permissions.takeDue(at: now) {
                self.start(.permit(ip), at: now)
            }
            for (number, peer) in self.channels.takeDue(at: now) {
                self.start(.bind(channel: number, peer), at: now)
            }
        case .asking, .resting, .releasing, .ended:
            break
        }
    }

    /// When the allocation is to be refreshed; nil while that is being done.
    func refreshDeadline(_ refreshAt: Instant) -> Instant? {
        guard !self.exchanges.contains(where: { $0.purpose == .refresh }) else { return nil }
        let quiet = min(self.lastSent, self.lastHeard)
        // A stream tells of a server that is gone.
        guard self.configuration.transport == .datagram else {
            return min(refreshAt, quiet.advanced(byNanoseconds: Self.streamKeepalive))
        }
        let due = min(refreshAt, quiet.advanced(byNanoseconds: Self.datagramKeepalive))
        return earliest(due, self.silence.deadline)
    }

    private mutating func advanceExchanges(at now: Instant) {
        var expired: [Exchange] = []
        for index in self.exchanges.indices {
            self.exchanges[index].transaction.handleTimeout(at: now)
            if let bytes = self.exchanges[index].transaction.pollTransmit() {
                self.transmit(bytes, at: now)
            } else if self.exchanges[index].transaction.isExpired {
                expired.append(self.exchanges[index])
            }
        }
        self.exchanges.removeAll { $0.transaction.isExpired }
        for exchange in expired where self.state != .ended {
            self.giveUp(exchange, at: now)
        }
    }
}
