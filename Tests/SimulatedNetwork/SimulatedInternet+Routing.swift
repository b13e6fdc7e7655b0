// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

import Wire

extension SimulatedInternet {
    /// Takes a datagram out through the boxes before its sender, until it is where its destination is, and in through
    /// those before its receiver; nil when one of them refuses.
    mutating func route(
        _ bytes: [UInt8],
        from inner: SocketAddress,
        to destination: SocketAddress,
        at now: Instant
    ) -> SimulatedDatagram? {
        var source = inner
        var network = self.boxOfHost[inner.ip]
        var left: Int?
        while let box = network, !self.isReachable(destination.ip, in: network) {
            source = self.boxes[box].outgoing(from: source, to: destination, random: &self.random, at: now)
            left = box
            network = self.boxes[box].outside
        }
        if left == nil, let network, self.boxes[network].isolates, self.boxOfHost[destination.ip] == network {
            return nil
        }
        guard let receiver = self.enter(network, leaving: left, from: source, to: destination, at: now) else {
            return nil
        }
        return SimulatedDatagram(source: source, destination: receiver, bytes: bytes)
    }

    /// The address of the host that a datagram reaches in a network.
    ///
    /// A box that it has just `left` turns it round only if it hairpins; the source stays the external one (RFC 4787 §6,
    /// REQ-9a).
    private mutating func enter(
        _ outermost: Int?,
        leaving left: Int?,
        from source: SocketAddress,
        to destination: SocketAddress,
        at now: Instant
    ) -> SocketAddress? {
        var destination = destination
        var network = outermost
        while let box = self.box(for: destination.ip, in: network) {
            guard box != left || self.boxes[box].behaviour.hairpinning,
                let inner = self.boxes[box].incoming(to: destination, from: source, at: now)
            else { return nil }
            destination = inner
            network = box
        }
        return self.boxOfHost[destination.ip] == network ? destination : nil
    }

    /// Whether a host or a box with an address is in a network; everything else is sought further outside.
    private func isReachable(_ ip: IPAddress, in network: Int?) -> Bool {
        self.boxOfHost[ip] == network || self.box(for: ip, in: network) != nil
    }

    /// The box in a network through which an address is reached: a NAT that has it, or a firewall before the host.
    private func box(for ip: IPAddress, in network: Int?) -> Int? {
        if let box = self.boxes.firstIndex(where: { $0.address == ip && $0.outside == network }) { return box }
        var box = self.boxOfHost[ip]
        while let found = box, self.boxes[found].address == nil, found != network {
            if self.boxes[found].outside == network { return found }
            box = self.boxes[found].outside
        }
        return nil
    }
}
