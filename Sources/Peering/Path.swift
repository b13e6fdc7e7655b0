// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import ICE
package import Wire

/// The two ends of a path between peers, as this host uses them.
package struct Path: Hashable, Sendable {
    /// The local base address to send from.
    package var local: SocketAddress
    /// The remote address to send to.
    package var remote: SocketAddress

    /// Creates a path.
    package init(local: SocketAddress, remote: SocketAddress) {
        self.local = local
        self.remote = remote
    }
}

/// The path in use, in terms that a person can be told.
package struct PathDescription: Hashable, Sendable {
    /// This side's candidate.
    package var local: Candidate
    /// The other side's candidate.
    package var remote: Candidate
    /// The round-trip time of the last connectivity check; nil before there is one.
    package var roundTripTime: Duration?

    /// Creates a description.
    package init(local: Candidate, remote: Candidate, roundTripTime: Duration?) {
        self.local = local
        self.remote = remote
        self.roundTripTime = roundTripTime
    }

    /// Whether nothing relays between the two sides.
    package var isDirect: Bool { self.local.kind != .relayed && self.remote.kind != .relayed }
}

extension PathDescription: CustomStringConvertible {
    /// `direct udp 192.0.2.7:41233 (srflx) → 198.51.100.3:5512 (host), 12 ms`.
    package var description: String {
        let way = self.isDirect ? "direct" : "relayed"
        let ends =
            "\(self.local.address) (\(self.local.kind.rawValue)) → "
            + "\(self.remote.address) (\(self.remote.kind.rawValue))"
        let transport = self.local.transport.name
        guard let time = self.roundTripTime else { return "\(way) \(transport) \(ends)" }
        return "\(way) \(transport) \(ends), \(Self.milliseconds(time))"
    }

    private static func milliseconds(_ time: Duration) -> String {
        let microseconds = time.wholeNanoseconds / 1000
        guard microseconds < 10_000 else { return "\((microseconds + 500) / 1000) ms" }
        let tenths = (microseconds + 50) / 100
        return "\(tenths / 10).\(tenths % 10) ms"
    }
}
