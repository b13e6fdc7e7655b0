// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// Finds out what the way from a local address to the Internet does with UDP (RFC 5780).
///
/// All servers are asked at once where they see a first port. The first one that has another address and port (OTHER-ADDRESS)
/// serves for the tests of mapping (§4.3) and filtering (§4.4); without such a server the mappings that several of them see
/// are compared. Whether this host reaches its own mapping (§4.5) can be tried with any server. It ends by itself: after 3 s
/// when nothing answers, after 9 s at most.
///
/// Drain `pollTransmit` after its creation and after each input, then read `nextTimeout`; `isFinished` tells the end.
package struct BehaviorDiscovery: Sendable {
    /// The local addresses and ports to be used, all of one interface.
    package struct Sockets: Hashable, Sendable {
        /// Of which the mapping is examined.
        package let mapping: SocketAddress
        /// Of which the filter is examined: it speaks to nobody but one server.
        package let filtering: SocketAddress
        /// From which this host speaks to its own mapping.
        package let neighbour: SocketAddress

        /// Creates a set of sockets.
        package init(mapping: SocketAddress, filtering: SocketAddress, neighbour: SocketAddress) {
            self.mapping = mapping
            self.filtering = filtering
            self.neighbour = neighbour
        }
    }

    /// The server with which tests are made.
    struct Reference: Hashable {
        let server: SocketAddress
        /// Its other address and port.
        let alternate: SocketAddress?
    }

    let sockets: Sockets
    /// The servers that are asked.
    package let servers: [SocketAddress]
    private(set) var probes: [BehaviorProbe] = []
    private(set) var reference: Reference?
    private var random: RandomSource

    /// The most servers that are asked; others are left out.
    package static let maximumServers = 16

    /// Begins to ask servers, all of the family of the sockets.
    package init(servers: [SocketAddress], sockets: Sockets, random: RandomSource, at now: Instant) {
        self.servers = Array(servers.prefix(Self.maximumServers))
        self.sockets = sockets
        self.random = random
        for server in self.servers {
            self.observe(from: server, at: now)
        }
    }

    /// Whether everything is known that will be.
    package var isFinished: Bool { self.probes.allSatisfy { $0.outcome != .pending } }

    /// When `handleTimeout(at:)` has something to do; nil: never.
    package var nextTimeout: Instant? {
        self.probes.reduce(nil) { earliest($0, $1.nextTimeout) }
    }

    /// Takes a datagram that came to one of the sockets.
    package mutating func handle(
        _ datagram: Span<UInt8>,
        from source: SocketAddress,
        on local: SocketAddress,
        at now: Instant
    ) {
        guard let message = try? STUNMessage(parsing: datagram),
            !message.hasFingerprint || STUNMessage.verifyFingerprint(of: datagram)
        else { return }
        for index in self.probes.indices {
            if self.probes[index].take(message, from: source, on: local, at: now) {
                return self.advance(at: now)
            }
        }
    }

    /// Lets time pass.
    package mutating func handleTimeout(at now: Instant) {
        for index in self.probes.indices {
            self.probes[index].handleTimeout(at: now)
        }
        self.advance(at: now)
    }

    /// Writes the next datagram into an empty buffer and says where it goes; nil when there is nothing to send now.
    package mutating func pollTransmit(into buffer: DatagramBuffer, at now: Instant) -> Transmit? {
        for index in self.probes.indices {
            guard let request = self.probes[index].pollTransmit() else { continue }
            buffer.bytes.append(contentsOf: request)
            return Transmit(
                from: self.probes[index].source,
                to: self.probes[index].destination,
                segmentSize: request.count
            )
        }
        return nil
    }
}

// MARK: - What is asked, and when

extension BehaviorDiscovery {
    /// The probes of a kind.
    func probes(_ purpose: BehaviorProbe.Purpose) -> [BehaviorProbe] {
        self.probes.filter { $0.purpose == purpose }
    }

    private func answer(_ purpose: BehaviorProbe.Purpose) -> BindingAnswer? {
        self.probes(purpose).first?.answer
    }

    private mutating func launch(
        _ purpose: BehaviorProbe.Purpose,
        from source: SocketAddress,
        to destination: SocketAddress,
        at now: Instant
    ) {
        self.probes.append(BehaviorProbe(purpose, from: source, to: destination, random: &self.random, at: now))
    }

    private mutating func observe(from server: SocketAddress, at now: Instant) {
        guard !self.probes(.mapping).contains(where: { $0.destination == server }) else { return }
        self.launch(.mapping, from: self.sockets.mapping, to: server, at: now)
    }

    /// Asks whatever can be asked by now and was not yet.
    private mutating func advance(at now: Instant) {
        if self.reference == nil { self.chooseReference(at: now) }
        guard let reference = self.reference else { return }
        if self.answer(.opening) != nil, self.probes(.filteringOfAddress).isEmpty {
            self.launch(.filteringOfAddress, from: self.sockets.filtering, to: reference.server, at: now)
            self.launch(.filteringOfPort, from: self.sockets.filtering, to: reference.server, at: now)
        }
        let mapped = self.probes(.mapping).first { $0.destination == reference.server }?.answer?.mapped
        if let mapped, let neighbour = self.answer(.neighbour)?.mapped, self.probes(.hairpin).isEmpty,
            mapped != self.sockets.mapping
        {
            // Each opens the other's way in: so do two peers behind one NAT.
            self.launch(.hairpin, from: self.sockets.mapping, to: neighbour, at: now)
            self.launch(.hairpin, from: self.sockets.neighbour, to: mapped, at: now)
        }
    }

    /// Takes the first server that can answer from elsewhere; when it is clear that there is none, one that answers at all.
    private mutating func chooseReference(at now: Instant) {
        let asked = self.probes(.mapping)
        if let able = asked.first(where: { $0.answer?.alternate != nil }) {
            self.begin(Reference(server: able.destination, alternate: able.answer?.alternate), at: now)
        } else if asked.allSatisfy({ $0.outcome != .pending }),
            let answering = asked.first(where: { $0.answer != nil })
        {
            self.begin(Reference(server: answering.destination, alternate: nil), at: now)
        }
    }

    private mutating func begin(_ reference: Reference, at now: Instant) {
        self.reference = reference
        self.launch(.neighbour, from: self.sockets.neighbour, to: reference.server, at: now)
        guard let alternate = reference.alternate else { return }
        self.observe(from: SocketAddress(alternate.ip, port: reference.server.port), at: now)
        self.observe(from: alternate, at: now)
        self.launch(.opening, from: self.sockets.filtering, to: reference.server, at: now)
    }
}
