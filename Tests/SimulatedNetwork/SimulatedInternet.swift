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

/// Hosts, NATs, firewalls and links in virtual time: what is sent comes out later, elsewhere, or never, as a seed
/// decides.
package struct SimulatedInternet {
    /// One direction between two hosts, or a host and a NAT it stands outside of.
    private struct Way: Hashable {
        var from: IPAddress
        var to: IPAddress
    }

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

    var random: RandomSource
    private var flights: [Flight] = []
    private var order: UInt64 = 0
    /// NATs and firewalls.
    var boxes: [NATBox] = []
    /// Behind which box a host is; none for a host of the Internet.
    var boxOfHost: [IPAddress: Int] = [:]
    private var busyUntil: [IPAddress: Instant] = [:]
    private var lastArrival: [Way: Instant] = [:]
    private var links: [IPAddress: Link] = [:]
    private var cuts: Set<Way> = []

    /// Creates an empty Internet.
    package init(seed: UInt64, link: Link = Link()) {
        self.random = .seeded(seed)
        self.link = link
    }

    /// Puts a NAT box at an address of the Internet, or of the network behind another box, and returns its number.
    package mutating func addNAT(at address: IPAddress, _ behaviour: NATBehaviour, behind outside: Int? = nil) -> Int {
        self.boxes.append(NATBox(address: address, behaviour: behaviour, outside: outside))
        return self.boxes.count - 1
    }

    /// Puts a firewall at the edge of the Internet and returns its number.
    package mutating func addFirewall(_ behaviour: NATBehaviour) -> Int {
        self.boxes.append(NATBox(address: nil, behaviour: behaviour, outside: nil))
        return self.boxes.count - 1
    }

    /// Puts a host behind a box.
    package mutating func place(_ host: IPAddress, behind box: Int) {
        self.boxOfHost[host] = box
    }

    /// Keeps the hosts behind a box from reaching each other by their own addresses.
    package mutating func isolate(behind box: Int) {
        self.boxes[box].isolates = true
    }

    /// Lets a box forget all mappings, as one that is restarted does; new ones get other ports.
    package mutating func restartNAT(_ box: Int) {
        self.boxes[box].forget()
    }

    /// Gives a host a link of its own, which its datagrams take in both directions.
    package mutating func setLink(_ link: Link, of host: IPAddress) {
        self.links[host] = link
    }

    /// Loses every datagram between two addresses, NATs seen from inside, until `mend`.
    package mutating func cut(_ first: IPAddress, _ second: IPAddress) {
        self.cuts.insert(Way(from: first, to: second))
        self.cuts.insert(Way(from: second, to: first))
    }

    /// Undoes `cut`.
    package mutating func mend(_ first: IPAddress, _ second: IPAddress) {
        self.cuts.remove(Way(from: first, to: second))
        self.cuts.remove(Way(from: second, to: first))
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
        guard let datagram = self.route(bytes, from: source, to: destination, at: now) else {
            self.dropped += 1
            return
        }
        let way = Way(from: source.ip, to: datagram.destination.ip)
        let link = self.links[way.from] ?? self.links[way.to] ?? self.link
        guard !self.cuts.contains(way), bytes.count + 8 <= link.mtu, self.chance() >= link.loss,
            let start = self.serialise(bytes.count + 28, from: source.ip, over: link, at: now)
        else {
            self.dropped += 1
            return
        }
        self.launch(datagram, on: way, over: link, at: start)
        if self.chance() < link.duplication { self.launch(datagram, on: way, over: link, at: start) }
    }
}

extension SimulatedInternet {
    /// When the last bit has left the host; nil when its queue is full.
    private mutating func serialise(_ size: Int, from host: IPAddress, over link: Link, at now: Instant) -> Instant? {
        guard let rate = link.rate else { return now }
        let free = max(self.busyUntil[host] ?? now, now)
        let waiting = free.nanoseconds(since: now) * rate / 8_000_000_000
        guard waiting + UInt64(size) <= UInt64(link.queue) else { return nil }
        let done = free.advanced(byNanoseconds: UInt64(size) * 8_000_000_000 / rate)
        self.busyUntil[host] = done
        return done
    }

    private mutating func launch(_ datagram: SimulatedDatagram, on way: Way, over link: Link, at start: Instant) {
        var arrival = start + link.delay
        let jitter = link.jitter.wholeNanoseconds
        if jitter > 0 { arrival = arrival.advanced(byNanoseconds: self.random.next() % jitter) }
        if self.chance() < link.reordering {
            arrival = arrival.advanced(byNanoseconds: self.random.next() % max(1, 3 * link.delay.wholeNanoseconds))
        } else {
            arrival = max(arrival, self.lastArrival[way] ?? arrival)
            self.lastArrival[way] = arrival
        }
        self.order += 1
        self.push(Flight(arrival: arrival, order: self.order, datagram: datagram))
    }

    private mutating func chance() -> Double {
        Double(self.random.next() >> 11) / Double(1 << 53)
    }

    private mutating func digest(_ flight: Flight) {
        var digest = self.traceDigest
        func take(_ word: UInt64) { digest = (digest ^ word) &* 0x100_0000_01B3 }
        take(flight.arrival.nanoseconds)
        take(UInt64(flight.datagram.source.port) << 16 | UInt64(flight.datagram.destination.port))
        for byte in flight.datagram.bytes {
            take(UInt64(byte))
        }
        self.traceDigest = digest
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
            var least = index
            for child in 2 * index + 1...2 * index + 2
            where child < self.flights.count && self.isBefore(child, least) {
                least = child
            }
            guard least != index else { return }
            self.flights.swapAt(index, least)
            index = least
        }
    }
}
