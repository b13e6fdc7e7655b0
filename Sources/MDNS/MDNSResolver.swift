// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// What multicast DNS agrees on (RFC 6762 §3, §11).
package enum MDNSGroup {
    /// Where queries and responses go over IPv4.
    package static let ipv4 = SocketAddress(.v4(0xE000_00FB), port: Self.port)
    /// Where queries and responses go over IPv6.
    package static let ipv6 = SocketAddress(.v6(high: 0xFF02 << 48, low: 0xFB), port: Self.port)
    /// The port of the group; what comes from another one is a legacy query, and never a response.
    package static let port: UInt16 = 5353
}

/// Asks for the addresses of hosts under `local`, sans-IO (RFC 6762 §5).
///
/// The owner sends what it polls to the group on every link, and hands in what came from there and nothing else: the
/// group is never reached from another link (RFC 6762 §11). After every mutation drain `pollTransmit` and `pollEvent`,
/// then read `nextTimeout`.
package struct MDNSResolver: Sendable {
    /// What became of a name.
    package enum Event: Hashable, Sendable {
        /// The name has this address; it may have others.
        case found(DNSName, IPAddress)
        /// Nobody told an address in time, or there is none.
        case notFound(DNSName)
    }

    /// A name that is asked for.
    private struct Search: Sendable {
        let name: DNSName
        /// The types that nothing was told of so far.
        var missing: [DNSType] = [.a, .aaaa]
        var found: [IPAddress] = []
        var attempts = 0
        var nextAttempt: Instant
    }

    /// Names that are asked for at a time; a description has no more candidates.
    package static let maximumNames = 64
    /// Addresses that are taken for a name.
    package static let maximumAddresses = 8
    /// The time after each attempt, in nanoseconds; RFC 6762 §5.2 lets the first one be a second and each one double.
    private static let intervals: [UInt64] = [1_000_000_000, 2_000_000_000, 2_000_000_000]
    /// Bytes of questions in a message, so that it fits into every packet.
    private static let querySize = 1_000

    private var searches: [Search] = []
    private var transmits: [[UInt8]] = []
    private var events: [Event] = []

    /// Creates a resolver that asks for nothing.
    package init() {}

    /// Begins to ask for a name; a timeout that is due now sends the questions, of several names in one message.
    ///
    /// Of a name that is asked for already it is told again what was found. One name too many is not found.
    package mutating func search(for name: DNSName, at now: Instant) {
        if let search = self.searches.first(where: { $0.name == name }) {
            self.events += search.found.map { .found(search.name, $0) }
            return
        }
        guard self.searches.count < Self.maximumNames else {
            self.events.append(.notFound(name))
            return
        }
        self.searches.append(Search(name: name, nextAttempt: now))
    }

    /// Takes what came to the group; queries, and responses of nobody on the port of the group, do nothing.
    package mutating func handle(_ message: DNSMessage, from source: SocketAddress) {
        // RFC 6762 §6: a response from another port must be ignored.
        guard message.isResponse, source.port == MDNSGroup.port else { return }
        for record in message.answers + message.additionals where record.timeToLive > 0 {
            guard let index = self.searches.firstIndex(where: { $0.name == record.name }) else { continue }
            self.take(record, at: index)
        }
    }

    private mutating func take(_ record: DNSRecord, at index: Int) {
        switch record.content {
        case .address(let ip):
            self.searches[index].missing.removeAll { $0 == record.type }
            let found = self.searches[index].found
            if found.count < Self.maximumAddresses, !found.contains(ip) {
                self.searches[index].found.append(ip)
                self.events.append(.found(self.searches[index].name, ip))
            }
        case .existence(let types):
            self.searches[index].missing.removeAll { !types.contains($0) }
        }
        guard self.searches[index].missing.isEmpty else { return }
        self.end(self.searches.remove(at: index))
    }

    private mutating func end(_ search: Search) {
        if search.found.isEmpty { self.events.append(.notFound(search.name)) }
    }

    /// Lets time pass.
    package mutating func handleTimeout(at now: Instant) {
        let over = self.searches.filter { $0.attempts == Self.intervals.count && $0.nextAttempt <= now }
        self.searches.removeAll { search in over.contains { $0.name == search.name } }
        for search in over { self.end(search) }
        self.ask(at: now)
    }

    /// Asks for what is due.
    private mutating func ask(at now: Instant) {
        var query = DNSMessage(isResponse: false)
        var size = 0
        for index in self.searches.indices where self.searches[index].nextAttempt <= now {
            let search = self.searches[index]
            self.searches[index].nextAttempt = now.advanced(byNanoseconds: Self.intervals[search.attempts])
            self.searches[index].attempts += 1
            // The second question refers to the name in the first.
            let length = search.name.length + 12
            if size + length > Self.querySize, size > 0 {
                self.transmits.append(query.encoded)
                query.questions = []
                size = 0
            }
            query.questions += search.missing.map { DNSQuestion(search.name, $0) }
            size += length
        }
        if size > 0 { self.transmits.append(query.encoded) }
    }

    /// The next query for the group on every link; nil when there is none now.
    package mutating func pollTransmit() -> [UInt8]? {
        self.transmits.isEmpty ? nil : self.transmits.removeFirst()
    }

    /// The next thing to know; nil when there is none now.
    package mutating func pollEvent() -> Event? {
        self.events.isEmpty ? nil : self.events.removeFirst()
    }

    /// When `handleTimeout(at:)` must be called; nil: not before a name is searched for.
    package var nextTimeout: Instant? { self.searches.map(\.nextAttempt).min() }
}
