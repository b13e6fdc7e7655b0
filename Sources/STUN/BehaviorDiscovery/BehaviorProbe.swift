// Part of icetalk.
// SPDX-License-Identifier: Apache-2.0

package import Wire

/// One question of a `BehaviorDiscovery`, from being asked to its outcome.
struct BehaviorProbe {
    /// What it is to find out.
    enum Purpose: Hashable {
        /// Where a server sees the port of which the mapping is examined.
        case mapping
        /// Opens the port of which the filter is examined, towards one address and port alone.
        case opening
        /// Whether an answer from another address and another port gets in.
        case filteringOfAddress
        /// Whether an answer from another port gets in.
        case filteringOfPort
        /// Where a server sees the port that speaks to this host's own mapping.
        case neighbour
        /// Whether this host reaches its own mapping.
        case hairpin

        var change: ChangeRequest? {
            switch self {
            case .filteringOfAddress: [.address, .port]
            case .filteringOfPort: .port
            case .mapping, .opening, .neighbour, .hairpin: nil
            }
        }
    }

    /// What became of it.
    enum Outcome: Hashable {
        /// It waits for an answer.
        case pending
        /// It was answered.
        case answered(BindingAnswer)
        /// It was answered with an error.
        case refused(ErrorCode)
        /// It came in where it should.
        case arrived
        /// No answer came.
        case silent
    }

    let purpose: Purpose
    let source: SocketAddress
    let destination: SocketAddress
    private(set) var outcome = Outcome.pending
    private let startedAt: Instant
    private var transaction: ClientTransaction

    /// Five transmissions within 2.25 s, and 0.75 s for the last answer: with a loss of 20 % in both directions one probe of
    /// 160 fails, and two probes in a row are over before a person loses patience.
    static let schedule = RetransmissionSchedule.unreliable(
        initialTimeout: .milliseconds(150),
        transmissions: 5,
        lastWaitFactor: 5
    )

    init(
        _ purpose: Purpose,
        from source: SocketAddress,
        to destination: SocketAddress,
        random: inout RandomSource,
        at now: Instant
    ) {
        self.purpose = purpose
        self.source = source
        self.destination = destination
        self.startedAt = now
        let id = TransactionID(random: &random)
        let attributes = purpose.change.map { [Attribute.changeRequest($0)] } ?? []
        let request = STUNMessage(.binding, .request, id, attributes: attributes).encoded()
        self.transaction = ClientTransaction(id, request: request, schedule: Self.schedule, at: now)
    }

    /// When something is to be done; nil once there is an outcome.
    var nextTimeout: Instant? { self.outcome == .pending ? self.transaction.nextTimeout : nil }

    /// What it was answered with.
    var answer: BindingAnswer? {
        if case .answered(let answer) = self.outcome { answer } else { nil }
    }

    /// The request when it is to be sent now.
    mutating func pollTransmit() -> [UInt8]? {
        self.outcome == .pending ? self.transaction.pollTransmit() : nil
    }

    mutating func handleTimeout(at now: Instant) {
        guard self.outcome == .pending else { return }
        self.transaction.handleTimeout(at: now)
        if self.transaction.isExpired { self.outcome = .silent }
    }

    /// Takes a message if it is the one that this probe waits for; whether it was.
    mutating func take(
        _ message: STUNMessage,
        from source: SocketAddress,
        on local: SocketAddress,
        at now: Instant
    ) -> Bool {
        guard self.outcome == .pending, message.transactionID == self.transaction.id, message.method == .binding
        else { return false }
        if self.purpose == .hairpin {
            guard message.messageClass == .request, local != self.source else { return false }
            self.outcome = .arrived
            return true
        }
        guard local == self.source, self.purpose.change != nil || source == self.destination else { return false }
        switch message.messageClass {
        case .success:
            guard let mapped = message.mappedAddress else { return false }
            self.outcome = .answered(
                BindingAnswer(
                    time: now - self.startedAt,
                    mapped: mapped,
                    source: source,
                    alternate: message.alternate(of: self.destination),
                    software: message.software
                )
            )
        case .failure:
            guard let error = message.errorCode else { return false }
            self.outcome = .refused(error)
        case .request, .indication:
            return false
        }
        return true
    }
}

/// What a server said of a local port.
package struct BindingAnswer: Hashable, Sendable {
    /// From the first transmission of the request to the answer.
    package let time: Duration
    /// Where the server saw the local port.
    package let mapped: SocketAddress
    /// From where the answer came.
    let source: SocketAddress
    /// Its other address and port, if it has them and says so.
    package let alternate: SocketAddress?
    /// What the server calls itself; for people only after `SafeText`.
    package let software: String?
}

extension STUNMessage {
    /// OTHER-ADDRESS of a server that was asked at `server`, where it is of use (RFC 5780 §7.4).
    ///
    /// Both address and port must differ. A server that stands behind a NAT of its own gives itself away by
    /// RESPONSE-ORIGIN: it does not know its addresses, and the other one is worth nothing either.
    fileprivate func alternate(of server: SocketAddress) -> SocketAddress? {
        guard let other = self.otherAddress, self.responseOrigin.map({ $0 == server }) ?? true else { return nil }
        let ip = other.ip
        guard ip.isIPv4 == server.ip.isIPv4, ip != server.ip, other.port != server.port, other.port != 0,
            !ip.isUnspecified, !ip.isMulticast, !ip.isLinkLocal, !ip.isLoopback || server.ip.isLoopback
        else { return nil }
        return other
    }
}
