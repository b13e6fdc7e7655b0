// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// Tells the addresses of this host on one link to those who ask for their names, sans-IO (RFC 6762 §6, §8.3, §10.1).
///
/// The names are random, so that nobody else has them and there is nothing to probe for (§8.1). After every mutation
/// drain `pollTransmit`, then read `nextTimeout`.
package struct MDNSResponder: Sendable {
    /// A message to send on the link.
    package struct Transmit: Hashable, Sendable {
        /// The message.
        package let bytes: [UInt8]
        /// Where it goes; nil is the group, over each family that the link has.
        package let destination: SocketAddress?
    }

    /// A name and its address.
    private struct Entry: Sendable {
        let name: DNSName
        let ip: IPAddress
        /// When the group is told of it.
        var due: Instant?
        /// When the group was told of it last.
        var told: Instant?
        /// How often it is told once more without being asked for.
        var announcementsLeft = 1

        /// Whether a type of question is about its address.
        func answers(_ type: DNSType) -> Bool { type == DNSType(of: self.ip) || type == .any }
    }

    /// Names on a link: as many as it has addresses that are used.
    package static let maximumNames = 32
    /// Names in a message, so that it fits into every packet.
    private static let namesPerMessage = 8
    /// Unicast answers that wait to be polled.
    private static let maximumReplies = 16
    /// RFC 6762 §10: seconds for which a host's address may be remembered.
    private static let timeToLive: UInt32 = 120
    /// RFC 6762 §6.7: the same for those who do not know multicast DNS.
    private static let legacyTimeToLive: UInt32 = 10
    /// RFC 6762 §6 and §8.3: the least time between two messages to the group about a name, in nanoseconds.
    private static let groupInterval: UInt64 = 1_000_000_000
    /// A question that comes so soon after an answer crossed it, or came over the other family before, in nanoseconds;
    /// whoever lost the answer asks again after a second.
    private static let crossingTime: UInt64 = 100_000_000
    /// RFC 6762 §5.4: the group is told of it again after a quarter of its time, even if unicast would do.
    private static let refreshInterval = UInt64(Self.timeToLive) / 4 * 1_000_000_000

    private var entries: [Entry] = []
    private var replies: [Transmit] = []

    /// Creates a responder without names.
    package init() {}

    /// Whether it has no names.
    package var isEmpty: Bool { self.entries.isEmpty }

    /// Announces that an address has a name, and answers for it from now on; one name too many is ignored.
    package mutating func publish(_ ip: IPAddress, as name: DNSName, at now: Instant) {
        guard self.entries.count < Self.maximumNames else { return }
        self.entries.append(Entry(name: name, ip: ip.withoutScope, due: now))
    }

    /// Takes the name of an address back (RFC 6762 §10.1).
    package mutating func withdraw(_ ip: IPAddress) {
        let gone = self.entries.filter { $0.ip == ip.withoutScope }
        guard !gone.isEmpty else { return }
        self.entries.removeAll { $0.ip == ip.withoutScope }
        self.sayGoodbye(to: gone)
    }

    /// Takes all names back.
    package mutating func withdrawAll() {
        let gone = self.entries
        self.entries = []
        for start in stride(from: 0, to: gone.count, by: Self.namesPerMessage) {
            self.sayGoodbye(to: gone[start...].prefix(Self.namesPerMessage))
        }
    }

    private mutating func sayGoodbye(to entries: some Sequence<Entry>) {
        var goodbye = DNSMessage(isResponse: true)
        goodbye.answers = entries.map { DNSRecord($0.name, .address($0.ip), timeToLive: 0) }
        self.reply(goodbye, to: nil)
    }

    /// Takes what came to the group on the link; responses do nothing.
    package mutating func handle(_ query: DNSMessage, from source: SocketAddress, at now: Instant) {
        guard !query.isResponse, !source.ip.isMulticast, !source.ip.isUnspecified, source.port != 0 else { return }
        var unicast: [Int] = []
        for index in self.entries.indices where unicast.count < Self.namesPerMessage {
            let questions = query.questions.filter { self.isToAnswer($0, of: query, for: self.entries[index]) }
            guard !questions.isEmpty else { continue }
            if source.port != MDNSGroup.port || self.isUnicastEnough(questions, for: self.entries[index], at: now) {
                unicast.append(index)
            } else {
                self.schedule(index, at: now)
            }
        }
        guard !unicast.isEmpty else { return }
        self.answer(query, with: unicast.map { self.entries[$0] }, to: source)
    }

    /// Whether a question is about a name and its answer not among those that are known already (RFC 6762 §7.1).
    private func isToAnswer(_ question: DNSQuestion, of query: DNSMessage, for entry: Entry) -> Bool {
        guard question.name == entry.name else { return false }
        // Any other type is answered, too: with the assertion that there is none (§6.1).
        guard entry.answers(question.type) else { return question.type == .a || question.type == .aaaa }
        return !query.answers.contains {
            $0.name == entry.name && $0.content == .address(entry.ip) && $0.timeToLive >= Self.timeToLive / 2
        }
    }

    private func isUnicastEnough(_ questions: [DNSQuestion], for entry: Entry, at now: Instant) -> Bool {
        guard questions.allSatisfy(\.wantsUnicast), let told = entry.told else { return false }
        return now.nanoseconds(since: told) < Self.refreshInterval
    }

    private mutating func schedule(_ index: Int, at now: Instant) {
        var earliest = now
        if let told = self.entries[index].told {
            guard now.nanoseconds(since: told) >= Self.crossingTime else { return }
            earliest = max(now, told.advanced(byNanoseconds: Self.groupInterval))
        }
        self.entries[index].due = min(self.entries[index].due ?? earliest, earliest)
    }

    private mutating func answer(_ query: DNSMessage, with entries: [Entry], to source: SocketAddress) {
        let isLegacy = source.port != MDNSGroup.port
        var response = Self.response(about: entries, isLegacy: isLegacy)
        if isLegacy {
            response.identifier = query.identifier
            response.questions = query.questions.filter { question in entries.contains { $0.name == question.name } }
                .map { DNSQuestion($0.name, $0.type) }
        }
        self.reply(response, to: source)
    }

    private mutating func reply(_ message: DNSMessage, to destination: SocketAddress?) {
        guard self.replies.count < Self.maximumReplies else { return }
        self.replies.append(Transmit(bytes: message.encoded, destination: destination))
    }

    /// Addresses, and beside them that there are no others (RFC 6762 §6.1).
    private static func response(about entries: [Entry], isLegacy: Bool = false) -> DNSMessage {
        let timeToLive = isLegacy ? Self.legacyTimeToLive : Self.timeToLive
        var response = DNSMessage(isResponse: true)
        for entry in entries {
            let contents: [DNSRecord.Content] = [.address(entry.ip), .existence([DNSType(of: entry.ip)])]
            let records = contents.map {
                DNSRecord(entry.name, $0, timeToLive: timeToLive, flushesCache: !isLegacy)
            }
            response.answers.append(records[0])
            response.additionals.append(records[1])
        }
        return response
    }

    /// The next message; nil when there is none now.
    package mutating func pollTransmit(at now: Instant) -> Transmit? {
        if !self.replies.isEmpty { return self.replies.removeFirst() }
        let due = self.entries.indices.filter { self.entries[$0].due.map { $0 <= now } ?? false }
            .prefix(Self.namesPerMessage)
        guard !due.isEmpty else { return nil }
        for index in due {
            let again = self.entries[index].announcementsLeft > 0
            self.entries[index].told = now
            self.entries[index].due = again ? now.advanced(byNanoseconds: Self.groupInterval) : nil
            self.entries[index].announcementsLeft -= again ? 1 : 0
        }
        return Transmit(bytes: Self.response(about: due.map { self.entries[$0] }).encoded, destination: nil)
    }

    /// When `pollTransmit(at:)` has something to send; nil: after the next input at the earliest.
    package var nextTimeout: Instant? { self.entries.compactMap(\.due).min() }
}
