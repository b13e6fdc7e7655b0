// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// A datagram in the simulated Internet, as its receiver sees it.
package struct SimulatedDatagram: Sendable {
    /// The source, after the NATs in between.
    package var source: SocketAddress
    /// The destination: the receiver's own address.
    package var destination: SocketAddress
    /// The payload of UDP.
    package var bytes: [UInt8]
}

/// Hosts, NATs and one link in virtual time: what is sent comes out later, elsewhere, or never, as a seed decides.
package struct SimulatedInternet {
    private struct Flight {
        var arrival: Instant
        var order: UInt64
        var datagram: SimulatedDatagram
    }

    /// What happens to datagrams on their way; may change while they fly.
    package var link: Link
    /// A digest over every datagram and its arrival: equal for two runs of one seed.
    package private(set) var traceDigest: UInt64 = 0xCBF2_9CE4_8422_2325
    /// Datagrams that were sent.
    package private(set) var sent = 0
    /// Datagrams that were lost, filtered or dropped from a queue.
    package private(set) var dropped = 0

    private var random: RandomSource
    private var flights: [Flight] = []
    private var order: UInt64 = 0
    private var boxes: [NATBox] = []
    private var boxOfHost: [IPAddress: Int] = [:]
    private var busyUntil: [IPAddress: Instant] = [:]
    private var lastArrival: [IPAddress: Instant] = [:]

    /// Creates an empty Internet.
    package init(seed: UInt64, link: Link = Link()) {
        self.random = .seeded(seed)
        self.link = link
    }

    /// Puts a NAT box at a public address and returns its number.
    package mutating func addNAT(at address: IPAddress, _ behaviour: NATBehaviour) -> Int {
        self.boxes.append(NATBox(address: address, behaviour: behaviour))
        return self.boxes.count - 1
    }

    /// Puts a host behind a NAT box.
    package mutating func place(_ host: IPAddress, behind box: Int) {
        self.boxOfHost[host] = box
    }

    /// When the next datagram arrives; nil while nothing is on its way.
    package var nextArrival: Instant? { self.flights.first?.arrival }

    /// Takes the next datagram that has arrived by `now`.
    package mutating func receive(at now: Instant) -> SimulatedDatagram? {
        guard let first = self.flights.first, first.arrival <= now else { return nil }
        self.popFirst()
        self.digest(first)
        return first.datagram
    }

    /// Sends a datagram from one of the hosts.
    package mutating func send(
        _ bytes: [UInt8],
        from source: SocketAddress,
        to destination: SocketAddress,
        at now: Instant
    ) {
        self.sent += 1
        guard let datagram = self.route(bytes, from: source, to: destination, at: now), bytes.count + 8 <= self.link.mtu,
            self.chance() >= self.link.loss, let start = self.serialise(bytes.count + 28, from: source.ip, at: now)
        else {
            self.dropped += 1
            return
        }
        self.launch(datagram, at: start)
        if self.chance() < self.link.duplication { self.launch(datagram, at: start) }
    }
}

extension SimulatedInternet {
    /// Translates source and destination; nil when a NAT refuses.
    private mutating func route(
        _ bytes: [UInt8],
        from source: SocketAddress,
        to destination: SocketAddress,
        at now: Instant
    ) -> SimulatedDatagram? {
        let sender = self.boxOfHost[source.ip]
        if let sender, self.boxOfHost[destination.ip] == sender {
            return SimulatedDatagram(source: source, destination: destination, bytes: bytes)
        }
        var outer = source
        if let sender { outer = self.boxes[sender].outgoing(from: source, to: destination, at: now) }
        if let receiver = self.boxes.firstIndex(where: { $0.address == destination.ip }) {
            guard receiver != sender || self.boxes[receiver].behaviour.hairpinning,
                let inner = self.boxes[receiver].incoming(to: destination.port, from: outer, at: now)
            else { return nil }
            return SimulatedDatagram(source: outer, destination: inner, bytes: bytes)
        }
        guard self.boxOfHost[destination.ip] == nil else { return nil }
        return SimulatedDatagram(source: outer, destination: destination, bytes: bytes)
    }

    /// When the last bit has left the host; nil when its queue is full.
    private mutating func serialise(_ size: Int, from host: IPAddress, at now: Instant) -> Instant? {
        guard let rate = self.link.rate else { return now }
        let free = max(self.busyUntil[host] ?? now, now)
        let waiting = free.nanoseconds(since: now) * rate / 8_000_000_000
        guard waiting + UInt64(size) <= UInt64(self.link.queue) else { return nil }
        let done = free.advanced(byNanoseconds: UInt64(size) * 8_000_000_000 / rate)
        self.busyUntil[host] = done
        return done
    }

    private mutating func launch(_ datagram: SimulatedDatagram, at start: Instant) {
        var arrival = start + self.link.delay
        let jitter = self.link.jitter.wholeNanoseconds
        if jitter > 0 { arrival = arrival.advanced(byNanoseconds: self.random.next() % jitter) }
        if self.chance() < self.link.reordering {
            arrival = arrival.advanced(byNanoseconds: self.random.next() % max(1, 3 * self.link.delay.wholeNanoseconds))
        } else {
            arrival = max(arrival, self.lastArrival[datagram.destination.ip] ?? arrival)
            self.lastArrival[datagram.destination.ip] = arrival
        }
        self.order += 1
        self.push(Flight(arrival: arrival, order: self.order, datagram: datagram))
    }

    private mutating func chance() -> Double {
        Double(self.random.next() >> 11) / Double(1 << 53)
    }

    private mutating func digest(_ flight: Flight) {
        var digest = self.traceDigest
        for byte in flight.datagram.bytes {
            digest = (digest ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        self.traceDigest = (digest ^ flight.arrival.nanoseconds) &* 0x100_0000_01B3
    }
}

extension SimulatedInternet {
    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        let (first, second) = (self.flights[left], self.flights[right])
        return first.arrival != second.arrival ? first.arrival < second.arrival : first.order < second.order
    }

    /// Adds to the binary heap of flights.
    private mutating func push(_ flight: Flight) {
        self.flights.append(flight)
        var index = self.flights.count - 1
        while index > 0, self.isBefore(index, (index - 1) / 2) {
            self.flights.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func popFirst() {
        self.flights.swapAt(0, self.flights.count - 1)
        self.flights.removeLast()
        var index = 0
        while true {
            let children = [2 * index + 1, 2 * index + 2].filter { $0 < self.flights.count }
            guard let least = children.min(by: { self.isBefore($0, $1) }), self.isBefore(least, index) else { return }
            self.flights.swapAt(index, least)
            index = least
        }
    }
}
